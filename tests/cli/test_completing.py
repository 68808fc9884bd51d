"""A shell offers what can be typed next: commands, aggregates, types and their fields."""

from __future__ import annotations

import pytest

from tests.cli.processes import begin


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("fairlead imp", ["import"]),
        ("fairlead show ", ["ship", "user"]),
        ("fairlead export u", ["user"]),
        ("fairlead dead-letters list s", ["ship"]),
        ("fairlead handle ", ["ship", "user"]),
        ("fairlead send d", ["dock_ship", "depart_ship", "delete_user"]),
        ("fairlead send load_cargo SHIP ", ["item=", "quantity="]),
        ("fairlead send load_cargo SHIP item=tea ", ["quantity="]),
        ("fairlead send fly_ship SHIP ", []),
    ],
)
async def test_what_is_offered(line: str, offered: list[str]) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    process = await begin({"_FAIRLEAD_COMPLETE": "complete_bash", **words})
    printed, told = await process.communicate()
    assert (0, b"") == (process.returncode, told)
    assert offered == printed.decode().split()


async def test_a_shell_can_be_told_of_it() -> None:
    process = await begin({"_FAIRLEAD_COMPLETE": "source_bash"})
    printed, _ = await process.communicate()
    assert b"_FAIRLEAD_COMPLETE=complete_bash" in printed
