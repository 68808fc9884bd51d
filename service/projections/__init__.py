"""Stage 2: events and replies become rows; one file a read model, and a new one is one more line here."""

from service.projections import accounts, erasures, journal, outcomes, ports, ships
from service.projections.projection import Projection

PROJECTIONS: dict[str, Projection] = {
    projection.name: projection
    for projection in (
        ships.PROJECTION,
        ports.PROJECTION,
        accounts.PROJECTION,
        journal.PROJECTION,
        outcomes.PROJECTION,
        erasures.PROJECTION,
    )
}

# Versions that another has followed, kept up for as long as readers may have to go back to them.
EARLIER: tuple[Projection, ...] = ()


def every_version() -> dict[tuple[str, int], Projection]:
    """All code that there is, by name and version."""
    return {(one.name, one.version): one for one in (*PROJECTIONS.values(), *EARLIER)}
