"""Every command explains itself: what it does, by an example, and how its faults can be looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer

from service.cli.command_line import app


def _all(command: object, *path: str) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    if isinstance(command, typer.core.TyperGroup):
        for name, one in command.commands.items():
            yield from _all(one, *path, name)
    elif isinstance(command, typer.core.TyperCommand):
        yield " ".join(path), command


COMMANDS = dict(_all(typer.main.get_command(app)))


@pytest.mark.parametrize("name", COMMANDS)
def test_an_example_shows_how_it_is_called(name: str) -> None:
    told = COMMANDS[name].help or ""
    _, _, examples = told.partition("Example")
    assert f"fairlead {name}" in examples


@pytest.mark.parametrize("name", COMMANDS)
def test_a_traceback_can_be_asked_for(name: str) -> None:
    assert "--debug" in {option for parameter in COMMANDS[name].params for option in parameter.opts}
