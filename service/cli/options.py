"""The options that every command has, stated once, and the settings that follow from them."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import orjson
import typer

from service.cli.exits import Exit, Stop
from service.settings import Settings

ENDPOINTS = "endpoints.json"
SERVERS = ("bootstrap_servers", "database_url", "api_url")
# A local stack is spoken to over loopback, whatever the environment says of other servers.
UNENCRYPTED: dict[str, Any] = {"security_protocol": "PLAINTEXT"}
_PANEL = "Servers and output"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Given:
    """What was said on the line of any command."""

    bootstrap_servers: str | None = None
    database_url: str | None = None
    api_url: str | None = None
    directory: Path | None = None
    json: bool = False
    debug: bool = False

    @property
    def as_json(self) -> bool:
        """Whether a program reads stdout."""
        return self.json or not sys.stdout.isatty()

    def settings(self) -> Settings:
        """Options before the directory, the directory before the environment; raises ValidationError and Stop."""
        said: dict[str, Any] = read_endpoints(self.directory) | UNENCRYPTED if self.directory else {}
        options = {name: getattr(self, name) for name in SERVERS}
        return Settings(**(said | {name: value for name, value in options.items() if value is not None}))

    def line(self) -> list[str]:
        """The same, for the line of another process."""
        values = {name: getattr(self, name) for name in SERVERS} | {"dir": self.directory}
        said = [f"--{name.replace('_', '-')}={value}" for name, value in values.items() if value is not None]
        return [*said, "--debug"] if self.debug else said


def read_endpoints(directory: Path) -> dict[str, str]:
    """Where the servers of a local stack are; raises Stop."""
    path = directory / ENDPOINTS
    try:
        endpoints = orjson.loads(path.read_bytes())
        return {name: str(endpoints[name]) for name in SERVERS}
    except (FileNotFoundError, NotADirectoryError):
        message = f"{path} is not there: `fairlead up --dir {directory}` writes it once the stack is ready"
    except (ValueError, KeyError, TypeError):
        message = f"{path} cannot be read: stop the stack and start it again with `fairlead up --dir {directory}`"
    raise Stop(Exit.NO_SERVER, message)


def _common(  # noqa: PLR0913  # the options that every command has
    *,
    bootstrap_servers: Annotated[
        str | None, typer.Option(help="Kafka brokers (FAIRLEAD_BOOTSTRAP_SERVERS)", rich_help_panel=_PANEL)
    ] = None,
    database_url: Annotated[
        str | None, typer.Option(help="PostgreSQL (FAIRLEAD_DATABASE_URL)", rich_help_panel=_PANEL)
    ] = None,
    api_url: Annotated[str | None, typer.Option(help="The HTTP API (FAIRLEAD_API_URL)", rich_help_panel=_PANEL)] = None,
    directory: Annotated[
        Path | None,
        typer.Option(
            "--dir", envvar="FAIRLEAD_DIR", help="Of `fairlead up`: its servers are used", rich_help_panel=_PANEL
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON even on a terminal", rich_help_panel=_PANEL)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks", rich_help_panel=_PANEL)] = False,
) -> Given:
    return Given(bootstrap_servers, database_url, api_url, directory, json, debug)


def with_servers(function: Callable[Concatenate[Given, P], None]) -> Callable[P, None]:
    """Give a command the common options; it receives them as its first argument."""
    return expanded(function, next(iter(inspect.signature(function).parameters)), _common)


def expanded(function: Callable[..., None], parameter: str, options: Callable[..., Any]) -> Callable[..., None]:
    """The command with these options in place of one parameter, which receives what they make."""
    common = inspect.signature(options, eval_str=True).parameters
    own = [entry for name, entry in inspect.signature(function, eval_str=True).parameters.items() if name != parameter]

    @functools.wraps(function)
    def command(**arguments: Any) -> None:
        said = options(**{name: arguments.pop(name) for name in common})
        function(**{parameter: said}, **arguments)

    # A command's own parameters may be positional, and come first; typer passes all of them by name.
    parameters = [entry.replace(kind=inspect.Parameter.KEYWORD_ONLY) for entry in (*own, *common.values())]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # it is what inspect looks for
    command.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    del command.__wrapped__  # inspect would look through to the function
    return command
