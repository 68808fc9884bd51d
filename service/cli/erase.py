"""A person is forgotten on purpose, with a certificate; and again, where a backup has brought keys back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import orjson
import typer

from service.cli.erase_certificate import emit_certificate
from service.cli.erase_person import forget
from service.cli.erase_redo import redo
from service.cli.exits import Exit, Stop
from service.cli.exporting import replaced
from service.cli.options import Given, with_servers
from service.cli.running import run
from service.domain import AGGREGATES, Aggregate


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    group = typer.Typer(help="Forget a person, and certify what became of each copy.", no_args_is_help=True)
    for name, aggregate in AGGREGATES.items():
        if aggregate.personal:
            group.command(name, help=_HELP.format(name=name))(with_servers(_forgetting(aggregate)))
    group.command()(with_servers(redo))
    app.add_typer(group, name="erase", rich_help_panel="Commands and events")


_HELP = """Delete a {name} for ever, wait until the key of the name is destroyed, and look into every copy of it.

Prints a certificate. On one who is erased already it only looks, and certifies again.
Exit code 1 where a copy still shows the name, 7 where there never was such a {name}.

Example: `fairlead erase {name} 7b0f… --output certificate.json`
"""


def _forgetting(aggregate: Aggregate) -> Callable[..., None]:
    def person(
        given: Given,
        entity_id: Annotated[str, typer.Argument(metavar="ID", help="Whom: this cannot be undone")],
        *,
        wait: Annotated[
            float, typer.Option(min=1, max=3600, metavar="SECONDS", help="For handler and projector")
        ] = 30.0,
        output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the certificate there too")] = None,
    ) -> None:
        # Before anybody is deleted the place of the certificate is there.
        with replaced(output) if output else nullcontext() as target:
            certificate = run(forget(given.settings(), aggregate, entity_id, wait))
            if target is not None:
                target.write(orjson.dumps(certificate, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        emit_certificate(certificate, as_json=given.as_json)
        if not certificate.clear:
            raise Stop(Exit.FAILED, "A copy can still be read: the certificate says which")

    return person
