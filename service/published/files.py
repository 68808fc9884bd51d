"""All published files by their path, so that writing, drift and comparison speak of the same set."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from service.domain import AGGREGATES, Aggregate
from service.published.asyncapi import document
from service.published.pages import page
from service.published.samples import samples
from service.published.schemas import Schema, messages
from service.published.yaml import dump

SAMPLES = "samples/"
SCHEMAS = "schemas/"
_HEAD = "# Made by `fairlead contracts write` from the code: change it there.\n"


def published(aggregates: Mapping[str, Aggregate] = AGGREGATES) -> dict[str, bytes]:
    """What the code at hand says: the bytes of each file by its path."""
    told = {name: [*messages(aggregate)] for name, aggregate in aggregates.items()}
    files: dict[str, bytes] = {}
    for name, aggregate in aggregates.items():
        for one in told[name]:
            place = f"{SCHEMAS}{name}/{one.name}.{one.version}"
            files[f"{place}.json"] = _json(one.data)
            files[f"{place}.{one.kind}.json"] = _json(one.whole)
        files |= {f"{SAMPLES}{name}/{sample}": value for sample, value in samples(aggregate)}
    files |= {f"{name}.md": page(aggregate, told[name], files).encode() for name, aggregate in aggregates.items()}
    files["asyncapi.yaml"] = (_HEAD + dump(document(aggregates, told, files))).encode()
    return files


def _json(schema: Schema) -> bytes:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
