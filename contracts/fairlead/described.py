"""What a published schema says of a field where the check is a function, of which pydantic cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


@dataclass(frozen=True, slots=True, eq=False)  # a dict has no hash, an annotation needs one
class Described:
    """Metadata of an annotated type: these keywords of JSON Schema hold for it as well; it checks nothing."""

    keywords: Mapping[str, Any]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What pydantic says, and these."""
        return {**handler(schema), **self.keywords}
