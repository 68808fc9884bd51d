"""The yardstick of a cold start: a plain consumer that reads the same records, and does nothing with them."""

from __future__ import annotations

import argparse
import sys
from time import perf_counter, process_time

import orjson
from aiokafka import TopicPartition

from tests.bench.plain import plain_consumer, run_lean
from tests.bench.recovery_logs import Range


async def _read(bootstrap_servers: str, ranges: list[Range]) -> dict[str, float]:
    began, cpu, records, size = perf_counter(), process_time(), 0, 0
    reader = plain_consumer(bootstrap_servers, auto_offset_reset="none")
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
    found = run_lean(_read(given.bootstrap_servers, given.ranges))
    sys.stdout.write(orjson.dumps(found).decode())


if __name__ == "__main__":
    main()
