"""A plan before it is agreed to, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.cli.dead_letters_letter import Letter, key_text
from service.cli.dead_letters_plan import MAX_REDRIVES, Plan
from service.cli.dead_letters_print import tame
from service.cli.dead_letters_tally import Tally
from service.cli.output import emit_fields, emit_json, say
from service.kafka.dead_letters import Entity

_NAMED = 10
_REASONS = {
    "superseded": "whose content goes by another one",
    "settled": "whose command has been judged since (--again includes them)",
    "looping": f"redriven {MAX_REDRIVES} times already, with its parked entity (--again includes them)",
}


def plan_fields(plan: Plan) -> dict[str, Any]:
    """What would be done, as a program reads it."""
    return {
        "parked": [
            {
                "aggregate": one.aggregate,
                "key": one.entity_id,
                "commands": one.count,
                "skipped": list(one.skip),
                "beyond_filter": one.beyond,
            }
            for one in plan.parked
        ],
        "commands": [_place(letter) for letter in plan.letters],
        "left_out": left_out(plan),
    }


def left_out(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    """What the filter meant, and is not done."""
    return {reason: [_place(letter) for letter in letters] for reason, letters in plan.left_out.items()}


def plan_lines(plan: Plan, verb: str) -> list[str]:
    """What will be done, a line for each thing that a person should know before."""
    lines = []
    if plan.parked:
        commands = sum(one.count for one in plan.parked)
        lines.append(
            f"{verb} {_count(commands, 'waiting command')} of "
            f"{_count(len(plan.parked), 'parked entity', 'parked entities')}"
        )
    if beyond := sum(one.beyond for one in plan.parked):
        lines.append(
            f"  {_count(beyond, 'of them is', 'of them are')} beyond the filter: a parked entity goes as a whole"
            f"{', but for what --skip names' if verb == 'Redrive' else ''}"
        )
    if bare := sum(not one.waiting for one in plan.parked):
        lines.append(
            f"  {_count(bare, 'of them has', 'of them have')} no dead letter left: "
            "what waited there is lost, and only a discard lets it go on"
        )
    if plan.letters:
        lines.append(f"Send {_count(len(plan.letters), 'command')} again")
    skipped = sum(len(one.skip) for one in plan.parked) + len(plan.left_out["skipped"])
    if skipped:
        lines.append(
            f"Leave out {_count(skipped, 'command')} by --skip: of a parked entity they are not judged any more, "
            f"unless one before them fails again"
        )
    for reason, why in _REASONS.items():
        if letters := plan.left_out[reason]:
            named = ", ".join(_name(letter) for letter in letters[:_NAMED])
            more = f" and {len(letters) - _NAMED:,} more" if len(letters) > _NAMED else ""
            lines.append(f"Leave out {_count(len(letters), 'dead letter')} {why}: {named}{more}")
    return lines


def emit_tally(tally: Tally, plan: Plan, *, as_json: bool) -> None:
    """Print what became of all."""
    if as_json:
        counts = {"parked": dict(tally.entities), "commands": dict(tally.commands)}
        emit_json(counts | {"failures": tally.failures, "left_out": left_out(plan)})
        return
    for failure in tally.failures[:_NAMED]:
        where = failure.get("key") or f"{failure['partition']}/{failure['offset']}"
        told = " ".join(str(part) for part in (failure["status"], failure["code"], failure["message"]) if part)
        emit_fields({f"{failure['aggregate']} {where}": tame(told)}, as_json=False)
    shown = {"parked entities": _counts(tally.entities), "commands": _counts(tally.commands)}
    emit_fields({name: told for name, told in shown.items() if told}, as_json=False)


def say_bare(entities: Iterable[tuple[str, Entity]]) -> None:
    """Name the parked entities that no dead letter names any more."""
    for aggregate, (_, key) in entities:
        name = tame(key_text(key))
        say(
            f"{aggregate} {name} is parked, and retention has taken what waits there: "
            f"`fairlead dead-letters discard {aggregate} --key {name}` lets it go on without"
        )


def say_next(tally: Tally) -> None:
    """Say how to go on where more waits than one redrive takes: once nothing waits, each is a command as any other."""
    refused = [failure for failure in tally.failures if failure["code"] == "too_many_waiting"]
    for failure in refused[:_NAMED]:
        whose = tame(f"{failure['aggregate']} --key {failure['key']}")
        say(
            f"More waits than one redrive takes: `fairlead dead-letters discard {whose}` has it wait no longer, and "
            f"`fairlead dead-letters redrive {whose}` then sends what waited again, in its order; "
            "what others ask in between is judged before that"
        )


def _counts(counts: Mapping[str, int]) -> str | None:
    return ", ".join(f"{number:,} {status}" for status, number in counts.items()) or None


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _name(letter: Letter) -> str:
    return f"{letter.aggregate} {letter.partition}/{letter.offset}"


def _place(letter: Letter) -> dict[str, Any]:
    return {"aggregate": letter.aggregate, "partition": letter.partition, "offset": letter.offset}
