"""Checks that need numbers alone; `prepare` makes them."""
