"""HTTP ingest: cameras that push their pictures instead of being read."""
