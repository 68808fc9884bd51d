"""What the checker found: what it counted, so that an empty check is seen, and what was wrong, a line each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_SHOWN = 50


@dataclass(slots=True)
class Report:
    """Counts by name (`rejected.gone` for a status with a code) and violations as readable lines."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was wrong."""
        return not self.violations

    def wrong(self, place: str, what: str) -> None:
        """Add a violation at a place."""
        self.violations.append(f"{place}: {what}")

    def text(self) -> str:
        """The report as a table, violations below it."""
        width = max((len(name) for name in self.counts), default=0)
        lines = [f"{name:<{width}}  {count:>9,}" for name, count in sorted(self.counts.items())]
        lines.append(f"{'violations':<{width}}  {len(self.violations):>9,}")
        lines += self.violations[:_SHOWN]
        if len(self.violations) > _SHOWN:
            lines.append(f"and {len(self.violations) - _SHOWN:,} more")
        return "\n".join(lines)
