"""Questions about many ships, about ports and about an account, asked of the HTTP API as any other program would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from service.cli.http_reads import open_reads
from service.cli.options import Given, with_servers
from service.cli.output import emit_fields, emit_json, emit_rows, say
from service.cli.reading import moment
from service.cli.running import run

_LIMIT = typer.Option(min=1, max=500, metavar="N", help="How many at most")
_CURSOR = typer.Option(metavar="NEXT", help="Go on behind this, as the page before said")
_ITEM = typer.Option(metavar="ITEM", help="Of this item")


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    for command in (ships, ports, throughput, statement, totals):
        app.command(rich_help_panel="Questions")(with_servers(command))


def ships(  # noqa: PLR0913  # the ways to say which
    given: Given,
    *,
    status: Annotated[str | None, typer.Option(help="registered, docked or at sea")] = None,
    port: Annotated[str | None, typer.Option(help="Those that lie there now")] = None,
    name: Annotated[str | None, typer.Option(help="How the name begins")] = None,
    item: Annotated[str | None, typer.Option(help="What is aboard")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="The fleet as it was then, inclusive")] = None,
    limit: Annotated[int, _LIMIT] = 100,
    cursor: Annotated[str | None, _CURSOR] = None,
) -> None:
    """List ships: all, those asked for, or the fleet as it was.

    Example: `fairlead ships --port Singapore --item electronics`
    """
    query = {"status": status, "port": port, "name": name, "item": item, "at": moment("--at", at)}
    columns = ("id", "name", "status", "current_port", "version", "cargo")
    _page(given, "/ships", {**query, "limit": limit, "cursor": cursor}, columns, "No such ships")


def ports(given: Given, *, limit: Annotated[int, _LIMIT] = 100, cursor: Annotated[str | None, _CURSOR] = None) -> None:
    """List ports, with what each has seen.

    Example: `fairlead ports`
    """
    columns = ("port", "ships_now", "visits", "loaded", "unloaded")
    _page(given, "/ports", {"limit": limit, "cursor": cursor}, columns, "No ship has docked yet")


def throughput(  # noqa: PLR0913  # the ways to say which
    given: Given,
    port: Annotated[str, typer.Argument(metavar="PORT", help="The port's name")],
    *,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="The first day, in UTC")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="The last day, in UTC")] = None,
    item: Annotated[str | None, _ITEM] = None,
    limit: Annotated[int, _LIMIT] = 100,
    cursor: Annotated[str | None, _CURSOR] = None,
) -> None:
    """List what went through a port, by day and item.

    Example: `fairlead throughput Singapore --since 2026-11-01`
    """
    query = {"port": port, "since": since, "until": until, "item": item, "limit": limit, "cursor": cursor}
    _page(given, "/throughput", query, ("day", "item", "loaded", "unloaded"), "Nothing went through it then")


def statement(
    given: Given,
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's id")],
    *,
    after: Annotated[int, typer.Option(min=0, metavar="N", help="Lines beyond this version")] = 0,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Up to then, inclusive; UTC unless it says")] = None,
    limit: Annotated[int, _LIMIT] = 100,
) -> None:
    """List what came and went on an account, with the balance after each.

    Example: `fairlead statement 7b0f… --until 2026-11-24T18:20:00Z`
    """
    query = {"after": after, "until": moment("--until", until), "limit": limit}
    columns = ("version", "time", "type", "change", "balance")
    _page(given, f"/users/{quote(user_id, safe='')}/statement", query, columns, "No lines", behind="--after")


def totals(given: Given) -> None:
    """Show all there is, counted and summed.

    Example: `fairlead totals`
    """
    emit_fields(_get(given, "/totals", {}), as_json=given.as_json)


def _page(  # noqa: PLR0913  # what is asked, and how it is shown
    given: Given, path: str, query: Mapping[str, Any], columns: Sequence[str], none: str, behind: str = "--cursor"
) -> None:
    page = _get(given, path, query)
    if given.as_json:
        emit_json(page)
        return
    emit_rows(page["items"], columns, as_json=False, none=none)
    if page["next"] is not None:
        say(f"There is more: {behind} '{page['next']}'")


def _get(given: Given, path: str, query: Mapping[str, Any]) -> Any:
    async def work() -> Any:
        async with open_reads(given.settings().api_url) as reads:
            return await reads.get(path, query)

    return run(work())
