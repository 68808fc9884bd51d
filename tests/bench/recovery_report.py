"""The figures of a beginning again as they are read: medians, beside what was aimed at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from tests.bench.recovery_standby import SESSION_S
from tests.bench.recovery_steps import WORKERS, named

Found = dict[str, Any]
Row = tuple[str, str, str]
RSS_MB, WARM_S, RATIO, TAKEN_OVER_S = 512, 3.0, 0.5, SESSION_S + 2
# Each with what a start takes of as many workers that have nothing to read.
COLD = {
    named(f"cold, {kind}", workers): named("empty", workers)
    for kind in ("snapshots", "events")
    for workers in (1, WORKERS)
}


def with_medians(found: Found) -> Found:
    """The same with medians, and with how fast each cold start read beside the plain consumer.

    `read_s` and `read_cpu_s` are a cold start without what a start takes that has nothing to read.
    """
    for entry in found.values():
        if isinstance(entry, dict) and "starts" in entry:
            entry.update(_medians(entry["starts"]))
    for name, empty in COLD.items():
        found[name].update(_beside(found[name], found[empty]))
    return found


def _medians(of: Sequence[Mapping[str, Any]]) -> Found:
    return {name: median(one[name] for one in of) for name, value in of[0].items() if isinstance(value, (int, float))}


def _beside(cold: Found, empty: Found) -> Found:
    plain = _medians(cold["plain"])
    read_s, read_cpu_s = (max(cold[name] - empty[name], 0.001) for name in ("ready_s", "cpu_s"))
    rate, plain_rate = plain["records"] / read_s, plain["records"] / plain["seconds"]
    return {
        "records": plain["records"],
        "megabytes": round(plain["bytes"] / 1e6, 1),
        "read_s": round(read_s, 3),
        "plain_s": plain["seconds"],
        "records_per_s": round(rate),
        "plain_records_per_s": round(plain_rate),
        "ratio": round(rate / plain_rate, 3),
        "ratio_with_start": round(plain["seconds"] / cold["ready_s"], 3),
        "read_cpu_s": round(read_cpu_s, 3),
        "plain_cpu_s": plain["cpu_s"],
        "ratio_of_cpu": round(plain["cpu_s"] / read_cpu_s, 3),
    }


def table(found: Found) -> Table:
    """The report for people."""
    grid = Table("", "", "target", title="Beginning again: medians")
    for row in (*_loads(found), *_starts(found), *_colds(found)):
        grid.add_row(*row)
    equal, checker = ", ".join(found["equal"]), found.get("checker", "not asked")
    grid.caption = f"equal to the events after: {equal}; checker: {checker}"
    return grid


def _loads(found: Found) -> Iterator[Row]:
    for name, target in (("preload", ""), ("hot", f"{RSS_MB} MB")):
        load = found[name]
        rates = [one["commands_per_s"] for one in load["slices"]]
        # So few may be done before anybody has looked.
        spread = f"by tenths {min(rates):,} to {max(rates):,}" if rates else "too few to tell"
        cost = f"{load['cpu_ms_per_1000']} ms of CPU per 1,000"
        yield f"{name}: {load['commands']:,} commands", f"{load['commands_per_s']:,}/s ({spread}), {cost}", ""
        most, own, end = (f"{load[figure]:,.0f}" for figure in ("rss_max_mb", "own_max_mb", "rss_end_mb"))
        yield f"{name}: memory", f"{most} MB at most, {own} its own; {end} MB at the end", target


def _starts(found: Found) -> Iterator[Row]:
    warm = dict.fromkeys(("warm, stopped", "warm, killed"), f"{WARM_S:g} s")
    for name, target in (dict.fromkeys(COLD.values(), "") | warm).items():
        start = found[name]
        told = f"{start['first_reply_s']:.2f} s; ready {start['ready_s']:.2f} s, {start['cpu_s']:.2f} s of CPU"
        yield f"{name}: first reply", told, target
    taken_over = found["standby"]["last_first_reply_s"]
    yield f"standby: all answered, session {SESSION_S:g} s", f"{taken_over:.2f} s", f"{TAKEN_OVER_S:g} s"


def _colds(found: Found) -> Iterator[Row]:
    for name in COLD:
        cold = found[name]
        yield (
            f"{name}: ready",
            f"{cold['ready_s']:.2f} s, {cold['cpu_s']:.2f} s of CPU, {cold['rss_max_mb']:,.0f} MB",
            "",
        )
        rates = f"{cold['records_per_s']:,}/s; plain {cold['plain_records_per_s']:,}/s"
        yield f"{name}: read", f"{cold['records']:,.0f} records at {rates}", ""
        yield f"{name} / plain", f"{cold['ratio']:.2f}; of CPU {cold['ratio_of_cpu']:.2f}", f"{RATIO:g}"
