"""The rules of a user's account: its balance never falls below zero, and a deleted id is never used again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from fairlead import user
from fairlead.bounds import MAX_INTEGER, Sealed
from fairlead.user import ChangeBalance, CreateUser, DeleteUser, UserBalanceChanged, UserCreated, UserDeleted
from service.domain.aggregate import Aggregate, InvalidHistory, Rejected


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody has opened this account."""


@dataclass(frozen=True, slots=True)
class Active:
    """An open account; the name is sealed unless the reader may see it."""

    username: str | Sealed
    balance: int


@dataclass(frozen=True, slots=True)
class Deleted:
    """A closed account."""


State = Unknown | Active | Deleted
Command = CreateUser | ChangeBalance | DeleteUser
Event = UserCreated | UserBalanceChanged | UserDeleted


def decide(command: Command, state: State, user_id: str) -> Sequence[Event]:
    """The events that a command leads to; raises Rejected."""
    match state:
        case Unknown():
            if isinstance(command, CreateUser):
                return [UserCreated(username=command.username, balance=command.balance)]
            raise Rejected("not_found", f"User with ID {user_id} not found")
        case Deleted():
            raise Rejected("gone", f"User with ID {user_id} was deleted")
        case Active():
            return [_decide_active(command, state, user_id)]
        case _:
            assert_never(state)


def _decide_active(command: Command, state: Active, user_id: str) -> Event:
    match command:
        case CreateUser():
            raise Rejected("already_exists", f"User with ID {user_id} already exists")
        case DeleteUser():
            return UserDeleted()
        case ChangeBalance():
            balance = state.balance + command.balance_change
            if balance < 0:
                raise Rejected("insufficient_balance", "Insufficient balance")
            if balance > MAX_INTEGER:
                raise Rejected("out_of_range", "balance would leave its range")
            return UserBalanceChanged(balance_change=command.balance_change)
        case _:
            assert_never(command)


def evolve(state: State, event: Event) -> State:
    """The state after an event; raises InvalidHistory."""
    match state, event:
        case Unknown(), UserCreated():
            return Active(event.username, event.balance)
        case Unknown(), _:
            raise InvalidHistory("First event must be UserCreated")
        case Active(), UserBalanceChanged():
            return Active(state.username, state.balance + event.balance_change)
        case Active(), UserDeleted():
            return Deleted()
        case _:
            raise InvalidHistory(f"{type(event).__name__} cannot follow in this history")


def cause(event: Event) -> Command:
    """The command that decides this event; raises ValidationError for a sealed name, which no command carries."""
    match event:
        case UserCreated():
            return CreateUser.model_validate({"username": event.username, "balance": event.balance})
        case UserBalanceChanged():
            return ChangeBalance(balance_change=event.balance_change)
        case UserDeleted():
            return DeleteUser()
        case _:
            assert_never(event)


def render(state: State) -> dict[str, Any] | None:
    """The state as people read it; a sealed name is for the reader's side to open."""
    if not isinstance(state, Active):
        return None
    username = state.username if isinstance(state.username, str) else state.username.model_dump()
    return {"username": username, "balance": state.balance}


USER = Aggregate(
    name="user",
    entity_id=user.ENTITY_ID,
    commands=user.COMMANDS,
    events=user.EVENTS,
    first_event="UserCreated",
    states=(Unknown, Active, Deleted),
    initial=Unknown(),
    decide=decide,
    evolve=evolve,
    cause=cause,
    render=render,
    last_event="UserDeleted",
    personal=user.PERSONAL,
)
