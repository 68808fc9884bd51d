"""One command sent as it was typed: what is wrong with it, the service says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import NAMESPACE_OID, uuid4, uuid5

import typer

from fairlead.bounds import MAX_ID_LENGTH
from fairlead.client import DEFAULT_TIMEOUT, Client, NoReply, NotConfirmed
from fairlead.envelope import Reply
from service.cli.completing import command_types, fields
from service.cli.exits import OF_STATUS, Exit, Stop
from service.cli.kafka_client import open_client
from service.cli.leading import can_be_led, lead
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, emit_json
from service.cli.running import run
from service.cli.words import aggregate_of, creates, present_version, read_fields, split_words
from service.domain import AGGREGATES


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(rich_help_panel="Commands and events")(with_servers(send))


def send(  # noqa: PLR0913  # a command has as many parts
    given: Given,
    type_: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="Such as load_cargo", autocompletion=command_types)
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENTITY_ID] [FIELD=VALUE]…", help="To whom, and what", autocompletion=fields),
    ] = None,
    *,
    data: Annotated[
        str | None, typer.Option(metavar="JSON", help="All fields as JSON; FIELD=VALUE adds to them")
    ] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="UUID", help="To send a command again safely")] = None,
    expected_version: Annotated[
        int | None, typer.Option(metavar="N", help="Refuse unless the entity is at this version")
    ] = None,
    correlation_id: Annotated[str | None, typer.Option(metavar="TEXT", help="Carried to events and reply")] = None,
    aggregate: Annotated[str | None, typer.Option(help="Where the type does not tell, as with import_history")] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for the reply")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds to wait for the reply")] = DEFAULT_TIMEOUT,
) -> None:
    """Publish a command, wait, and print the reply.

    Without ENTITY_ID what `register_ship` and `create_user` make has an id that follows from the command's. Without
    anything it asks for all of it.

    Examples: `fairlead send register_ship name="Pacific Explorer"`,
    `fairlead send load_cargo 7b0f… item=rice quantity=500`
    """
    if type_ is None:
        if not can_be_led():
            raise Stop(Exit.USAGE, "Which command? Its type comes first: see `fairlead send --help`")
        given.settings()  # before a person types all of it in vain
        aggregate, type_, words = lead()
    aggregate = aggregate or aggregate_of(type_)
    if aggregate not in AGGREGATES:
        raise Stop(Exit.USAGE, f"{aggregate} is no aggregate: choose from {', '.join(AGGREGATES)}")
    named, pairs = split_words(words or (), entity_needed=not creates(aggregate, type_))
    content = read_fields(aggregate, type_, data, pairs)
    command_id = id_ if id_ is not None else str(uuid4())
    if not 1 <= len(command_id) <= MAX_ID_LENGTH:
        raise Stop(Exit.INVALID, f"--id must have 1 to {MAX_ID_LENGTH} characters, or nobody can be answered")
    # Not one of chance: the same line with --id would make another entity.
    entity_id = str(uuid5(NAMESPACE_OID, command_id)) if named is None else named
    extras = {"command_id": command_id, "expected_version": expected_version, "correlation_id": correlation_id}
    extras["schema_version"] = present_version(aggregate, type_)

    async def work() -> Reply | None:
        async with open_client(given.settings(), "/fairlead/cli") as client:
            return await _exchange(client, (aggregate, type_, entity_id, content), extras, None if no_wait else timeout)

    reply = run(work())
    if reply is None:
        emit_fields({"command_id": command_id, "entity_id": entity_id}, as_json=given.as_json)
    else:
        print_reply(reply, entity_id, given)
        raise Stop(OF_STATUS[reply.data.status])


async def _exchange(client: Client, what: Sequence[Any], extras: Any, timeout: float | None) -> Reply | None:  # noqa: ASYNC109  # None: no reply is wanted
    try:
        if timeout is None:
            await client.publish_raw(*what, **extras)
            return None
        return await client.send_raw(*what, timeout=timeout, **extras)
    except (NoReply, NotConfirmed) as error:
        raise Stop(Exit.TIMED_OUT, f"{error} (--id {error.command_id})") from error
    except asyncio.CancelledError:
        told = "Interrupted: the command may have been published, and can be sent again safely with the same id"
        raise Stop(Exit.INTERRUPTED, f"{told} (--id {extras['command_id']})") from None
    except (TypeError, UnicodeError) as error:
        raise Stop(Exit.INVALID, f"This cannot be written as JSON in UTF-8: {error}") from error


def print_reply(reply: Reply, entity_id: str, given: Given) -> None:
    """Print what became of a command."""
    if given.as_json:
        emit_json(reply.model_dump(mode="json", exclude_none=True) | {"data": reply.data.model_dump(mode="json")})
        return
    outcome = reply.data
    told = {
        "status": outcome.status,
        "message": outcome.message and f"{outcome.message} ({outcome.code})",
        "entity": entity_id,
        "version": outcome.entity_version,
        "events": [f"{event.version} {event.type}" for event in outcome.events],
        "repeat": "yes: this is the first outcome again" if outcome.duplicate else None,
        "command": reply.causationid,
    }
    emit_fields({name: value for name, value in told.items() if value not in (None, [])}, as_json=False)
