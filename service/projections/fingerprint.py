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


def fingerprint(projection: Projection) -> str:
    """32 hex digits of the tables and of the code around `project`; comments and line breaks do not count."""
    source = inspect.getsource(sys.modules[projection.project.__module__])
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = " ".join(token.string for token in tokens if token.type not in _SAYS_NOTHING)
    return blake2b(f"{projection.tables}\n{code}".encode(), digest_size=16).hexdigest()
