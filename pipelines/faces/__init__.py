"""People: faces found, aligned, embedded and told apart."""
