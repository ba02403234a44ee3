"""Cats and dogs: modelled from balls, given a coat, and painted."""
