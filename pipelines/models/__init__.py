"""Architectures, one module each; preprocessing is inside the model."""
