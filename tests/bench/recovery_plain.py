"""The yardstick of a cold start: a plain consumer that reads the same records, and does nothing with them."""

from __future__ import annotations

import argparse
import gc
import sys
from time import perf_counter, process_time

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.recovery_logs import Range

# As the handler's.
_FETCH_BYTES = 4 << 20


async def _read(bootstrap_servers: str, ranges: list[Range]) -> dict[str, float]:
    began, cpu, records, size = perf_counter(), process_time(), 0, 0
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    await reader.start()
    try:
        left = {TopicPartition(topic, at): end for topic, at, start, end in ranges if start < end}
        reader.assign(list(left))
        for topic, at, start, end in ranges:
            if start < end:
                reader.seek(TopicPartition(topic, at), start)
        while left:
            batches = await reader.getmany(*left, timeout_ms=200)
            for batch in batches.values():
                records += len(batch)
                size += sum(len(record.value or b"") for record in batch)
            for tp, end in list(left.items()):
                # Behind the last record there are markers of transactions.
                if await reader.position(tp) >= end:
                    del left[tp]
        seconds, cpu_s = perf_counter() - began, process_time() - cpu
        return {"records": records, "bytes": size, "seconds": round(seconds, 3), "cpu_s": round(cpu_s, 3)}
    finally:
        await reader.stop()


def main() -> None:
    """Read these ranges, and print what that took as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recovery_plain", description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--ranges", required=True, type=orjson.loads, help="JSON: [[topic, partition, start, end] …]")
    given = parser.parse_args()
    gc.disable()  # it lives for seconds, and is to do as little as can be
    found = uvloop.run(_read(given.bootstrap_servers, given.ranges))
    sys.stdout.write(orjson.dumps(found).decode())


if __name__ == "__main__":
    main()
