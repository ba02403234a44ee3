"""Layouts of picture folders, one module each."""
