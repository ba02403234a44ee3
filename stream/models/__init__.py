"""Model versions in a running worker: found by alias, copied, tried, swapped."""
