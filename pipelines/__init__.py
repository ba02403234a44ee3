"""WHAT happens to data and models. Plain functions: no scheduler, no stream, no page."""
