"""While RocksDB sorts what it has not kept up with, who writes to it waits, and nobody else does."""

from __future__ import annotations

import asyncio
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from time import perf_counter, sleep

import pytest
from rocksdict import Options

from service.store import rocks
from service.store.memory import Memory
from service.store.rocks import RocksStore

_ENTITIES, _WRITES, _EACH = 20_000, 60, 400
# Half of the time went by in pauses of over 29 to 81 ms where RocksDB waited itself, and else in ones below 5.
_PAUSE_SECONDS = 0.02


class Behind(Memory):
    """So small that it stands still after a few writes."""

    def options(self) -> Options:
        """As of Memory."""
        options = super().options()
        options.set_write_buffer_size(64 << 10)
        options.set_level_zero_file_num_compaction_trigger(2)
        options.set_level_zero_slowdown_writes_trigger(2)
        options.set_level_zero_stop_writes_trigger(3)
        return options


async def test_nobody_waits_for_a_store_that_has_much_to_sort_but_who_writes_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, known = list[float](), dict[str, bytes]()

    def waited(seconds: float) -> None:
        waits.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(rocks, "sleep", waited)
    with closing(RocksStore(tmp_path / "store", Behind(read=1 << 20, written=1 << 20))) as store:
        writing = asyncio.create_task(asyncio.to_thread(_write, store, known))
        moments = [perf_counter()]
        while not writing.done():
            await asyncio.sleep(0.001)
            moments.append(perf_counter())
        await writing
        pauses = [after - before for before, after in pairwise(moments)]
        # A single one may be as long as the machine likes.
        assert sum(pause for pause in pauses if pause > _PAUSE_SECONDS) < sum(pauses) / 2
        assert waits
        assert known == dict(store.items("a"))


def _write(store: RocksStore, known: dict[str, bytes]) -> None:
    random = Random(1)
    for _ in range(_WRITES):
        some = {str(random.randrange(_ENTITIES)): random.randbytes(300) for _ in range(_EACH)}
        store.write([("a", key, value) for key, value in some.items()], [])
        known |= some
