"""A command says the version that its data is of: of what its caller wrote by hand only its caller knows it."""

from __future__ import annotations

import json
import subprocess
import sys

_PROGRAM = """
import asyncio
import json

from fairlead.outgoing import encode

SHIP = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"


def said():
    return json.loads(encode("/s", "ship", "depart_ship", SHIP, {"reason": "storm"}, {}).value)["dataschema"]


before = said()
from fairlead import ship
from fairlead.testing import InMemoryClient

ship.DepartShip.upcasters = (lambda data: {},)


async def main():
    async with InMemoryClient(lambda *_: []) as client:
        return [
            (await client.send(ship.DepartShip(), SHIP)).data.code,
            (await client.send_raw("ship", "depart_ship", SHIP, {}, schema_version=2)).data.code,
            (await client.send_raw("ship", "depart_ship", SHIP, {})).data.code,
        ]


print(json.dumps([before, said(), *asyncio.run(main())]))
"""


def test_what_is_written_by_hand_is_of_the_version_that_its_caller_says_whatever_was_imported() -> None:
    # In a process of its own: here all contracts have been imported.
    told = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True)  # noqa: S603  # ours
    first = "urn:fairlead:ship:depart_ship:1"
    assert [first, first, None, None, None] == json.loads(told.stdout)
