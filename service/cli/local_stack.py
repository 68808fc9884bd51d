"""The local stack, imported only where it is wanted: a container of the service does not have it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from service.cli.exits import Exit, Stop
from service.cli.options import UNENCRYPTED
from service.settings import Settings

if TYPE_CHECKING:
    from service.local.servers import Endpoints
    from service.local.up import StackEndpoints

_PARTITIONS = 4


def local_stack(directory: Path, say: Callable[[str], None]) -> AbstractAsyncContextManager[StackEndpoints]:
    """The whole service on this directory, for as long as it is entered; raises Stop."""
    try:
        from service.local.up import stack  # noqa: PLC0415  # see above
    except ModuleNotFoundError as error:
        message = (
            f"{error.name} is not installed: `pip install 'fairlead-service[local]'` brings what runs servers here"
        )
        raise Stop(Exit.FAILED, message) from error

    def tell(message: str) -> None:
        with regardless():
            say(message)

    return stack(directory, tell, _apply_topics)


@contextmanager
def regardless() -> Iterator[None]:
    """Say something, heard or not: a stack works on where the terminal it was started at is gone."""
    try:
        yield
    except SystemExit:  # what rich makes of a broken pipe
        # What could not be said would be tried once more at the very end, and be a failure there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    except OSError:
        pass


async def _apply_topics(endpoints: Endpoints) -> None:
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    settings = Settings(bootstrap_servers=endpoints.bootstrap_servers, **UNENCRYPTED)
    await composition.apply_topics(settings, partitions=_PARTITIONS, replication=1)
