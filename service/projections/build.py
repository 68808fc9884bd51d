"""One making of a projection's rows, which may stand beside others of the same name while it is not shown yet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Build:
    """The tables of a projection as one version of its code made them; `number` counts the times, from 1."""

    name: str
    version: int
    number: int = 1

    @property
    def label(self) -> str:
        """By what people and consumer groups call it, such as `ships.v1` or, of the second build, `ships.v1.2`."""
        return f"{self.name}.v{self.version}" + (f".{self.number}" if self.number > 1 else "")

    @property
    def schema(self) -> str:
        """The schema that it lives in, without the prefix."""
        return self.label.replace(".", "_")
