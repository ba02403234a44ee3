"""Invented cartoon characters, in ink and flat colours."""
