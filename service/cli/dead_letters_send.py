"""A plan carried out: parked entities by their owners, everything else as commands again, and what comes of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from fairlead.client import Client, NoReply
from service.cli.dead_letters_letter import Letter
from service.cli.dead_letters_plan import Parked
from service.cli.dead_letters_tally import GONE, NO_ANSWER, Tally
from service.cli.kafka_client import open_client
from service.cli.progress import progress_of_known
from service.kafka.answers import Answer
from service.kafka.connection import connection
from service.kafka.dead_letters import DeadLetter, read_dead_letters
from service.kafka.redrive import BATCH_BYTES, Redriver, redriving
from service.kafka.topics import Topics, partition_count
from service.settings import Settings

_ENTITIES_AT_ONCE = 100
_LETTERS_AT_ONCE = 1_000
_BYTES_AT_ONCE = 8 * BATCH_BYTES


async def ask_owners(settings: Settings, type_: str, entities: Sequence[Parked], patience: float, tally: Tally) -> None:
    """Have the owners redrive or discard what waits of these entities."""
    places = asyncio.Semaphore(_ENTITIES_AT_ONCE)

    async def one(client: Client, parked: Parked) -> None:
        data = {"skip": list(parked.skip)} if parked.skip else {}
        async with places:
            tally.asked += 1
            try:
                reply = await client.send_raw(parked.aggregate, type_, parked.entity_id, data, timeout=patience)
            except NoReply as error:
                tally.entity(parked, NO_ANSWER, None, str(error))
            else:
                tally.entity(parked, reply.data.status, reply.data.code, reply.data.message)
        bars.advance(task)

    with progress_of_known() as bars:
        task = bars.add_task("Asking owners", total=len(entities))
        async with open_client(settings, "/fairlead/cli") as client, asyncio.TaskGroup() as group:
            for parked in entities:
                group.create_task(one(client, parked))


async def send_again(settings: Settings, letters: Sequence[Letter], patience: float, tally: Tally) -> None:
    """Publish these again and await what becomes of each, until nothing has come for `patience` seconds."""
    by_aggregate: dict[str, list[Letter]] = defaultdict(list)
    for letter in letters:
        by_aggregate[letter.aggregate].append(letter)
    with progress_of_known() as bars:
        for aggregate, group in by_aggregate.items():
            topics = Topics(aggregate, settings.prefix)
            partitions = await partition_count(connection(settings), topics)
            async with redriving(connection(settings), topics, partitions) as redriver:
                task = bars.add_task(f"Sending to {topics.commands}", total=len(group))
                run = _Run(aggregate, redriver, patience, tally)
                async with aclosing(_wanted(settings, topics, group, tally)) as wanted:
                    async for some in _portions(wanted):
                        await run.publish(some)
                        bars.update(task, completed=redriver.sent)
                await run.finish()


async def _wanted(
    settings: Settings, topics: Topics, letters: Iterable[Letter], tally: Tally
) -> AsyncGenerator[DeadLetter, None]:
    """The letters with their content, which was too much to keep."""
    wanted = {(letter.partition, letter.offset): letter for letter in letters}
    start = dict(sorted(wanted, reverse=True))  # the lowest offset of each partition is the last that counts
    async with aclosing(read_dead_letters(connection(settings), topics, start, lambda *_: None)) as found:
        async for letter in found:
            if known := wanted.pop((letter.partition, letter.offset), None):
                yield replace(letter, redrives=known.redriven)
    for gone in wanted.values():
        tally.command(_place(topics.aggregate, gone), GONE, None, "Retention has removed it")


async def _portions(letters: AsyncIterator[DeadLetter]) -> AsyncGenerator[list[DeadLetter], None]:
    """As many as are published at once; one that a broker might refuse is alone, so that it takes no other along."""
    some: list[DeadLetter] = []
    size = 0
    async for letter in letters:
        is_large = letter.size > BATCH_BYTES // 2
        if some and (len(some) == _LETTERS_AT_ONCE or size + letter.size > _BYTES_AT_ONCE or is_large):
            yield some
            some, size = [], 0
        some.append(letter)
        size += letter.size
        if is_large:
            yield some
            some, size = [], 0
    if some:
        yield some


@dataclass(frozen=True, slots=True)
class _Run:
    """The sending of one aggregate's letters."""

    aggregate: str
    redriver: Redriver
    patience: float
    tally: Tally

    async def publish(self, letters: Sequence[DeadLetter]) -> None:
        before = self.redriver.sent
        try:
            self._note(await self.redriver.publish(letters))
        finally:
            self.tally.sent += self.redriver.sent - before
        self._note(await self.redriver.answers.read(patiently=False))

    async def finish(self) -> None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self.patience
        while (waiting := self.redriver.answers.waiting) and clock() < deadline:
            if answers := await self.redriver.answers.read(patiently=True):
                self._note(answers)
                deadline = clock() + self.patience
        for letter in waiting:
            self.tally.command(_place(self.aggregate, letter), NO_ANSWER, None, "It was sent, and waits to be judged")

    def _note(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            self.tally.command(_place(self.aggregate, answer.letter), answer.status, answer.code, answer.message)


def _place(aggregate: str, letter: Letter | DeadLetter) -> dict[str, Any]:
    return {"aggregate": aggregate, "partition": letter.partition, "offset": letter.offset}
