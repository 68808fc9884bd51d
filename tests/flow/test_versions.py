"""A projection takes events of former versions as those of the present, and waits at one of a later release."""

from __future__ import annotations

import pytest

from fairlead.versions import NewerVersion
from service.domain import AGGREGATES
from service.projections import PROJECTIONS
from service.projections.batch import project_batch
from service.projections.stored import Source, read_stored
from tests.domain.evolved import LATER
from tests.event_records import event_record

SOURCE = Source("ship", "events")
FORMER = event_record(
    0, "a", 1, ("ShipDeparted", {"departed_from": "Oslo"}), dataschema="urn:fairlead:ship:ShipDeparted:1"
)
PRESENT = event_record(1, "a", 2, ("ShipDeparted", {"port": "Oslo"}), dataschema="urn:fairlead:ship:ShipDeparted:2")


def test_both_versions_are_projected_as_the_present_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGGREGATES, "ship", LATER)
    read = [read_stored(SOURCE, record) for record in (FORMER, PRESENT)]
    assert [({"port": "Oslo"}, 1), ({"port": "Oslo"}, 2)] == [(one.data, one.schema_version) for one in read]
    assert [{"departed_from": "Oslo"}, {"port": "Oslo"}] == [one.written for one in read]


@pytest.mark.parametrize("name", ["ships", "ports", "journal"])
def test_an_event_of_a_later_release_parks_nobody(name: str) -> None:
    """Nothing is wrong with it: were it parked, somebody would have to redrive it."""
    with pytest.raises(NewerVersion):
        project_batch(PROJECTIONS[name], SOURCE, [FORMER, PRESENT])


def test_an_event_that_names_no_version_is_parked() -> None:
    odd = event_record(0, "a", 1, ("ShipDeparted", {"departed_from": "Oslo"}), dataschema="urn:fairlead:ship:0")
    assert "names no version" in project_batch(PROJECTIONS["ships"], SOURCE, [odd]).parked["a"].reason
