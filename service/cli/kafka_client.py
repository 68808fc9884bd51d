"""The contracts' client, reaching and trusting the brokers as the service does."""

from __future__ import annotations

from fairlead.client import Client
from service.kafka.connection import connection
from service.settings import Settings


def open_client(settings: Settings, source: str) -> Client:
    """A client to be entered."""
    return Client(prefix=settings.prefix, source=source, **connection(settings))
