"""One person is deleted, their key destroyed, and every copy looked into."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fairlead.client import NoReply
from service.cli.erase_certificate import Certificate
from service.cli.erase_copies import Inspection
from service.cli.exits import OF_STATUS, Exit, Stop, unanswered
from service.cli.kafka_client import open_client
from service.commands.identity import micros_of, render_time
from service.domain import Aggregate
from service.settings import Settings

if TYPE_CHECKING:
    from service.postgres.erasures import Erasure
    from service.postgres.forgetting import Forgetting


async def forget(settings: Settings, aggregate: Aggregate, entity_id: str, wait_s: float) -> Certificate:
    """The certificate; raises Stop where the deletion is refused or does not come through in time."""
    from service import app as composition  # noqa: PLC0415  # it brings every driver: not for commands that need none

    async with composition.open_forgetting(settings) as forgetting:
        # As long as the key is there: with it the copies can be searched for the name itself.
        names = await forgetting.names_of(aggregate, entity_id)
        erasure = await forgetting.erasure(aggregate.name, entity_id)
        came_back = False
        if erasure is None:
            await _delete(settings, aggregate, entity_id, wait_s)
            erasure = await _erased(forgetting, aggregate, entity_id, wait_s)
        else:
            came_back = await forgetting.keys.destroy(aggregate.name, [entity_id]) > 0
        inspection = Inspection(settings, aggregate, entity_id, names)
        copies = await inspection.all_copies(forgetting, came_back=came_back)
        kept = await forgetting.keys.kept(aggregate.name, entity_id)
    return Certificate(
        aggregate=aggregate.name,
        entity_id=entity_id,
        deleted_at=_time(erasure.time),
        version=erasure.version,
        key_id=kept.kid if kept else "",
        key_destroyed_at=_time(kept.erased_at) if kept and kept.erased_at else None,
        searched_by="shape and name" if inspection.names - {entity_id} else "shape: nobody knows the name any more",
        made_at=_time(datetime.now(UTC)),
        clear=all(copy.result != "READABLE" for copy in copies),
        copies=copies,
    )


def _time(moment: datetime) -> str:
    return render_time(micros_of(moment))


async def _delete(settings: Settings, aggregate: Aggregate, entity_id: str, wait_s: float) -> None:
    last = aggregate.events[str(aggregate.last_event)]()
    async with open_client(settings, "/fairlead/cli") as client:
        try:
            reply = (await client.send(aggregate.cause(last), entity_id, timeout=wait_s)).data
        except NoReply as error:
            raise unanswered("the deletion", wait_s) from error
    if reply.status == "accepted" or reply.code == "gone":
        return
    code = Exit.NOT_FOUND if reply.code == "not_found" else OF_STATUS[reply.status]
    raise Stop(code, f"{reply.message} ({reply.code})")


async def _erased(forgetting: Forgetting, aggregate: Aggregate, entity_id: str, wait_s: float) -> Erasure:
    try:
        return await forgetting.erased(aggregate.name, entity_id, wait_s)
    except TimeoutError:
        late = f"The {aggregate.name} is deleted, but the key is not destroyed yet: see whether `fairlead project` runs"
        raise Stop(Exit.TIMED_OUT, f"{late}, and try again") from None
