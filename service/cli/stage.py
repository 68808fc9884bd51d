"""How the demo tells its story: a line for each command and what came of it, and what other processes read."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.text import Text

from fairlead.bounds import Message
from fairlead.client import Client
from fairlead.envelope import Reply
from fairlead.outgoing import aggregate_of
from fairlead.versions import version_of
from service.cli.exits import Exit, Stop
from service.cli.output import out, plain

_VERB, _COLUMN, _SHOWN_ID, _UUID = 14, 51, 8, 36


@dataclass(frozen=True, slots=True)
class Stage:
    """A client of a running stack, and a line to its `fairlead` commands."""

    client: Client
    directory: Path

    async def ask(self, command: Message, entity_id: str, *, refused: str | None = None, **extras: Any) -> Reply:
        """Send a command, tell what came of it, and insist that it was accepted, or refused with this code."""
        aggregate, type_ = aggregate_of(command)
        extras["schema_version"] = version_of(type(command))
        return await self.ask_raw(aggregate, type_, entity_id, command.model_dump(), refused=refused, **extras)

    async def ask_raw(
        self,
        aggregate: str,
        type_: str,
        entity_id: str,
        data: Mapping[str, Any],
        *,
        refused: str | None = None,
        **extras: Any,
    ) -> Reply:
        """As `ask`, for what may be no command at all."""
        words = "  ".join(f"{name}={plain(value)}" for name, value in data.items())
        asked = Text.assemble(("  → ", "cyan"), (f"{type_:<{_VERB}} ", "bold"), words)
        out.print(asked, end="", soft_wrap=True)
        clock = asyncio.get_running_loop().time
        started = clock()
        reply = await self.client.send_raw(aggregate, type_, entity_id, dict(data), **extras)
        _tell(reply, entity_id, (clock() - started) * 1000, column=max(1, _COLUMN - asked.cell_len))
        outcome = reply.data
        was = f"it was {outcome.status}: {outcome.message}"
        expect(outcome.code == refused, f"{type_} was to be {refused or 'accepted'}, but {was}")
        return reply

    async def fairlead(self, *words: str, code: Exit = Exit.DONE) -> Any:
        """What a separate `fairlead` process prints, or the line in which it refuses."""
        shown = (f"{word[:_SHOWN_ID]}…" if len(word) == _UUID and word[8] == "-" else word for word in words)
        out.print(Text.assemble(("\n  $ ", "cyan"), (f"fairlead {' '.join(shown)}", "bold")), soft_wrap=True)
        # -P: a folder named `service` where the demo is started is not ours.
        line = (sys.executable, "-P", "-m", "service", *words, "--dir", str(self.directory), "--json")
        process = await asyncio.create_subprocess_exec(*line, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        try:
            printed, told = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        message = told.decode(errors="replace").strip()
        expect(process.returncode == code, f"`fairlead {words[0]}` ended with {process.returncode}: {message}")
        return orjson.loads(printed) if code is Exit.DONE else message


def expect(condition: bool, message: str) -> None:  # noqa: FBT001  # reads as a sentence where it is called
    """Go on only if this is so; raises Stop."""
    if not condition:
        raise Stop(Exit.FAILED, message)


def act(title: str) -> None:
    """Begin an act."""
    out.print()
    line = "─" * max(0, min(out.width, 80) - len(title) - 5)
    out.print(Text.assemble(("── ", "cyan"), (title, "bold"), (f" {line}", "cyan")), soft_wrap=True)
    out.print()


def note(text: str) -> None:
    """Say something in between."""
    out.print(Text(f"  {text}", style="dim"), soft_wrap=True)


def show_state(state: Mapping[str, Any], *names: str) -> None:
    """Show fields of a state."""
    for name in names:
        out.print(Text.assemble("    ", (f"{name.replace('_', ' '):<14}", "dim"), plain(state[name])), soft_wrap=True)


def show_events(events: list[dict[str, Any]]) -> None:
    """Show a replay."""
    for number, event in enumerate(events, 1):
        time, data = event["timestamp"][11:23], plain(event["data"])
        out.print(
            Text.assemble("    ", f"{number}  ", (f"{time}  ", "dim"), f"{event['event_type']:<19} ", (data, "dim")),
            soft_wrap=True,
        )


def _tell(reply: Reply, entity_id: str, milliseconds: float, *, column: int) -> None:
    outcome = reply.data
    if outcome.status == "accepted":
        events = ", ".join(event.type for event in outcome.events)
        mark, tail = ("↻ ", "  once") if outcome.duplicate else ("✓ ", f"  {milliseconds:.0f} ms")
        out.print(Text.assemble(" " * column, (f"{mark}{events}", "green"), (tail, "dim")), soft_wrap=True)
        return
    message = (outcome.message or "").replace(entity_id, f"{entity_id[:_SHOWN_ID]}…")
    why = f"{outcome.status} · {outcome.code}"
    out.print(Text.assemble("\n", (f"    ✗ {message}  ", "red"), (why, "dim")), soft_wrap=True)
