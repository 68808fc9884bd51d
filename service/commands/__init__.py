"""Stage 1: a batch of commands becomes events, replies and dead letters; no I/O, no clock, no Kafka."""
