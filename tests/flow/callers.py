"""The client of other services and its twin, the twin with the service's own rules."""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.bounds import Message
from fairlead.outgoing import aggregate_of
from fairlead.testing import InMemoryClient, Refused
from service.domain import AGGREGATES
from service.domain.aggregate import Rejected


def rules(command: Message, entity_id: str, history: Sequence[Message]) -> Sequence[Message]:
    """What the service would decide."""
    aggregate = AGGREGATES[aggregate_of(command)[0]]
    try:
        return aggregate.decide(command, aggregate.fold(aggregate.initial, history), entity_id)
    except Rejected as rejected:
        raise Refused(rejected.code, rejected.message) from rejected


def in_memory() -> InMemoryClient:
    """A client that is answered as by the service."""
    return InMemoryClient(rules)
