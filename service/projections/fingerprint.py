"""What a version of a projection stands for, so that other rows are never written under the same one."""

from __future__ import annotations

import inspect
import io
import sys
import tokenize
from hashlib import blake2b

from service.projections.projection import Projection

_SAYS_NOTHING = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
)


_OF_TABLES = 16


def same_tables(one: str, other: str) -> bool:
    """Whether two fingerprints are of the same tables, whatever the code does."""
    return one[:_OF_TABLES] == other[:_OF_TABLES]


def fingerprint(projection: Projection) -> str:
    """16 hex digits of the tables and 16 of the code around `project`, whose comments and line breaks do not count."""
    source = inspect.getsource(sys.modules[projection.project.__module__])
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = " ".join(token.string for token in tokens if token.type not in _SAYS_NOTHING)
    return "".join(blake2b(part.encode(), digest_size=8).hexdigest() for part in (projection.tables, code))
