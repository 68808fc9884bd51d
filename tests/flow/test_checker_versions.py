"""Commands of a release that came later are judged alike by the decider and the checker, in all their versions."""

from __future__ import annotations

from typing import Any

import pytest

from service.audit import contract, versions
from service.audit.text import is_text
from tests.domain.evolved import LATER, DockShip
from tests.domain.partition import Partition, envelope
from tests.flow.checker_story import SHIP as ID
from tests.flow.twin_logs import judged

FIRST, SECOND = ({"dataschema": f"urn:fairlead:ship:dock_ship:{version}"} for version in (1, 2))


@pytest.fixture
def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checker's words for it."""
    monkeypatch.setitem(versions.STEPS["ship"], "dock_ship", DockShip.upcasters)
    monkeypatch.setitem(contract.COMMANDS["ship"], "dock_ship", {"port": is_text, "berth": is_text})


@pytest.mark.usefixtures("_later")
@pytest.mark.parametrize(
    ("data", "more", "status"),
    [
        ({"port": "Rio"}, {}, "accepted"),
        ({"port": "Rio"}, {"dataschema": None}, "accepted"),
        ({"port": "Rio"}, FIRST, "accepted"),
        ({"port": "Rio", "berth": "7"}, SECOND, "accepted"),
        ({"port": "Rio", "berth": "7"}, {}, "accepted"),
        ({"port": "Rio", "berth": "7"}, FIRST, "accepted"),
        ({"port": "Rio"}, SECOND, "invalid"),
        ({"port": 7}, FIRST, "invalid"),
        ({"berth": "7"}, FIRST, "invalid"),
        ([], {}, "invalid"),
        ({"port": "Rio"}, {"dataschema": "urn:fairlead:ship:dock_ship:3"}, "invalid"),
        ({"port": "Rio"}, {"dataschema": "urn:fairlead:ship:load_cargo:1"}, "invalid"),
        ({"port": "Rio"}, {"dataschema": "urn:fairlead:ship:dock_ship:" + "9" * 5_000}, "invalid"),
        ({"port": "Rio"}, {"dataschema": [1]}, "invalid"),
    ],
)
def test_a_command_of_any_version_is_judged_as_the_service_does(data: Any, more: dict[str, Any], status: str) -> None:
    partition = Partition(LATER)
    partition.ask(envelope("register_ship", ID, {"name": "Pacific Explorer"}))
    asked = envelope("dock_ship", ID, data) | more
    told = [partition.ask(asked)["data"] for _ in range(2)]
    partition.ask(envelope("load_cargo", ID, {"item": "tea", "quantity": 1}))

    assert [status] * 2 == [one["status"] for one in told]
    assert (status == "accepted") == told[1]["duplicate"]
    assert [] == judged([partition], of=1).violations
