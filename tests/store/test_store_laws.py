"""One suite over the store in memory and the one on disk: what tests believe of the one holds of the other."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from service.commands.ports import LocalStore, Put
from service.store.shelf import RocksShelf
from tests.domain.memory import MemoryStore

_SPACES = st.sampled_from(["entities", "changed.0", "outcomes.19944"])
_KEYS = st.one_of(st.sampled_from(["a", "a/1", "b", "\u00e9", "\U0001f6a2"]), st.text(min_size=1, max_size=5))
_KEYS = _KEYS.filter(lambda key: not any("\ud800" <= letter <= "\udfff" for letter in key))
_VALUES = st.binary(max_size=8)
_PUTS = st.lists(st.tuples(_SPACES, _KEYS, _VALUES), max_size=8)
_DELETES = st.lists(st.tuples(_SPACES, _KEYS), max_size=3)


def test_what_was_written_is_there_and_nothing_else(store: LocalStore) -> None:
    store.write([("one", "a", b"1"), ("one", "b", b""), ("two", "a", b"2")], [])

    assert (b"1", b"", b"2") == (store.get("one", "a"), store.get("one", "b"), store.get("two", "a"))
    assert (None, None) == (store.get("two", "b"), store.get("three", "a"))
    assert [b"1", None, b"", b"1"] == store.get_many("one", ["a", "c", "b", "a"])
    assert ([None, None], []) == (store.get_many("three", ["a", "b"]), store.get_many("one", []))
    assert {"one", "two"} == set(store.spaces())


def test_items_come_in_the_order_of_their_keys_from_behind_one(store: LocalStore) -> None:
    keys = ["a", "a/1", "a/2", "b", "\u00e9", "\uffff", "\U0001f6a2"]
    store.write([("one", key, key.encode()) for key in reversed(keys)], [])

    assert [(key, key.encode()) for key in keys] == [*store.items("one")]
    for place, key in enumerate(keys, 1):
        assert keys[place:] == [found for found, _ in store.items("one", key)]
    assert keys[1:] == [found for found, _ in store.items("one", "a\0")]
    assert [] == [*store.items("two")]


def test_a_later_write_counts_and_a_deleted_key_is_gone(store: LocalStore) -> None:
    store.write([("one", "a", b"1"), ("one", "b", b"1")], [])
    store.write([("one", "a", b"2")], [("one", "b"), ("one", "never"), ("two", "never")])

    assert [("a", b"2")] == [*store.items("one")]
    assert store.get("one", "b") is None


def test_of_one_write_a_put_comes_before_a_delete(store: LocalStore) -> None:
    store.write([("one", "a", b"1"), ("one", "a", b"2")], [("one", "a")])

    assert store.get("one", "a") is None


def test_a_space_that_was_dropped_is_empty_and_can_be_filled_again(store: LocalStore) -> None:
    store.write([("one", "a", b"1"), ("two", "a", b"2")], [])
    store.drop("one")
    store.drop("never")

    assert ({"two"}, None, []) == (set(store.spaces()), store.get("one", "a"), [*store.items("one")])
    store.write([("one", "b", b"3")], [])
    assert [("b", b"3")] == [*store.items("one")]


def test_a_renewed_store_knows_nothing_and_can_be_used(store: LocalStore) -> None:
    store.write([("one", "a", b"1")], [])
    store.renew()

    assert ([], None) == ([*store.spaces()], store.get("one", "a"))
    store.write([("one", "b", b"2")], [])
    assert [("b", b"2")] == [*store.items("one")]


def test_a_count_is_about_right(store: LocalStore) -> None:
    store.write([("one", str(number), b"") for number in range(1_000)], [])

    assert 900 <= store.count("one") <= 1_100
    assert 0 == store.count("two")


def test_a_write_that_cannot_be_made_leaves_nothing(store: LocalStore) -> None:
    def puts() -> list[Put]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(puts(), [])
    assert [] == [*store.items("one")]


class Alike(RuleBasedStateMachine):
    """Whatever is done, and however often the one on disk is closed and opened again."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self._shelf = RocksShelf(Path(self._folder.name))
        self._memory, self._rocks = MemoryStore(), self._shelf.open("one")

    @rule(puts=_PUTS, deletes=_DELETES)
    def write(self, puts: list[Put], deletes: list[tuple[str, str]]) -> None:
        for store in (self._memory, self._rocks):
            store.write(puts, deletes)

    @rule(space=_SPACES)
    def drop(self, space: str) -> None:
        for store in (self._memory, self._rocks):
            store.drop(space)

    @rule()
    def renew(self) -> None:
        for store in (self._memory, self._rocks):
            store.renew()

    @rule()
    def reopen(self) -> None:
        self._rocks.close()
        self._rocks = self._shelf.open("one")

    @rule(space=_SPACES, key=_KEYS)
    def ask(self, space: str, key: str) -> None:
        assert self._memory.get(space, key) == self._rocks.get(space, key)
        assert self._memory.get_many(space, [key, "b", "c"]) == self._rocks.get_many(space, [key, "b", "c"])
        assert [*self._memory.items(space, key)] == [*self._rocks.items(space, key)]

    @invariant()
    def hold_the_same(self) -> None:
        filled = {space for space, there in self._memory.kept.items() if there}
        assert filled <= set(self._rocks.spaces())
        for space in {*self._memory.spaces(), *self._rocks.spaces()}:
            assert [*self._memory.items(space)] == [*self._rocks.items(space)]

    def teardown(self) -> None:
        self._rocks.close()
        self._folder.cleanup()


def test_both_are_alike_whatever_is_done() -> None:
    # Opening one takes some 20 ms.
    few = settings(max_examples=settings().max_examples // 2, stateful_step_count=15)
    run_state_machine_as_test(Alike, settings=few)
