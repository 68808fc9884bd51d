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
from fairlead.client import Client, aggregate_of
from fairlead.envelope import Reply
from service.cli.exits import Exit, Stop
from service.cli.output import out, plain

_VERB, _WORDS, _SHOWN_ID = 15, 30, 8


@dataclass(frozen=True, slots=True)
class Stage:
    """A client of a running stack, and a line to its `fairlead` commands."""

    client: Client
    directory: Path

    async def ask(self, command: Message, entity_id: str, *, status: str = "accepted", **extras: Any) -> Reply:
        """Send a command, tell what came of it, and insist that it was this."""
        aggregate, type_ = aggregate_of(command)
        return await self.ask_raw(aggregate, type_, entity_id, command.model_dump(), status=status, **extras)

    async def ask_raw(
        self, aggregate: str, type_: str, entity_id: str, data: Mapping[str, Any], *, status: str, **extras: Any
    ) -> Reply:
        """As `ask`, for what is no command at all."""
        words = "  ".join(f"{name}={plain(value)}" for name, value in data.items())
        out.print(
            Text.assemble(("  → ", "cyan"), (f"{type_:<{_VERB}} ", "bold"), f"{words:<{_WORDS}} "),
            end="",
            soft_wrap=True,
        )
        clock = asyncio.get_running_loop().time
        started = clock()
        reply = await self.client.send_raw(aggregate, type_, entity_id, dict(data), **extras)
        _tell(reply, entity_id, (clock() - started) * 1000)
        expect(
            reply.data.status == status, f"{type_} was to be {status}, but is {reply.data.status}: {reply.data.message}"
        )
        return reply

    async def fairlead(self, *words: str, code: Exit = Exit.DONE) -> Any:
        """What a separate `fairlead` process prints, or the line in which it refuses."""
        shown = (f"{word[:_SHOWN_ID]}…" if len(word) == 36 and word.count("-") == 4 else word for word in words)  # noqa: PLR2004  # a UUID
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
    out.rule(Text(f" {title} ", style="bold"), align="left", style="cyan")
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


def _tell(reply: Reply, entity_id: str, milliseconds: float) -> None:
    outcome = reply.data
    if outcome.status == "accepted":
        events = ", ".join(event.type for event in outcome.events)
        mark, tail = ("↻ ", " again: first outcome") if outcome.duplicate else ("✓ ", f"  {milliseconds:.0f} ms")
        out.print(Text.assemble((f"{mark}{events}", "green"), (tail, "dim")), soft_wrap=True)
        return
    message = (outcome.message or "").replace(entity_id, f"{entity_id[:_SHOWN_ID]}…")
    out.print(
        Text.assemble("\n", ("    ✗ ", "red"), (f"{message}  ", "red"), (f"{outcome.status} · {outcome.code}", "dim")),
        soft_wrap=True,
    )
