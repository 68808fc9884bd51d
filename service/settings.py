"""Everything that can be set, from FAIRLEAD_… variables into one frozen object."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic.config import JsonDict
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.setting_values import (
    Brokers,
    Certificates,
    DatabaseUrl,
    Folder,
    HttpUrl,
    MemberName,
    NewFile,
    Port,
    Prefix,
    Secret,
    Text,
)

ENV_PREFIX = "FAIRLEAD_"

_KAFKA: JsonDict = {"group": "Kafka"}
_POSTGRES: JsonDict = {"group": "PostgreSQL"}
_HANDLER: JsonDict = {"group": "Handler"}
_MEMBERS: JsonDict = {"group": "Handler and projections"}
_API: JsonDict = {"group": "API"}
_LOGS: JsonDict = {"group": "Logs and supervision"}
_COMMANDS: JsonDict = {"unit": "commands"}
_ENTITIES: JsonDict = {"unit": "entities"}
_SECONDS: JsonDict = {"unit": "seconds"}
_MILLISECONDS: JsonDict = {"unit": "milliseconds"}


class Settings(BaseSettings):
    """What a role needs to know; the default of each field is that of a service on one machine."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore", allow_inf_nan=False)

    bootstrap_servers: Brokers = Field(
        "127.0.0.1:9092", description="Kafka brokers, host:port, comma separated", json_schema_extra=_KAFKA
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How Kafka is spoken to", json_schema_extra=_KAFKA
    )
    sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="With SASL_SSL", json_schema_extra=_KAFKA
    )
    sasl_username: Text | None = Field(None, description="With SASL_SSL", json_schema_extra=_KAFKA)
    sasl_password: Secret | None = Field(None, description="With SASL_SSL", json_schema_extra=_KAFKA)
    ssl_cafile: Certificates | None = Field(
        None, description="What brokers are checked against; the system's if unset", json_schema_extra=_KAFKA
    )
    prefix: Prefix = Field(
        "",
        description="Goes before topics, groups, transactional ids and schemas; ends with a dot",
        json_schema_extra=_KAFKA,
    )
    database_url: DatabaseUrl = Field(
        SecretStr("postgresql://127.0.0.1:5432/postgres"),
        description="PostgreSQL, for projections and the key store",
        json_schema_extra=_POSTGRES,
    )
    reader_role: Text | None = Field(
        None,
        description="A role of the database that projectors let read the public views, and nothing else",
        json_schema_extra=_POSTGRES,
    )
    group: Text | None = Field(
        None,
        description="Group of the handler; `fairlead.{aggregate}.handler` after the prefix if unset",
        json_schema_extra=_HANDLER,
    )
    allow_import: bool = Field(
        default=False, description="Whether import_history commands are accepted", json_schema_extra=_HANDLER
    )
    on_failure: Literal["park", "continue"] = Field(
        "park",
        description="What becomes of an entity when the code fails on one of its commands",
        json_schema_extra=_HANDLER,
    )
    on_overload: Literal["pause", "busy"] = Field(
        "pause",
        description="Whether commands wait in the log, or are answered busy above FAIRLEAD_BUSY_ABOVE",
        json_schema_extra=_HANDLER,
    )
    busy_above: int = Field(
        10_000,
        ge=1,
        description="Commands waiting in a partition that are not answered busy",
        json_schema_extra=_HANDLER | _COMMANDS,
    )
    max_batch: int = Field(
        2_000,
        ge=1,
        le=100_000,
        description="Commands in one transaction, at most",
        json_schema_extra=_HANDLER | _COMMANDS,
    )
    state_dir: Folder | None = Field(
        None,
        description="Folder of the local state, which may be lost; of this process alone if unset",
        json_schema_extra=_HANDLER,
    )
    standby: bool = Field(
        default=False,
        description="Whether a copy of the local state of others' partitions is kept, to take over at once",
        json_schema_extra=_HANDLER,
    )
    cached_entities: int = Field(
        10_000,
        ge=100,
        description="Entities of each partition that stay in memory",
        json_schema_extra=_HANDLER | _ENTITIES,
    )
    transaction_timeout_ms: int = Field(
        60_000,
        ge=1_000,
        description="After this an open transaction is aborted",
        json_schema_extra=_HANDLER | _MILLISECONDS,
    )
    commit_timeout_s: float = Field(
        15.0,
        gt=0,
        description="After this a commit's partition is acquired anew",
        json_schema_extra=_HANDLER | _SECONDS,
    )
    instance_id: MemberName | None = Field(
        None,
        description="Under a name kept over a crash, who is back within the session has its work at once",
        json_schema_extra=_MEMBERS,
    )
    session_timeout_ms: int = Field(
        30_000,
        ge=1_000,
        description="After this a silent member's work goes to others; no less than the broker's "
        "`group.min.session.timeout.ms`, 6000 by default",
        json_schema_extra=_MEMBERS | _MILLISECONDS,
    )
    watchdog_s: float = Field(
        30.0,
        ge=1,
        description="After this a client whose partition grows while it stands still is restarted",
        json_schema_extra=_MEMBERS | _SECONDS,
    )
    health_host: Text = Field(
        "127.0.0.1", description="Where handler and projectors answer /readyz and /metrics", json_schema_extra=_MEMBERS
    )
    health_port: Port | None = Field(
        None, description="As FAIRLEAD_HEALTH_HOST; not at all if unset", json_schema_extra=_MEMBERS
    )
    show_personal_data: bool = Field(
        default=False,
        description="Whether reads show names, to whoever asks, rather than [protected]",
        json_schema_extra=_API,
    )
    api_host: Text = Field("127.0.0.1", description="Where the HTTP API listens", json_schema_extra=_API)
    api_port: Port = Field(8080, description="Where the HTTP API listens", json_schema_extra=_API)
    api_url: HttpUrl = Field(
        "http://127.0.0.1:8080", description="Where the command line finds the HTTP API", json_schema_extra=_API
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level of what is logged", json_schema_extra=_LOGS
    )
    ready_file: NewFile | None = Field(
        None, description="Created once the role is ready, for a supervisor to see", json_schema_extra=_LOGS
    )

    @model_validator(mode="after")
    def _credentials(self) -> Settings:
        if self.security_protocol == "SASL_SSL" and not (self.sasl_username and self.sasl_password):
            msg = (
                "FAIRLEAD_SASL_USERNAME and FAIRLEAD_SASL_PASSWORD are needed with FAIRLEAD_SECURITY_PROTOCOL=SASL_SSL"
            )
            raise ValueError(msg)
        return self
