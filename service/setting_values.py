"""What the values of settings must look like, so that a wrong one is named at once, and not where it first hurts."""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

_BROKER = re.compile(r"([^\s:,\[\]]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?")
_HOST = r"([^\s:,\[\]/?#@]*|\[[^\[\]/?#@]+\])(:[0-9]{1,5})?"
_DATABASE = re.compile(rf"postgres(ql)?://([^/?#@\[\]]*@)?{_HOST}(,{_HOST})*(/[^?#@]*)?(\?[^#@]*)?")


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty: give it a value, or leave the variable out")
    return text


def _brokers(text: str) -> str:
    if not all(_BROKER.fullmatch(part.strip()) for part in text.split(",")):
        raise ValueError("must be such as 127.0.0.1:9092, or several of these with commas between")
    return text


def _database(url: SecretStr) -> SecretStr:
    # What the driver says of one that it cannot read may quote a part of the password.
    if not _is_database(url.get_secret_value().strip()):
        raise ValueError(
            "must be such as postgresql://user:password@127.0.0.1:5432/postgres; "
            "in a user or password / ? # @ [ ] are written %2F %3F %23 %40 %5B %5D"
        )
    return url


def _is_database(url: str) -> bool:
    try:
        query = urlsplit(url).query
        parse_qsl(query, strict_parsing=bool(query))
    except ValueError:
        return False
    return _DATABASE.fullmatch(url) is not None


def _http(url: str) -> str:
    if not re.match(r"https?://[^\s/]", url):
        raise ValueError("must be such as http://127.0.0.1:8080")
    return url


def _certificates(path: str) -> str:
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValueError(f"no certificates can be read from {path}: {error.strerror or error}") from None
    return path


def _in_a_directory(path: str) -> str:
    if not Path(path).parent.is_dir():
        raise ValueError(f"there is no directory {Path(path).parent} to create it in")
    return path


def _no_file(path: str) -> str:
    if Path(path).exists() and not Path(path).is_dir():
        raise ValueError(f"{path} is no directory")
    return path


Text = Annotated[str, AfterValidator(_said)]
Secret = Annotated[SecretStr, Field(min_length=1)]
Prefix = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_-]{0,30}\.)?$")]
MemberName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,199}$")]
Port = Annotated[int, Field(ge=0, le=65_535)]
Brokers = Annotated[str, AfterValidator(_brokers)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
HttpUrl = Annotated[str, AfterValidator(_http)]
Certificates = Annotated[str, AfterValidator(_said), AfterValidator(_certificates)]
NewFile = Annotated[str, AfterValidator(_said), AfterValidator(_in_a_directory)]
Folder = Annotated[str, AfterValidator(_said), AfterValidator(_in_a_directory), AfterValidator(_no_file)]
