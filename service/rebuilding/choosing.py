"""Which of a projection's builds is meant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from service.postgres.builds import Listed
from service.projections import every_version
from service.rebuilding.missing import NotThere

_NEVER = datetime(1, 1, 1, tzinfo=UTC)


def shown(listed: Sequence[Listed]) -> Listed:
    """The one that readers see; raises NotThere."""
    for one in listed:
        if one.current:
            return one
    raise NotThere("Nothing was ever built of it: `fairlead project` does")


def candidate(listed: Sequence[Listed], versions: Collection[tuple[str, int]]) -> Listed | None:
    """The newest one of these (projection, version) that readers never saw, and that is not to go."""
    waiting = [
        one
        for one in listed
        if one.shown_at is None and one.drop_at is None and (one.build.name, one.build.version) in versions
    ]
    return max(waiting, key=lambda one: one.made_at, default=None)


def meant(listed: Sequence[Listed], name: str, label: str | None) -> Listed:
    """Of the projection's builds the one of this label, else the one that waits to be shown; raises NotThere."""
    if label:
        return named(listed, label)
    if there := candidate(listed, every_version()):
        return there
    raise NotThere(f"No build of {name} waits to be shown: `fairlead projections rebuild {name}` makes one")


def previous(listed: Sequence[Listed]) -> Listed | None:
    """The one that readers saw before the one that they see."""
    before = [one for one in listed if one.shown_at and not one.current]
    return max(before, key=lambda one: one.shown_at or _NEVER, default=None)


def named(listed: Sequence[Listed], label: str) -> Listed:
    """The one of this label, such as `ships.v2.3` or just `v2.3`; raises NotThere."""
    for one in listed:
        if label in {one.build.label, one.build.label.removeprefix(f"{one.build.name}.")}:
            return one
    there = ", ".join(one.build.label for one in listed)
    raise NotThere(f"There is no build {label}: there are {there or 'none'}")
