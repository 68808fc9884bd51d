"""The shape of the code is a promise too: layers, independent aggregates, files that do one thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from service.domain import AGGREGATES

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "service" / "domain"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", [*AGGREGATES])
def test_an_aggregate_knows_no_other(name: str) -> None:
    others = {
        f"{package}.{other}" for other in AGGREGATES.keys() - {name} for package in ("fairlead", "service.domain")
    }
    for path in [*DOMAIN.glob(f"{name}*.py"), ROOT / "contracts" / "fairlead" / f"{name}.py"]:
        assert [] == [found for found in imports(path) if found.startswith(tuple(others))]


def test_the_domain_reaches_for_nothing_but_the_contracts() -> None:
    allowed = {"__future__", "collections", "dataclasses", "typing", "fairlead", "service.domain"}
    found = {name for path in DOMAIN.glob("*.py") for name in imports(path)}
    assert set() == {name for name in found if not any(f"{name}.".startswith(f"{one}.") for one in allowed)}


def test_dependencies_point_inwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert 0 == lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)


def test_rows_are_kept_only_by_who_knows_what_else_comes_with_them() -> None:
    """Else the row of somebody who was deleted could come without the end of their key."""
    having = {path.name for path in (ROOT / "service").rglob("*.py") if "BuildTables" in path.read_text()}
    assert {"projector.py", "erasing.py"} == having
