"""Layouts of picture folders, one module each; `recognition` lists them and chooses."""
