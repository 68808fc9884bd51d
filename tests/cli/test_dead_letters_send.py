"""What a broker might refuse takes no other along."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.cli.dead_letters_send import _portions
from service.kafka.dead_letters import DeadLetter
from service.kafka.redrive import BATCH_BYTES

LARGE = b"x" * BATCH_BYTES


def letter(
    key: bytes | None = None, value: bytes | None = None, headers: tuple[tuple[str, bytes | None], ...] = ()
) -> DeadLetter:
    return DeadLetter(0, 0, 0, key, value, headers, "unreadable", "because", 0, 0, None)


@pytest.mark.parametrize(
    "large",
    [
        letter(key=LARGE),
        letter(value=LARGE),
        letter(headers=(("pad", LARGE), ("none", None))),
        letter(headers=((LARGE.decode(), b""),)),
    ],
    ids=["key", "value", "header", "header's name"],
)
async def test_a_letter_travels_alone_that_is_large_by_whatever_it_has(large: DeadLetter) -> None:
    async def letters() -> AsyncIterator[DeadLetter]:
        for one in (letter(), letter(), large, letter()):
            yield one

    assert [2, 1, 1] == [len(some) async for some in _portions(letters())]
