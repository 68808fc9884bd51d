"""What the service does in a second, what a command costs it, and how near that is to what Kafka would allow."""
