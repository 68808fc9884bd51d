"""What can be set, and what is: a question that every deployment asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from service.cli.options import SERVERS, Given, with_servers
from service.cli.output import emit_rows, escaped
from service.settings import ENV_PREFIX, Settings

_COLUMNS = ("variable", "value", "unit", "from")
_PAGE_COLUMNS = ("variable", "default", "values", "unit", "meaning")
_FIRST = (
    "<!-- Made by `fairlead settings --markdown > deploy/SETTINGS.md` from service/settings.py: change it there. -->"
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set."""

    name: str
    group: str
    unit: str | None
    default: Any
    values: str
    meaning: str

    @property
    def variable(self) -> str:
        """What sets it."""
        return f"{ENV_PREFIX}{self.name.upper()}"


def add_to(app: typer.Typer) -> None:
    """Register these commands."""
    app.command(rich_help_panel="Servers")(with_servers(settings))


def settings(
    given: Given,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="The reference page instead: what can be set")] = False,
) -> None:
    """Show every setting, its value here, and where that comes from; secrets are masked.

    Example: `FAIRLEAD_MAX_BATCH=500 fairlead settings`
    """
    if markdown:
        typer.echo(page(), nl=False)
        return
    current = given.settings()
    rows = [
        {
            "variable": setting.variable,
            "value": _shown(getattr(current, setting.name)),
            "unit": setting.unit,
            "from": _source(setting.name, given, current),
        }
        for setting in known()
    ]
    emit_rows(rows, _COLUMNS, as_json=given.as_json, none="")


def known() -> Iterator[Setting]:
    """All settings, in their order."""
    schemas = Settings.model_json_schema()["properties"]
    for name, field in Settings.model_fields.items():
        extra = field.json_schema_extra
        said = extra if isinstance(extra, dict) else {}
        unit = str(said["unit"]) if "unit" in said else None
        values = _values(schemas[name])
        yield Setting(name, str(said["group"]), unit, _default(field), values, field.description or "")


def page() -> str:
    """The reference, as Markdown."""
    lines = [_FIRST, "", "# Settings", "", f"Each is an environment variable; all begin with `{ENV_PREFIX}`.", ""]
    for group, members in groupby(known(), key=lambda setting: setting.group):
        lines += [f"## {group}", "", f"| {' | '.join(_PAGE_COLUMNS)} |", "| --- " * len(_PAGE_COLUMNS) + "|"]
        lines += [_line(setting) for setting in members]
        lines.append("")
    return "\n".join(lines)


def _line(setting: Setting) -> str:
    default = "" if setting.default in (None, "") else f"`{setting.default}`"
    cells = (f"`{setting.variable}`", default, setting.values, setting.unit or "", setting.meaning)
    return f"| {' | '.join(cells)} |"


def _values(schema: Mapping[str, Any]) -> str:
    """What can be given, where that is not just a text."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    [kind] = kinds
    if "enum" in kind:
        return ", ".join(f"`{value}`" for value in kind["enum"])
    if kind["type"] == "boolean":
        return "`true`, `false`"
    low, above = kind.get("minimum"), kind.get("exclusiveMinimum")
    parts = [f"from {low}" if low is not None else "", f"above {above}" if above is not None else ""]
    parts.append(f"to {kind['maximum']}" if "maximum" in kind else "")
    return " ".join(part for part in parts if part)


def _default(field: FieldInfo) -> Any:
    default = field.default
    # That of a secret is none: everybody can read it here.
    return _plain(default.get_secret_value() if isinstance(default, SecretStr) else default)


def _shown(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    return str(value) if isinstance(value, SecretStr) else value


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _source(name: str, given: Given, current: Settings) -> str:
    if name not in current.model_fields_set:
        return "default"
    if getattr(given, name, None) is not None and name in SERVERS:
        return f"--{name.replace('_', '-')}"
    if given.directory and name in (*SERVERS, "security_protocol"):
        return "--dir"
    return "variable"
