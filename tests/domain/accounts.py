"""An account with a few commands, for rules that hold of every command."""

from __future__ import annotations

from typing import Any

from service.domain import AGGREGATES
from tests.domain.partition import Partition, entity_id, envelope

USER, OTHER = entity_id(1), entity_id(2)
CREATE = envelope("create_user", USER, {"username": "test_user", "balance": 100})
ADD = envelope("change_balance", USER, {"balance_change": 10})
DELETE = envelope("delete_user", USER, {})
TOO_MUCH = envelope("change_balance", USER, {"balance_change": -1_000})


def users() -> Partition:
    return Partition(AGGREGATES["user"])


def opened() -> Partition:
    partition = users()
    partition.ask(CREATE)
    return partition


def outcome(reply: Any) -> tuple[str, str | None, bool]:
    return reply["data"]["status"], reply["data"]["code"], reply["data"]["duplicate"]
