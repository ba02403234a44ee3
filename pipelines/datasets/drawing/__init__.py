"""Invented cars on a canvas: their shapes, how they are painted, and the streets they stand in."""
