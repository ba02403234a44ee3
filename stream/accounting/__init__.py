"""Where every frame is: the ledger in the store, reconciled with Kafka's offsets."""
