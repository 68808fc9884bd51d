"""Stage 2: events and replies become rows; one file a read model, and a new one is one more line here."""

from dataclasses import replace

from service.domain import AGGREGATES
from service.projections import accounts, erasures, journal, outcomes, ports, ships
from service.projections.projection import Projection
from service.projections.stored import Kind, Source


def _of_all(projection: Projection, kind: Kind) -> Projection:
    """The same for every aggregate: a new one changes no row that is there, so nobody need accept it."""
    return replace(projection, sources=tuple(Source(name, kind) for name in AGGREGATES))


PROJECTIONS: dict[str, Projection] = {
    projection.name: projection
    for projection in (
        ships.PROJECTION,
        ports.PROJECTION,
        accounts.PROJECTION,
        _of_all(journal.PROJECTION, "events"),
        _of_all(outcomes.PROJECTION, "replies"),
        erasures.PROJECTION,
    )
}

# Versions that another has followed, kept up for as long as readers may have to go back to them.
EARLIER: tuple[Projection, ...] = ()


def every_version() -> dict[tuple[str, int], Projection]:
    """All code that there is, by name and version."""
    return {(one.name, one.version): one for one in (*PROJECTIONS.values(), *EARLIER)}
