"""What becomes of commands that are known by their place: a reply, or a dead letter where nobody can be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from service.commands.identity import reply_id
from service.commands.parked import PARKING
from service.kafka.dead_letters import DeadLetter, dead_letter
from service.kafka.topics import Topics

_POLL_MS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a dead letter that was sent again; `status` is that of the reply, or `invalid` without one."""

    letter: DeadLetter
    status: str
    code: str | None = None
    message: str | None = None


class Answers:
    """Matches what a consumer reads of replies and dead letters with the commands that are under way."""

    def __init__(self, topics: Topics, consumer: AIOKafkaConsumer) -> None:
        self._topics = topics
        self._consumer = consumer
        self._letters: dict[tuple[int, int], DeadLetter] = {}
        self._places: dict[str, tuple[int, int]] = {}

    @property
    def waiting(self) -> list[DeadLetter]:
        """What has no answer yet."""
        return list(self._letters.values())

    def expect(self, partition: int, offset: int, letters: Sequence[DeadLetter]) -> None:
        """These became the commands from this offset on."""
        for place, letter in enumerate(letters, offset):
            self._letters[partition, place] = letter
            self._places[reply_id(self._topics.aggregate, partition, place)] = (partition, place)

    async def read(self, *, patiently: bool) -> list[Answer]:
        """What has been answered since it was last asked; patiently: after a short wait where there is nothing yet."""
        answers = []
        for tp, records in (await self._consumer.getmany(timeout_ms=_POLL_MS if patiently else 0)).items():
            for record in records:
                answer = self._reply(record) if tp.topic == self._topics.replies else self._put_aside(record)
                if answer is not None:
                    answers.append(answer)
        return answers

    def _reply(self, record: Any) -> Answer | None:
        reply = orjson.loads(record.value)
        if (letter := self._settle(self._places.get(reply["id"]))) is None:
            return None
        data = reply["data"]
        return Answer(letter, data["status"], data["code"], data["message"])

    def _put_aside(self, record: Any) -> Answer | None:
        again = dead_letter(record)
        if (letter := self._settle((again.partition, again.command_offset))) is None:
            return None
        return Answer(letter, "failed" if again.code in PARKING else "invalid", again.code, again.reason)

    def _settle(self, place: tuple[int, int] | None) -> DeadLetter | None:
        if place is None or (letter := self._letters.pop(place, None)) is None:
            return None
        self._places.pop(reply_id(self._topics.aggregate, *place), None)
        return letter
