"""Everything that speaks to Kafka; the only folder that imports aiokafka."""
