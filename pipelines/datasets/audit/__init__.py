"""What is wrong with a dataset, found before a model learns it: small plain checks and the findings that they make."""
