"""States in the form in which snapshots have them."""

from __future__ import annotations

from typing import Any

from service.audit.records import Json


def tagged(aggregate: str, state: Json) -> list[Any]:
    """A state by its name and fields, as a snapshot has it."""
    if aggregate == "user":
        account = {"username": state["username"], "balance": state["balance"]}
        return ["Deleted", {}] if state["deleted"] else ["Active", account]
    name, aboard = {"name": state["name"]}, {"cargo": state["cargo"]}
    if state["status"] == "registered":
        return ["Registered", name]
    if state["status"] == "docked":
        return ["Docked", name | aboard | {"port": state["current_port"]}]
    return ["AtSea", name | aboard]
