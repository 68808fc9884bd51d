"""The client's twin: the same calls, the same bytes, and no Kafka under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

import orjson

from fairlead.bounds import Message
from fairlead.client import Client
from fairlead.envelope import Reply
from fairlead.failures import CLOSED, NOT_ENTERED, TopicsMissing
from fairlead.outgoing import Outgoing
from fairlead.testing.answers import Answer, NotPrepared, Rule, events_of
from fairlead.testing.judge import Judge
from fairlead.testing.log import PARTITION
from fairlead.transport import Offsets, Reading


class Sent(NamedTuple):
    """A command as it was published; each attempt is one."""

    aggregate: str
    entity_id: str
    type: str
    data: dict[str, Any]
    id: str
    expected_version: int | None
    correlation_id: str | None
    traceparent: str | None


class InMemoryClient(Client):
    """A Client whose commands are answered as its owner says; `sent` are those commands, in their order.

    It holds commands to the contract, compares expected versions and answers repeats like the service, and keeps the
    events for `events`; it seals no names and parks nothing, and has no keys to destroy, so content is still compared
    after a deletion. `rule` decides what `answer` says nothing of; without one such a command raises NotPrepared.

        async with InMemoryClient() as client:
            client.answer(LoadCargo, [CargoLoaded(item="tea", quantity=5, port="Rio")])
            client.answer(DockShip, Refused("not_found", "No such ship"))
            client.answer(DepartShip, Unanswered(), [ShipDeparted(departed_from="Rio")])  # the second time
    """

    def __init__(self, rule: Rule | None = None, *, source: str = "/fairlead/client") -> None:
        self._memory = self._transport = _Memory(rule)
        self._source = source

    @property
    def sent(self) -> Sequence[Sent]:
        """All that was published, by `publish` too."""
        return tuple(self._memory.sent)

    def answer(self, command: type[Message], *answers: Answer) -> None:
        """From now on have these become of commands of a type, one after the other, and the last one ever after.

        Unanswered raises NoReply at once, and NotConfirmed from `publish`.
        """
        self._memory.answers[command] = list(answers)

    def happened(self, aggregate: str, entity_id: str, *events: Message) -> None:
        """Have events happen that nobody here has asked for."""
        self._memory.judge(aggregate).log.append(entity_id, events)

    def remove_events(self, aggregate: str) -> None:
        """Have the events so far removed, so that older tokens raise EventsGone."""
        self._memory.judge(aggregate).log.remove()


class _Memory:
    prefix = ""

    def __init__(self, rule: Rule | None) -> None:
        self.sent: list[Sent] = []
        self.answers: dict[type[Message], list[Answer]] = {}
        self._rule = rule
        self._judges: dict[str, Judge] = {}
        # Why nothing can be asked of it.
        self._refusal: str | None = NOT_ENTERED

    def judge(self, aggregate: str) -> Judge:
        if aggregate not in self._judges:
            try:
                self._judges[aggregate] = Judge(aggregate, self._decide)
            except LookupError as error:
                raise TopicsMissing(*error.args) from error
        return self._judges[aggregate]

    async def open(self) -> None:
        if self._refusal == CLOSED:
            raise ConnectionError(CLOSED)
        self._refusal = None

    async def close(self) -> None:
        self._refusal = CLOSED
        for judge in self._judges.values():
            judge.log.close()

    async def publish(self, command: Outgoing, timeout: float) -> None:  # noqa: ASYNC109  # as in Transport
        await self.ask(command, timeout)

    async def ask(self, command: Outgoing, timeout: float) -> Reply:  # noqa: ARG002, ASYNC109  # none passes here
        self._require_open()
        await asyncio.sleep(0)  # as others get their turn while a real client waits
        self.sent.append(_sent(command))
        return self.judge(command.aggregate).judge(command)

    @asynccontextmanager
    async def read(
        self, aggregate: str, _entity_id: str | None, after: Offsets, *, follow: bool
    ) -> AsyncIterator[Reading]:
        self._require_open()
        log = self.judge(aggregate).log
        begin = after.get(PARTITION, log.first)
        async with aclosing(log.read(begin, follow=follow)) as records:
            yield Reading({PARTITION: begin}, records)

    async def ends(self, aggregate: str, _entity_id: str | None) -> Offsets:
        self._require_open()
        return {PARTITION: self.judge(aggregate).log.end}

    def _require_open(self) -> None:
        if self._refusal is not None:
            raise ConnectionError(self._refusal)

    def _decide(self, command: Message, entity_id: str, history: Sequence[Message]) -> Sequence[Message]:
        prepared = self.answers.get(type(command))
        if prepared:
            answer = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        elif self._rule is not None:
            answer = self._rule
        else:
            msg = f"Nobody has said what becomes of {command!r}: see InMemoryClient.answer"
            raise NotPrepared(msg)
        return events_of(answer, command, entity_id, history)


def _sent(command: Outgoing) -> Sent:
    raw = orjson.loads(command.value)
    return Sent(
        command.aggregate,
        command.entity_id,
        raw["type"],
        raw["data"],
        command.id,
        raw.get("expectedversion"),
        raw.get("correlationid"),
        next((value.decode() for name, value in command.headers if name == "traceparent"), None),
    )
