"""Makes a command that is likely to be answered as wished, from what the model says of the entities now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import ClassVar
from uuid import UUID

from service.audit.entity import Entity
from service.audit.records import Json
from tests.workload_choices import for_ship, for_user, some_data

Intent = str

_COMMON = (
    "already_exists",
    "not_found",
    "out_of_range",
    "version_conflict",
    "id_reused",
    "duplicate",
    "invalid_command",
    "unknown_command",
    "unreadable",
    "wrong_partition",
)
_KEPT = 200
Entities = Mapping[str, Entity]


class Steering:
    """What was sent to the entities of an aggregate, and how to get an answer from them."""

    REFUSALS: ClassVar[Mapping[str, tuple[Intent, ...]]] = {
        "ship": (*_COMMON, "not_docked", "no_such_item", "not_enough_cargo"),
        "user": (*_COMMON, "insufficient_balance", "gone"),
    }

    def __init__(self, aggregate: str, ids: list[str], random: Random) -> None:
        self._aggregate = aggregate
        self._random = random
        # The last of them stay unknown for ever, and every third user may be closed.
        known = max(1, len(ids) * 9 // 10)
        self._known, self._unknown = ids[:known], ids[known:] or [self._uuid()]
        self._mortal = frozenset(ids[:known:3])
        self._sent: list[Json] = []

    def sent(self, command: Json) -> None:
        """Remember a command that may be repeated."""
        self._sent = [*self._sent[-_KEPT:], command]

    def command(self, intent: Intent, entities: Entities) -> Json:
        """A command that fits the intent, or brings the entities nearer to where one can."""
        if intent in {"duplicate", "id_reused"} and self._sent:
            return self._again(intent)
        if intent == "not_found":
            type_ = self._random.choice(
                ("dock_ship", "depart_ship") if self._is_ship else ("change_balance", "delete_user")
            )
            return self._envelope(self._random.choice(self._unknown), type_, some_data(self._random, type_))
        subject, state = self._pick(intent, entities)
        if self._is_ship:
            command = self._envelope(subject, *for_ship(self._random, intent, state))
        else:
            mortal = subject in self._mortal
            command = self._envelope(subject, *for_user(self._random, intent, state, mortal=mortal))
        version = entities[subject].version if subject in entities else 0
        if intent == "version_conflict":
            command["expectedversion"] = version + self._random.randint(1, 3)
        elif self._random.random() < 0.2:
            command["expectedversion"] = version
        return command

    @property
    def _is_ship(self) -> bool:
        return self._aggregate == "ship"

    def _pick(self, intent: Intent, entities: Entities) -> tuple[str, Json | None]:
        """An entity on which the intent can come true, where there is one."""
        wanted: Mapping[Intent, Callable[[Json | None], bool]] = {
            "accepted": lambda state: state is None or not state.get("deleted"),
            "already_exists": lambda state: state is not None and not state.get("deleted"),
            "insufficient_balance": lambda state: state is not None and not state["deleted"],
            "gone": lambda state: state is not None and state["deleted"],
            "not_docked": lambda state: state is not None and state["current_port"] is None,
            "no_such_item": lambda state: state is not None and state["current_port"] is not None,
            "not_enough_cargo": lambda state: state is not None and state["current_port"] and state["cargo"],
            "out_of_range": lambda state: (
                state is not None
                and bool(state["current_port"] and state["cargo"] if self._is_ship else state["balance"])
            ),
        }
        fits = wanted.get(intent, wanted["accepted"])
        states = {id_: entities[id_].state if id_ in entities else None for id_ in self._known}
        if intent == "out_of_range" and not self._is_ship:
            states = {id_: state for id_, state in states.items() if state is None or not state["deleted"]}
        fitting = (
            [id_ for id_, state in states.items() if fits(state)] or sorted(self._mortal & states.keys()) or self._known
        )
        subject = self._random.choice(fitting)
        return subject, states.get(subject)

    def _again(self, intent: Intent) -> Json:
        command = dict(self._random.choice(self._sent))
        if intent == "id_reused":
            # Other content under the same id: any command that expects another version is one.
            command["expectedversion"] = (command.get("expectedversion") or 0) + 1
        return command

    def _envelope(self, subject: str, type_: str, data: Json) -> Json:
        command: Json = {"specversion": "1.0", "id": self._uuid(), "source": "/workload", "type": type_}
        command |= {"subject": subject, "data": data}
        if self._random.random() < 0.3:
            command["correlationid"] = f"voyage {self._random.randrange(100)}"
        if self._random.random() < 0.1:
            command |= {"time": "2026-11-24T18:20:00+01:00", "datacontenttype": "application/json", "tenant": "a"}
            command["dataschema"] = f"urn:fairlead:{self._aggregate}:{type_}:1"
        return command

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))
