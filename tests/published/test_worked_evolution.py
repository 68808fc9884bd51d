"""What contracts/EVOLUTION.md tells to do can be done: the check takes the change as it is told, and no less of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.releases import fairlead, next_release


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next_release(tmp_path_factory.mktemp("next"))


def test_the_change_may_be_released(tree: Path) -> None:
    checked = fairlead(tree, "contracts", "check")
    assert (0, "") == (checked.returncode, checked.stderr)
    judged = {(one["message"], one["version"]): one for one in json.loads(checked.stdout) if one["aggregate"] == "ship"}
    assert ("BREAKING", True) == (judged["ShipDeparted", 1]["verdict"], judged["ShipDeparted", 1]["ok"])
    assert "NEW" == judged["ShipDeparted", 2]["verdict"]
    written = fairlead(tree, "contracts", "write")
    assert "schemas/ship/ShipDeparted.2.json" in {one["file"] for one in json.loads(written.stdout)}
    assert (tree / "contracts/published/samples/ship/ShipDeparted.1.json").exists()


def test_without_the_step_it_may_not(tree: Path, tmp_path: Path) -> None:
    lost = next_release(tmp_path / "lost")
    ship = lost / "contracts/fairlead/ship.py"
    kept = [line for line in ship.read_text().splitlines() if "upcasters" not in line]
    ship.write_text("\n".join(kept) + "\n")
    checked = fairlead(lost, "contracts", "check")
    assert 1 == checked.returncode
    assert "ship ShipDeparted" in checked.stderr
    assert "give it a new version" in checked.stderr
    # Nor once version 2 was released, which the code then does not know of.
    released = str(tree / "contracts/published")
    assert 1 == fairlead(lost, "contracts", "check", "--against", released).returncode
