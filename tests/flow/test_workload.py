"""The workload meets every answer of the contract, and the same ones for the same seed."""

from __future__ import annotations

import pytest

from tests.workload import generate, mix

_ANSWERS = {
    "rejected": (
        "already_exists",
        "not_found",
        "not_docked",
        "no_such_item",
        "not_enough_cargo",
        "insufficient_balance",
        "gone",
        "out_of_range",
    ),
    "conflict": ("version_conflict", "id_reused"),
    "invalid": ("invalid_command", "unknown_command", "unreadable", "wrong_partition"),
}
_NAMES = ["duplicate", *(f"{status}.{code}" for status, codes in _ANSWERS.items() for code in codes)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_answer_comes_often_enough(seed: int) -> None:
    counts = mix(5_000, ships=50, users=50, seed=seed)

    assert counts["accepted"] >= 2_000
    assert {name: counts[name] for name in _NAMES if counts[name] < 50} == {}


def test_a_seed_gives_the_same_commands() -> None:
    assert generate(300, ships=5, users=5, seed=7) == generate(300, ships=5, users=5, seed=7)
    assert generate(300, ships=5, users=5, seed=7) != generate(300, ships=5, users=5, seed=8)
