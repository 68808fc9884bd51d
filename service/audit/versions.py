"""What a message of a former version says in its present one, by the contract's words alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.audit.records import Json

Step = Callable[[Json], Json]

# By aggregate and event or command, each from one version to the next: so far every message is of its first.
STEPS: Mapping[str, Mapping[str, tuple[Step, ...]]] = {"ship": {}, "user": {}}


def schema_of(aggregate: str, type_: str) -> str:
    """The `dataschema` of a message in its present version."""
    return _schema(aggregate, type_, 1 + len(STEPS[aggregate].get(type_, ())))


def _schema(aggregate: str, type_: str, version: int) -> str:
    return f"urn:fairlead:{aggregate}:{type_}:{version}"


def version_of(message: Json) -> int:
    """The version that a message names, 1 where it says nothing, 0 where it names none."""
    number = str(message.get("dataschema") or ":1").rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def present(aggregate: str, event: Json) -> Json:
    """The event as if it had been written in its present version; as it is where that cannot be said."""
    type_, steps = event.get("type"), STEPS[aggregate].get(str(event.get("type")), ())
    former = version_of(event)
    if not 1 <= former <= len(steps) or event.get("dataschema") != _schema(aggregate, str(type_), former):
        return event
    return {**event, "dataschema": schema_of(aggregate, str(type_)), "data": brought_up(steps, former, event["data"])}


def of_former(aggregate: str, command: Json) -> Json | None:
    """A command of a former version as if it had been sent in the present one; None where it is of none, or broken."""
    type_, named = command["type"], command.get("dataschema")
    steps = STEPS[aggregate].get(type_, ())
    for number, _ in enumerate(steps, 1):
        # One that does not say is of version 1.
        if named in (None, _schema(aggregate, type_, number)):
            try:
                data = command["data"]
                for step in steps[number - 1 :]:
                    data = step(data)
            except (AttributeError, KeyError, TypeError, ValueError):
                return None
            return {**command, "dataschema": schema_of(aggregate, type_), "data": data}
    return None


def brought_up(steps: tuple[Step, ...], former: int, data: Json) -> Json:
    """Data of a former version; as it is where it is not even of that."""
    try:
        for step in steps[former - 1 :]:
            data = step(data)
    except (KeyError, TypeError):
        return data
    return data
