"""Dead letters, plans and results as a person or a program reads them; what strangers wrote cannot steer a terminal."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from service.cli.dead_letters_plan import MAX_REDRIVES, Plan
from service.cli.dead_letters_read import Letter
from service.cli.dead_letters_send import Tally
from service.cli.output import emit_fields, emit_json, emit_rows
from service.kafka.dead_letters import DeadLetter

COLUMNS = (
    "aggregate", "partition", "offset", "command_offset", "key", "code", "reason", "time", "type", "command_id",
    "redrives", "waiting",
)  # fmt: skip
_SHOWN, _NAMED = 60, 10
_REASONS = {
    "superseded": "whose content became one again later",
    "settled": "whose command has been judged since (--again includes them)",
    "looping": f"redriven {MAX_REDRIVES} times already, with its parked entity (--again includes them)",
}


def row(letter: Letter) -> dict[str, Any]:
    """All that is told of one in a list."""
    named = {name: getattr(letter, name) for name in (*COLUMNS, "superseded")}
    return named | {"key": letter.shown_key, "time": _time(letter.time)}


def emit_letters(letters: Sequence[Letter], *, as_json: bool) -> None:
    """Print a list."""
    rows = [row(letter) for letter in letters]
    if not as_json:
        rows = [{name: _tame(field, _SHOWN) for name, field in entry.items()} for entry in rows]
    emit_rows(rows, COLUMNS, as_json=as_json, none="No dead letters")


def emit_letter(letter: Letter, found: DeadLetter, *, as_json: bool) -> None:
    """Print one with everything that is known of it."""
    shown = row(letter) | {
        "headers": [{"name": name, **_content("value", text)} for name, text in found.headers],
        "traceback": found.traceback,
        **_content("value", found.value, as_data=True),
    }
    if as_json:
        emit_json(shown)
        return
    headers = [f"{header['name']}: {header.get('value', header.get('value_base64'))}" for header in shown["headers"]]
    data = shown.get("value")
    text = data if isinstance(data, str | None) else orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()
    told = shown | {"headers": "\n".join(headers), "value": text}
    emit_fields({name: _tame(field) for name, field in told.items() if field not in ("", None)}, as_json=False)


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
            f"  {_count(beyond, 'of them is', 'of them are')} beyond the filter, but an entity goes as a whole: "
            "--skip leaves commands out"
        )
    if plan.letters:
        lines.append(f"Send {_count(len(plan.letters), 'command')} again")
    skipped = sum(len(one.skip) for one in plan.parked) + len(plan.left_out["skipped"])
    if skipped:
        lines.append(
            f"Leave out {_count(skipped, 'command')} by --skip: of a parked entity they are not judged any more"
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
        emit_fields({f"{failure['aggregate']} {where}": _tame(told)}, as_json=False)
    emit_fields({"parked entities": _counts(tally.entities), "commands": _counts(tally.commands)}, as_json=False)


def _counts(counts: Mapping[str, int]) -> str | None:
    return ", ".join(f"{number:,} {status}" for status, number in counts.items()) or None


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _name(letter: Letter) -> str:
    return f"{letter.aggregate} {letter.partition}/{letter.offset}"


def _place(letter: Letter) -> dict[str, Any]:
    return {"aggregate": letter.aggregate, "partition": letter.partition, "offset": letter.offset}


def _time(milliseconds: int) -> str | None:
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return None


def _content(name: str, value: bytes | None, *, as_data: bool = False) -> dict[str, Any]:
    """As JSON or text where it is that, else as Base64, and it says so."""
    if value is None:
        return {name: None}
    try:
        return {name: orjson.loads(value) if as_data else value.decode()}
    except ValueError:
        note = {"note": f"The {name} is no JSON: here it is in Base64"} if as_data else {}
        return {f"{name}_base64": b64encode(value).decode(), **note}


def _tame(field: Any, most: int | None = None) -> Any:
    if not isinstance(field, str):
        return field
    cut = field if most is None or len(field) <= most else f"{field[:most]}…"
    return "".join(sign if sign.isprintable() or (most is None and sign == "\n") else repr(sign)[1:-1] for sign in cut)
