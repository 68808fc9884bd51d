"""The names of everything that Fairlead has in a database; the prefix goes before schemas and channels."""

from __future__ import annotations

from dataclasses import dataclass

from service.projections.projection import Projection


def quoted(name: str) -> str:
    """An identifier as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Names:
    """Schemas are quoted as SQL takes them."""

    prefix: str = ""

    @property
    def public(self) -> str:
        """The schema of the views that people and programs read."""
        return quoted(f"{self.prefix}fairlead")

    @property
    def keys(self) -> str:
        """The schema of the data keys of people."""
        return quoted(f"{self.prefix}fairlead_keys")

    @property
    def channel(self) -> str:
        """The channel on which a projection says, by its name, that it has moved on; not quoted."""
        return f"{self.prefix}fairlead"

    def tables(self, projection: Projection) -> str:
        """The schema of a projection's own tables."""
        return quoted(f"{self.prefix}{projection.schema}")
