"""Fitting networks to prepared pictures: from nothing, from a pretrained trunk, or only the tail of one."""
