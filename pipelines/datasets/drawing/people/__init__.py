"""Invented people: a turned head, lit, with features, hair and clothes on it."""
