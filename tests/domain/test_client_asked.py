"""What is asked of a client in vain is told at once; what it cannot read leaves a place to go on from."""

from __future__ import annotations

import pytest

from fairlead.failures import UnreadableEvent
from fairlead.ship import CargoLoaded, ShipDeparted
from fairlead.testing import InMemoryClient

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


async def test_behind_an_event_that_a_step_cannot_bring_up_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = CargoLoaded(item="tea", quantity=5, port="Rio")
    async with InMemoryClient() as client:
        client.happened("ship", SHIP, ShipDeparted(departed_from="Rio"), loaded)
        monkeypatch.setattr(ShipDeparted, "upcasters", (lambda data: {"port": data.departed_from},))
        with pytest.raises(UnreadableEvent) as unread:
            await anext(client.events("ship", follow=False))
        after = client.events("ship", after=unread.value.token, follow=False)
        assert [loaded] == [event.data async for event in after]
