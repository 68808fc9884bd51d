"""What breaks former readers may be released as a new version, with the step that leads there, and not without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import orjson
import pytest

from fairlead.bounds import Message, Upcaster
from fairlead.control import common_commands
from service.domain import AGGREGATES, Aggregate
from service.published import folder
from service.published.files import published
from service.published.verdicts import Verdict, verdicts
from tests.domain.evolved import LATER, DockShip, ShipDeparted


def with_steps(event: tuple[Upcaster, ...], command: tuple[Upcaster, ...]) -> Mapping[str, Aggregate]:
    """The later release with these steps in place of its own."""
    departed = type("ShipDeparted", (ShipDeparted,), {"upcasters": event, "__doc__": ShipDeparted.__doc__})
    dock = type("DockShip", (DockShip,), {"upcasters": command, "__doc__": DockShip.__doc__})
    events: dict[str, type[Message]] = {**LATER.events, "ShipDeparted": departed}

    def decide(command: Message, state: object, ship_id: str) -> list[Message]:
        said = LATER.decide(command, state, ship_id)
        return [departed(port=one.port) if isinstance(one, ShipDeparted) else one for one in said]

    commands = {**LATER.commands, "dock_ship": dock, **common_commands(events)}
    return {**AGGREGATES, "ship": replace(LATER, events=events, commands=commands, decide=decide)}


LATER_RELEASE = {**AGGREGATES, "ship": LATER}
STEPS = ShipDeparted.upcasters, DockShip.upcasters


@lru_cache(maxsize=1)
def released() -> dict[str, bytes]:
    return published()


def refused(aggregates: Mapping[str, Aggregate], before: Mapping[str, bytes] | None = None) -> dict[str, Verdict]:
    found = verdicts(before or released(), published(aggregates), aggregates)
    return {one.message: one for one in found if not one.ok}


def test_a_change_without_a_new_version_is_refused() -> None:
    found = refused(with_steps((), ()))
    assert {"ShipDeparted", "dock_ship", "import_history"} == found.keys()
    assert "BREAKING" == found["ShipDeparted"].verdict


def test_a_new_version_with_a_step_that_leads_there_is_taken() -> None:
    assert {} == refused(LATER_RELEASE)
    judged = verdicts(released(), published(LATER_RELEASE), LATER_RELEASE)
    found = {(one.message, one.version): one for one in judged if one.aggregate == "ship"}
    assert "version 2 takes its place" == found["ShipDeparted", 1].because[0]
    assert ("NEW", "NEW") == (found["ShipDeparted", 2].verdict, found["dock_ship", 2].verdict)
    # Whoever imports goes on as before: what it carries says of which version it is.
    assert ("BACKWARD", True) == (found["import_history", 1].verdict, found["import_history", 1].ok)


def test_a_step_that_does_not_lead_there_is_refused() -> None:
    found = refused(with_steps((lambda data: {"harbour": data["departed_from"]},), (lambda data: data,)))
    assert {"ShipDeparted", "dock_ship"} <= found.keys()
    assert "the sample ShipDeparted.1.json is not read any more" in " ".join(found["ShipDeparted"].because)


def test_a_step_that_was_lost_is_refused() -> None:
    """By what was released: the code counts fewer versions then, or reads an old one as if it were a newer one."""
    before = {**released(), **published(LATER_RELEASE)}
    found = refused(with_steps((), STEPS[1]), before)
    assert ["it is not there any more"] == found["ShipDeparted"].because
    third = with_steps((STEPS[0][0], lambda data: data), STEPS[1])
    assert {} == refused(third, before)
    lost = with_steps((lambda data: data, lambda data: data), STEPS[1])
    assert "ShipDeparted" in refused(lost, before)


def test_samples_of_every_version_are_kept_and_read(tmp_path: Path) -> None:
    folder.write(tmp_path)
    departing = replace(LATER, commands={**AGGREGATES["ship"].commands, **common_commands(LATER.events)})
    release = {**AGGREGATES, "ship": departing}
    added = folder.write(tmp_path, release)
    assert {"samples/ship/ShipDeparted.2.json", "schemas/ship/ShipDeparted.2.event.json"} <= set(added)
    kept = folder.read(tmp_path)
    assert "samples/ship/ShipDeparted.1.json" in kept
    assert [] == folder.drift(kept, published(release))
    assert {} == refused(release, kept)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ShipDeparted.2.json", "ShipDeparted.2.event.json"),
        ("dock_ship.2.least.json", "dock_ship.2.command.json"),
    ],
)
def test_what_is_written_names_its_version(name: str, kind: str) -> None:
    sample = orjson.loads(published(LATER_RELEASE)[f"samples/ship/{name}"])
    assert sample["dataschema"].endswith(":2")
    schema = orjson.loads(published(LATER_RELEASE)[f"schemas/ship/{kind}"])
    # Absent means version 1, and so has to be said of any other.
    assert "dataschema" in schema["required"]
