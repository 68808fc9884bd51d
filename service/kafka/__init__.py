"""Everything that speaks to Kafka; the only folder that imports aiokafka."""

from service.kafka import bare, lenient

# Before any consumer is made, wherever in this folder.
lenient.install()
bare.install()
