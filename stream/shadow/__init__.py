"""Challengers: versions that answer the same frames beside production, on spare time, and how they are judged."""
