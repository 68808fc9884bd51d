"""The figures as they are kept and as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from tests.bench.clients import Clients
from tests.bench.figures import Figures, medians
from tests.bench.projections import BOUND, Projections
from tests.bench.turns import WORKERS, Bench

Report = Mapping[str, Any]


def report(bench: Bench) -> Report:
    """Medians of all turns, each turn's own figures beside them; `raw` is the faster of the two; {} of no turn."""
    if not bench.handler[1]:
        return {}
    handler = _of(bench.handler[1])
    bounds = {f"raw_{producers}_producers": _of(turns) for producers, turns in bench.raw.items()}
    raw = max(bounds.values(), key=lambda bound: bound["commands_per_s"])
    return {
        "handler": handler,
        "workers": {"processes": WORKERS, **_of(bench.handler[WORKERS])},
        "raw": raw,
        **bounds,
        "ratio": round(handler["commands_per_s"] / raw["commands_per_s"], 3),
        "latency": {str(rate): _of(turns) for rate, turns in bench.latency.items()},
    }


def report_of_projections(projections: Projections) -> Report:
    """The same; `ratio` is which part of the bound a projection reaches."""
    if not projections.found[BOUND]:
        return {}
    of_each = {name: _of(turns) for name, turns in projections.found.items()}
    bound = of_each[BOUND]["events_per_s"]
    return {
        "projections": {name: {**one, "ratio": round(one["events_per_s"] / bound, 3)} for name, one in of_each.items()}
    }


def report_of_clients(clients: Clients) -> Report:
    """The same, by what answers."""
    measured = {beside: _of(turns) for beside, turns in clients.found.items() if turns}
    return {"client": measured} if measured else {}


def _of(turns: Sequence[Figures]) -> dict[str, Any]:
    return {**medians(turns), "turns": turns}


def tables(found: Report) -> Iterator[Table]:
    """The report for people: medians, and the least and the most of all turns."""
    if "handler" in found:
        yield from _of_handler(found)
    if "projections" in found:
        of_bound = {f"{name}, {one['ratio']:.0%} of the bound": one for name, one in found["projections"].items()}
        yield _table("Catching up", _CATCHING_UP, of_bound)
    if "client" in found:
        yield _table("Client", _WORK, {f"beside a {beside}": one for beside, one in found["client"].items()})


def _of_handler(found: Report) -> Iterator[Table]:
    several = found["workers"]["processes"]
    rows = {"handler": "handler", "workers": f"{several} workers", "raw_2_producers": "raw, 2 producers"}
    rows["raw_1_producers"] = "raw, 1 producer"
    yield _table(f"Throughput: handler / raw = {found['ratio']:.0%}", _WORK, {rows[one]: found[one] for one in rows})
    rates = {f"at {int(rate):,}/s": row for rate, row in found["latency"].items()}
    yield _table("Latency", _WAITING, rates)


# Heading and digits of each figure.
_STRANGERS = {"strangers_cores": ("others' cores", 1)}
_WORK = {"commands_per_s": ("commands/s", 0), "cpu_ms_per_1000": ("CPU ms/1,000", 1), "rss_mb": ("MB", 0), **_STRANGERS}
_CATCHING_UP = {
    "events_per_s": ("events/s", 0),
    "cpu_ms_per_1000": ("CPU ms/1,000", 1),
    "postgres_cpu_ms_per_1000": ("PostgreSQL's", 1),
    "rss_mb": ("MB", 0),
    **_STRANGERS,
}
_WAITING = {"p50_ms": ("p50 ms", 1), "p99_ms": ("p99 ms", 1), "max_ms": ("most, ms", 0), **_STRANGERS}


def _table(title: str, figures: Mapping[str, tuple[str, int]], rows: Mapping[str, Mapping[str, Any]]) -> Table:
    grid = Table("", *(heading for heading, _ in figures.values()), title=title, title_justify="left")
    for name, row in rows.items():
        grid.add_row(name, *(_cell(row, figure, digits) for figure, (_, digits) in figures.items()))
    return grid


def _cell(row: Mapping[str, Any], figure: str, digits: int) -> str:
    of_turns = [turn[figure] for turn in row["turns"]]
    spread = f"\n{min(of_turns):,.{digits}f} to {max(of_turns):,.{digits}f}" if len(of_turns) > 1 else ""
    return f"{row[figure]:,.{digits}f}{spread}"
