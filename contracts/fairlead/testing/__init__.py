"""A client without Kafka, for the tests of those who use one: they see what was sent, and say what becomes of it."""

from fairlead.testing.answers import Answer, Busy, Failed, NotPrepared, Refused, Rule, Unanswered
from fairlead.testing.client import InMemoryClient, Sent

__all__ = ["Answer", "Busy", "Failed", "InMemoryClient", "NotPrepared", "Refused", "Rule", "Sent", "Unanswered"]
