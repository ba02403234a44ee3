"""Kept frames: which pictures stay after they were answered, where, and for how long."""
