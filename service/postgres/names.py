"""The names of everything that Fairlead has in a database; the prefix goes before schemas and channels."""

from __future__ import annotations

from dataclasses import dataclass

from service.projections.build import Build


def quoted(name: str) -> str:
    """An identifier as SQL takes it, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Names:
    """Schemas are quoted as SQL takes them; `reader` is a role that may read what is public, where one is wanted."""

    prefix: str = ""
    reader: str | None = None

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

    def tables(self, build: Build) -> str:
        """The schema of a build's own tables."""
        return quoted(f"{self.prefix}{build.schema}")
