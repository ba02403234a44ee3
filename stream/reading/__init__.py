"""How frames leave Kafka: the Faust app, its consumer, what is in flight and what is too old."""
