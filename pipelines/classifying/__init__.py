"""One-shot use: pictures, folders and videos answered by a registered version, without any service."""
