"""The client's own Kafka: nothing else of the contracts speaks to it."""
