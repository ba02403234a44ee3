"""Sources: what a camera's pictures come from, one module a kind."""
