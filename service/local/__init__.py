"""A Kafka and a PostgreSQL of one's own, and the whole service on them, for `fairlead up`, the demo and the tests."""
