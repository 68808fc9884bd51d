"""What a stranger sends costs memory in proportion to its size."""

from __future__ import annotations

import tracemalloc

from tests.domain.bad_input import code_of, published

_MIB = 2**20


def test_many_faults_below_one_long_name_are_not_told_with_all_of_it() -> None:
    name = "\N{ANCHOR}" + "a" * 120_000
    value = '{"' + name + '": [' + ", ".join(['"\\ud800"'] * 10_000) + "]}"
    tracemalloc.start()
    partition = published(b"any", value.encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert code_of(partition) == b"unreadable"
    assert peak < 50 * _MIB
