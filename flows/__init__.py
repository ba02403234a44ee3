"""WHEN and in which order: Prefect flows around the functions of `pipelines`."""
