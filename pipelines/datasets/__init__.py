"""Pictures on disk: layouts in, a dataset version out."""
