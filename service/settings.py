"""Everything that can be set, from FAIRLEAD_… variables into one frozen object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Prefix = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_-]{0,30}\.)?$")]


class Settings(BaseSettings):
    """What a role needs to know; the default of each field is that of a service on one machine."""

    model_config = SettingsConfigDict(env_prefix="FAIRLEAD_", frozen=True, extra="ignore")

    bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port, comma separated")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How Kafka is spoken to"
    )
    sasl_mechanism: Literal["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"] = Field(
        "SCRAM-SHA-512", description="With SASL_SSL"
    )
    sasl_username: str | None = Field(None, description="With SASL_SSL")
    sasl_password: SecretStr | None = Field(None, description="With SASL_SSL")
    ssl_cafile: str | None = Field(None, description="What brokers are checked against; the system's if unset")
    database_url: SecretStr = Field(
        SecretStr("postgresql://127.0.0.1:5432/postgres"), description="PostgreSQL, for projections and the key store"
    )
    prefix: Prefix = Field("", description="Goes before topics, groups, transactional ids and schemas; ends with a dot")
    group: str | None = Field(None, description="Group of the handler; `fairlead.{aggregate}.handler` if unset")
    instance_id: str | None = Field(None, description="A name kept over restarts gets its work back at once")
    allow_import: bool = Field(default=False, description="Whether import_history commands are accepted")
    show_personal_data: bool = Field(default=False, description="Whether reads show names rather than [protected]")
    on_failure: Literal["park", "continue"] = Field(
        "park", description="What becomes of an entity when the code fails on one of its commands"
    )
    on_overload: Literal["pause", "busy"] = Field(
        "pause", description="Whether commands wait in the log, or are answered busy above FAIRLEAD_BUSY_ABOVE"
    )
    busy_above: int = Field(10_000, ge=1, description="Commands waiting in a partition that are not answered busy")
    max_batch: int = Field(2_000, ge=1, le=100_000, description="Commands in one transaction, at most")
    session_timeout_ms: int = Field(30_000, ge=1_000, description="After this a silent member's work goes to others")
    transaction_timeout_ms: int = Field(60_000, ge=1_000, description="After this an open transaction is aborted")
    commit_timeout_s: float = Field(15.0, gt=0, description="After this a commit's partition is acquired anew")
    watchdog_s: float = Field(
        30.0, ge=1, description="After this a client whose partition grows while it stands still is restarted"
    )
    health_host: str = Field("127.0.0.1", description="Where handler and projectors answer /readyz and /metrics")
    health_port: int | None = Field(None, ge=0, le=65_535, description="As FAIRLEAD_HEALTH_HOST; not at all if unset")
    api_host: str = Field("127.0.0.1", description="Where the HTTP API listens")
    api_port: int = Field(8080, ge=0, le=65_535, description="Where the HTTP API listens")
    api_url: str = Field("http://127.0.0.1:8080", description="Where the command line finds the HTTP API")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level of what is logged")
    ready_file: str | None = Field(None, description="Created once the role is ready, for a supervisor to see")

    @model_validator(mode="after")
    def _credentials(self) -> Settings:
        if self.security_protocol == "SASL_SSL" and not (self.sasl_username and self.sasl_password):
            msg = (
                "FAIRLEAD_SASL_USERNAME and FAIRLEAD_SASL_PASSWORD are needed with FAIRLEAD_SECURITY_PROTOCOL=SASL_SSL"
            )
            raise ValueError(msg)
        return self
