"""The rules of a user's account, each by a test that states it."""

from __future__ import annotations

import pytest

from fairlead.bounds import MAX_INTEGER, Message
from fairlead.user import ChangeBalance, CreateUser, DeleteUser, UserBalanceChanged, UserCreated, UserDeleted
from service.domain.aggregate import InvalidHistory
from service.domain.user import USER
from tests.domain.story import Story

ID = "42"
user = Story(USER, ID)
created = user.given(UserCreated(username="test_user", balance=100))
deleted = created.given(UserDeleted())


def test_an_account_is_opened_with_a_name_and_a_balance() -> None:
    opened = UserCreated(username="test_user", balance=100)
    user.when(CreateUser(username="test_user", balance=100)).then(opened)


def test_an_account_is_opened_once() -> None:
    again = CreateUser(username="other", balance=0)
    created.when(again).refused("already_exists", f"User with ID {ID} already exists")


@pytest.mark.parametrize(
    "command", [CreateUser(username="other", balance=0), ChangeBalance(balance_change=1), DeleteUser()]
)
def test_a_deleted_id_is_never_used_again(command: Message) -> None:
    deleted.when(command).refused("gone", f"User with ID {ID} was deleted")


@pytest.mark.parametrize("command", [ChangeBalance(balance_change=1), DeleteUser()])
def test_nothing_but_opening_can_be_asked_of_an_unknown_account(command: Message) -> None:
    user.when(command).refused("not_found", f"User with ID {ID} not found")


@pytest.mark.parametrize("change", [-100, 0, 250])
def test_a_balance_changes_down_to_zero(change: int) -> None:
    created.when(ChangeBalance(balance_change=change)).then(UserBalanceChanged(balance_change=change))


def test_a_balance_never_falls_below_zero() -> None:
    created.when(ChangeBalance(balance_change=-101)).refused("insufficient_balance", "Insufficient balance")


def test_a_balance_stays_in_its_range() -> None:
    created.when(ChangeBalance(balance_change=MAX_INTEGER)).refused("out_of_range", "balance would leave its range")


def test_a_change_is_applied_once() -> None:
    created.given(UserBalanceChanged(balance_change=10)).shows({"username": "test_user", "balance": 110})


def test_an_account_is_deleted() -> None:
    created.when(DeleteUser()).then(UserDeleted())


def test_neither_an_unknown_nor_a_deleted_account_is_shown() -> None:
    user.shows(None)
    deleted.shows(None)


def test_a_history_begins_with_opening() -> None:
    with pytest.raises(InvalidHistory, match=r"^First event must be UserCreated$"):
        USER.evolve(USER.initial, UserDeleted())


def test_nothing_follows_a_deletion() -> None:
    with pytest.raises(InvalidHistory):
        USER.fold(USER.initial, [*deleted.events, UserBalanceChanged(balance_change=1)])
