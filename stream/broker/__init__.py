"""The broker: an embedded Kafka without Docker, and the topics."""
