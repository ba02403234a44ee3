"""Invented cars, from the side."""
