"""Feeds a partition what strangers may send, and tells what became of it; a process of its own, whose memory counts."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

import orjson
import psutil

from service.commands.identity import reply_id
from service.domain import AGGREGATES
from tests.domain.hostile import Hostile
from tests.domain.partition import NOON, Partition, Stored

_BATCH = 100
# By then all that is made once is there.
_WARM = 10_000


class Lost(Exception):
    """An input was neither answered nor put aside, or not as it came."""


def fuzz(aggregate: str, inputs: int, seed: int) -> dict[str, object]:
    """How often each answer came, and by how many MiB the process grew; raises Lost."""
    partition, hostile = Partition(AGGREGATES[aggregate]), Hostile(aggregate, seed)
    codes: Counter[str] = Counter()
    process, before, most = psutil.Process(), 0, 0
    for begin in range(0, inputs, _BATCH):
        some = [hostile.next() for _ in range(min(_BATCH, inputs - begin))]
        sent = [Stored(one.key, one.value, place, NOON + place, one.headers) for place, one in enumerate(some, begin)]
        partition.commands, partition.judged = sent, 0
        partition.judge()
        codes += _told(partition, sent)
        # What is written is not read again here, and would be all that grows.
        for topic in (partition.events, partition.replies, partition.dead_letters, partition.snapshots):
            topic.clear()
        held = process.memory_info().rss
        before = before if begin >= _WARM else held
        most = max(most, held)
    return {"codes": codes, "grown_mib": round((most - before) / 2**20, 1)}


def _told(partition: Partition, sent: Sequence[Stored]) -> Counter[str]:
    """How often each answer came; one by a dead letter alone is told by that."""
    replies = {reply.json["id"]: reply.json["data"] for reply in partition.replies}
    letters = {int(letter.said["fairlead-offset"]): letter for letter in partition.dead_letters}
    codes: Counter[str] = Counter()
    for record in sent:
        reply, letter = replies.get(reply_id(partition.aggregate.name, 0, record.offset)), letters.get(record.offset)
        if reply is None and letter is None:
            raise Lost(f"{record} was neither answered nor put aside")
        if letter is not None and (letter.key, letter.value) != (record.key, record.value):
            raise Lost(f"{record} was put aside as {letter}")
        codes[
            (reply and (reply["code"] or reply["status"])) or f"put aside as {letter and letter.said['fairlead-code']}"
        ] += 1
    return codes


def main() -> int:
    """Print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.domain.fuzz", description=__doc__)
    parser.add_argument("aggregate", choices=AGGREGATES)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = perf_counter()
    found = fuzz(given.aggregate, given.inputs, given.seed)
    sys.stdout.buffer.write(orjson.dumps(found | {"seconds": round(perf_counter() - began, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
