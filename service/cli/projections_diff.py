"""What readers would see differently: the build that is shown beside the one that waits to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.exits import Exit, Stop
from service.cli.options import Given
from service.cli.output import emit_json, emit_rows, out, plain, say
from service.cli.progress import progress_of_known
from service.cli.projections_rebuild import NAME
from service.cli.roles import known_projections
from service.cli.running import run

if TYPE_CHECKING:
    from service.postgres.comparing import Compared
    from service.rebuilding.differing import Difference

_COUNTS = ("view", "old rows", "new rows", "missing", "added", "altered")
_SHOWN = 3


def diff(
    given: Given,
    name: Annotated[str, NAME],
    build: Annotated[
        str | None, typer.Option(metavar="BUILD", help="Compare this one, as `list` names it; else the candidate")
    ] = None,
    samples: Annotated[int, typer.Option(min=0, max=1_000, help="Rows to show of each view that differs")] = 5,
) -> None:
    """Compare the build that is shown with the candidate, as both are at equal offsets, while both go on.

    Rows are compared by the columns that both have. Exit code 1 where any differ.

    Example: `fairlead projections diff ships --samples 20`
    """
    known_projections([name])
    found = run(_diff(given, name, build, samples))
    if given.as_json:
        emit_json(_fields(found))
    else:
        _show(found)
    if not found.same:
        raise Stop(Exit.FAILED)
    say(f"No difference: `fairlead projections switch {name}` shows {found.new.label}")


async def _diff(given: Given, name: str, build: str | None, samples: int) -> Difference:
    from service.rebuilding import differing  # noqa: PLC0415  # it brings every driver

    with progress_of_known(transient=True) as bars:
        tasks: dict[str, Any] = {}

        def tell(view: str, done: int, total: int) -> None:
            if view not in tasks:
                tasks[view] = bars.add_task(f"Comparing {view}", total=total)
            bars.update(tasks[view], completed=done)

        return await differing.diff(given.settings(), name, tell, build=build, samples=samples)


def _fields(found: Difference) -> dict[str, Any]:
    return {
        "old": found.old.label,
        "new": found.new.label,
        "same": found.same,
        "offsets": [
            {"topic": topic, "partition": partition, "offset": offset}
            for (topic, partition), offset in sorted(found.offsets.items())
        ],
        "views": found.views,
        "only_old": found.only_old,
        "only_new": found.only_new,
        "keyless": found.keyless,
        "parked": {build.label: entities for build, entities in found.parked.items()},
    }


def _show(found: Difference) -> None:
    rows = [
        {"view": one.view, "old rows": f"{one.old_rows:,}", "new rows": f"{one.new_rows:,}"}
        | {word: f"{getattr(one, word):,}" for word in _COUNTS[3:]}
        for one in found.views
    ]
    emit_rows(rows, _COUNTS, as_json=False, none="No view is in both")
    for one in found.views:
        _show_samples(found, one)
        for build, columns in ((found.old, one.only_old), (found.new, one.only_new)):
            if columns:
                say(f"{one.view}: only in {build.label}, and not compared: {', '.join(columns)}")
        if one.unkeyed:
            say(f"{one.view}: {one.unkeyed:,} rows have null in their key and could not be compared")
    for build, views in ((found.old, found.only_old), (found.new, found.only_new)):
        if views:
            say(f"Only in {build.label}, and not compared: {', '.join(views)}")
    if found.keyless:
        say(f"Without a key, and not compared: {', '.join(found.keyless)}")
    for build, entities in found.parked.items():
        if entities:
            some = ", ".join(entities[:_SHOWN]) + (" …" if len(entities) > _SHOWN else "")
            say(f"Parked in {build.label} alone, which may be why rows differ: {len(entities):,} entities, {some}")


def _show_samples(found: Difference, one: Compared) -> None:
    if not one.samples:
        return
    old, new = found.old.label, found.new.label
    rows = []
    for sample in one.samples:
        before, after = sample["old"], sample["new"]
        key = ", ".join(plain((before or after)[column]) for column in one.key)
        if before is None or after is None:
            rows.append({"key": key, "column": "the row", old: _there(before), new: _there(after)})
            continue
        changed = [column for column in one.columns if before[column] != after[column]]
        rows += [
            {"key": key if number == 0 else "", "column": column, old: before[column], new: after[column]}
            for number, column in enumerate(changed)
        ]
    out.print(f"\nRows of {one.view} that differ:", style="dim")
    emit_rows(rows, ("key", "column", old, new), as_json=False, none="")


def _there(row: Mapping[str, Any] | None) -> str:
    return "is not there" if row is None else plain(row)
