"""A user's account as a dict, by the table of rules in the contract."""

from __future__ import annotations

from service.audit.contract import LIMIT
from service.audit.records import Json
from service.audit.ship import Refusal


def decide(type_: str, data: Json, user: Json | None, user_id: str) -> tuple[str, Json]:
    """The event of a command; raises Refusal."""
    if user is not None and user["deleted"]:
        raise Refusal("gone", f"User with ID {user_id} was deleted")
    if type_ == "create_user":
        if user is not None:
            raise Refusal("already_exists", f"User with ID {user_id} already exists")
        return "UserCreated", {"username": data["username"], "balance": data["balance"]}
    if user is None:
        raise Refusal("not_found", f"User with ID {user_id} not found")
    if type_ == "delete_user":
        return "UserDeleted", {}
    balance = user["balance"] + data["balance_change"]
    if balance < 0:
        raise Refusal("insufficient_balance", "Insufficient balance")
    if balance > LIMIT:
        raise Refusal("out_of_range", "balance would leave its range")
    return "UserBalanceChanged", {"balance_change": data["balance_change"]}


def apply(type_: str, data: Json, user: Json | None) -> Json:
    """The account after an event that was decided for it; the account itself is left as it was."""
    if user is None:
        return {"username": data["username"], "balance": data["balance"], "deleted": False}
    if type_ == "UserDeleted":
        return {**user, "deleted": True}
    return {**user, "balance": user["balance"] + data["balance_change"]}


def as_command(type_: str, data: Json) -> tuple[str, Json]:
    """The command that an imported event would have come from."""
    commands = {"UserCreated": "create_user", "UserBalanceChanged": "change_balance", "UserDeleted": "delete_user"}
    return commands[type_], data
