"""Users' accounts as they are; names stay sealed."""

from __future__ import annotations

from collections.abc import Iterable

from service.projections.projection import Add, Change, Projection, Upsert, View
from service.projections.stored import Source, Stored

TABLES = """
CREATE TABLE accounts (
    user_id text PRIMARY KEY,
    username jsonb,
    balance bigint NOT NULL DEFAULT 0,
    version bigint NOT NULL DEFAULT 0,
    deleted boolean NOT NULL DEFAULT false
);
"""

ACCOUNTS = "SELECT user_id, username, balance, version, deleted FROM accounts"


def project(event: Stored) -> Iterable[Change]:
    """What an event does to a user's row."""
    key = {"user_id": event.entity_id}
    data = event.data
    match event.type:
        case "UserCreated":
            return [
                Upsert("accounts", key, {"username": data["username"], "version": event.version}),
                Add("accounts", key, {"balance": data["balance"]}),
            ]
        case "UserBalanceChanged":
            return [
                Upsert("accounts", key, {"version": event.version}),
                Add("accounts", key, {"balance": data["balance_change"]}),
            ]
        case "UserDeleted":
            return [Upsert("accounts", key, {"deleted": True, "version": event.version})]
        case unknown:
            raise ValueError(f"Unknown event: {unknown}")


VIEWS = {"accounts": View(ACCOUNTS, ("user_id",))}

PROJECTION = Projection("accounts", 1, (Source("user", "events"),), TABLES, VIEWS, project)
