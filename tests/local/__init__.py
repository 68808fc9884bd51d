"""Setting up, and a Kafka and PostgreSQL of one's own: what holds when the machine or the caller is unkind."""
