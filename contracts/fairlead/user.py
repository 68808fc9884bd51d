"""What can be asked of a user's account and what can have happened to it.

These names and fields are the storage format: they stay for ever.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from fairlead.bounds import Balance, BalanceChange, Message, Sealed, Text, UserId
from fairlead.control import common_commands


class CreateUser(Message):
    """Open an account."""

    username: Text = Field(examples=["test_user"])
    balance: Balance = Field(examples=[1_000])


class ChangeBalance(Message):
    """Add to the balance, or take from it."""

    balance_change: BalanceChange = Field(examples=[-250])


class DeleteUser(Message):
    """Close the account for ever."""


class UserCreated(Message):
    """An account was opened; on the topic the name is always sealed."""

    username: Text | Sealed = Field(examples=["test_user"])
    balance: Balance = Field(examples=[1_000])


class UserBalanceChanged(Message):
    """The balance changed by this much."""

    balance_change: BalanceChange = Field(examples=[-250])


class UserDeleted(Message):
    """The account was closed."""


def _unsealed(event: UserCreated) -> UserCreated:
    if isinstance(event.username, Sealed):
        raise ValueError("username must be plain text in a command")  # noqa: TRY004  # pydantic makes a fault of it
    return event


EVENTS: dict[str, type[Message]] = {
    "UserCreated": UserCreated,
    "UserBalanceChanged": UserBalanceChanged,
    "UserDeleted": UserDeleted,
}

COMMANDS: dict[str, type[Message]] = {
    "create_user": CreateUser,
    "change_balance": ChangeBalance,
    "delete_user": DeleteUser,
    **common_commands({**EVENTS, "UserCreated": Annotated[UserCreated, AfterValidator(_unsealed)]}),
}

ENTITY_ID = UserId

# Event fields that tell who a person is: encrypted per user wherever the event is written.
PERSONAL: dict[str, tuple[str, ...]] = {"UserCreated": ("username",)}
