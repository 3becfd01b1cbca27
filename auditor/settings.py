"""Every setting: its name, its default, what is allowed, and what it means.

Where a value comes from is settings_sources.py's business. Environment variables are called
CACHE_AUDITOR_ and the name in capitals; the two connection strings keep their usual names.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from auditor.settings_serving import (
    Connections,
    Host,
    IngestTokens,
    Mebibytes,
    Origins,
    PerSecond,
    Port,
)
from auditor.settings_telling import PageUrl, Routes
from collector.dsn import parts_of
from collector.errors import UnreadableDsn

PREFIX: Final = "CACHE_AUDITOR_"


def _readable(dsn: SecretStr | None) -> SecretStr | None:
    """None for an empty one. The parser's own words are withheld: they may quote the password."""
    if dsn is None or not dsn.get_secret_value().strip():
        return None
    try:
        parts_of(dsn.get_secret_value())
    except UnreadableDsn as exc:
        raise ValueError(str(exc)) from None
    return dsn


def _there(path: Path | None) -> Path | None:
    if path is not None and not path.is_file():
        raise ValueError("is no file")
    return path


def _known(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a time zone that this machine knows") from None
    return zone


def _rules(given: object) -> tuple[Any, ...]:
    """The user's rules; of the environment as JSON. Raises RuleInvalid with every fault of them."""
    if given == () or given == []:
        return ()
    # the registry of metrics brings numpy, which a command that has no rules does not need
    from auditor.rules.reading import read_rules

    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    return read_rules(given)


def _servers(given: object) -> tuple[Any, ...]:
    """Servers to poll; of the environment as JSON. Raises AddressesInvalid with every fault."""
    if given == () or given == []:
        return ()
    from collector.agents.addresses import from_tables

    return from_tables(_table(given))


def _table(given: object) -> object:
    """A table of the settings file; of the environment as JSON, which is left as it is if wrong."""
    if isinstance(given, str):
        try:
            return json.loads(given)
        except ValueError:
            return given
    return given


def _allowed(text: str) -> Any:
    """What a setting may be, in words, for the error that says it is not."""
    return Field(json_schema_extra={"allowed": text})


def _span(least: float, most: float, unit: str) -> Any:
    return Field(
        ge=least,
        le=most,
        json_schema_extra={"allowed": f"a number from {least} to {most} ({unit})"},
    )


Dsn = Annotated[
    SecretStr | None,
    AfterValidator(_readable),
    _allowed(
        "like postgresql://user:password@host:5432/database; in a password write @ as %40 and "
        "/ as %2F"
    ),
]
Zone = Annotated[str, AfterValidator(_known), _allowed("an IANA name such as Europe/Zurich or UTC")]
Folder = Annotated[Path | None, _allowed("the path of a folder")]
File = Annotated[Path | None, AfterValidator(_there), _allowed("the path of a file that is there")]
Seconds = Annotated[float, _span(0, 3600, "seconds")]
Minutes = Annotated[int, _span(1, 1440, "minutes")]
Days = Annotated[int, _span(1, 3650, "days")]
Percent = Annotated[float, _span(0.01, 10_000, "percent")]
Rules = Annotated[
    tuple[Any, ...],
    NoDecode,
    BeforeValidator(_rules),
    _allowed("[[rules]] tables in the settings file; in the environment the same as a JSON list"),
]
Servers = Annotated[
    tuple[Any, ...],
    NoDecode,
    BeforeValidator(_servers),
    _allowed("[[collect]] tables in the settings file; in the environment the same as a JSON list"),
]
AlertsPerWeek = Annotated[float, _span(0.001, 100, "false observations a series and week")]
AlertsByCache = Annotated[
    dict[str, AlertsPerWeek] | None,
    NoDecode,
    BeforeValidator(_table),
    _allowed('a table of caches and numbers from 0.001 to 100, such as {"sessions": 0.1}'),
]


class Settings(BaseSettings):
    """All settings, checked. Frozen: what a command reads at its start holds to its end."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True,
        populate_by_name=True, validate_default=False,
    )  # fmt: skip

    dsn: Dsn = Field(
        None,
        validation_alias=AliasChoices("dsn", "DATABASE_URL"),
        description="the database; without it the embedded PostgreSQL",
    )
    listen_dsn: Dsn = Field(
        None,
        validation_alias=AliasChoices("listen_dsn", "LISTEN_DATABASE_URL"),
        description="where to LISTEN when dsn leads through a pooler",
    )
    data_folder: Folder = Field(None, description="where the embedded PostgreSQL lives")
    time_zone: Zone = Field("UTC", description="whose weeks the baselines have")

    alert_budget_per_week: AlertsPerWeek = Field(
        0.25, description="expected false observations for each series and week"
    )
    alert_budget_by_cache: AlertsByCache = Field(
        None, description="the same for the series of some caches; a table of cache names"
    )
    resolve_after_minutes: Minutes = Field(
        15, description="how long a problem must be over until its observation resolves"
    )
    reopen_within_minutes: Minutes = Field(
        15, description="a problem that returns within this time reopens its observation"
    )

    grace_s: Seconds = Field(10, description="how long a window waits for late watermarks")
    grace_without_watermarks_s: Seconds = Field(
        75, description="how long a window waits where a source sends no watermarks"
    )
    collector_expected_s: Seconds = Field(
        180, description="windows wait for a collector for this long after its last heartbeat"
    )
    open_window_refresh_s: Seconds = Field(
        20, description="how often the open minute's provisional row is made again"
    )
    baseline_refresh_minutes: Minutes = Field(
        1440, description="how often `run` learns baselines; new series within the hour"
    )
    baseline_span_days: Days = Field(28, description="how much of the past a baseline is fitted on")

    retention_events_days: Days = Field(7, description="how long raw events and weights are kept")
    retention_minutes_days: Days = Field(30, description="how long 1-minute windows are kept")
    retention_hours_days: Days = Field(365, description="how long 1-hour windows are kept")
    retention_changes_days: Days = Field(7, description="how long the change log is kept")
    retention_ledger_days: Days = Field(14, description="how long the batch ledger is kept")

    hit_rate_warning_percent: Percent = Field(10, description="hit rate off its baseline: warning")
    hit_rate_critical_percent: Percent = Field(20, description="the same: critical")
    response_time_warning_percent: Percent = Field(
        25, description="mean response time above its baseline: warning"
    )
    response_time_critical_percent: Percent = Field(50, description="the same: critical")
    error_rate_warning_percent: Percent = Field(1, description="share of errors: warning")
    error_rate_critical_percent: Percent = Field(5, description="the same: critical")

    serve_host: Host = Field("127.0.0.1", description="where `serve` listens")
    serve_port: Port = Field(8710, description="on which port")
    tls_certificate: File = Field(None, description="PEM file of `serve`'s certificate and chain")
    tls_key: File = Field(None, description="PEM file of its key")
    ingest_tokens: IngestTokens = Field((), description="who may deliver over HTTP")
    ingest_body_mib: Mebibytes = Field(
        16, description="the largest body that is taken over HTTP, unpacked"
    )

    serve_url: PageUrl = Field(None, description="where people reach `serve`: messages link there")

    notify: Routes = Field((), description="who is told elsewhere of which problems, and when not")
    serve_origins: Origins = Field(
        (), description="origins whose pages may call `serve`, beside its own; none by default"
    )
    serve_requests_per_s: PerSecond = Field(
        200, description="requests that one token, or one address, may make"
    )
    serve_connections: Connections = Field(2000, description="connections that `serve` holds")
    serve_listeners: Connections = Field(
        1000, description="sockets and streams of events among them"
    )

    rules: Rules = Field((), description="rules of your own; each opens alone, outside the budget")

    collect: Servers = Field((), description="servers that `collect` polls when it is given none")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        """Rules between two settings."""
        faults = []
        for rule in ("hit_rate", "response_time", "error_rate"):
            warning, critical = f"{rule}_warning_percent", f"{rule}_critical_percent"
            if getattr(self, warning) >= getattr(self, critical):
                faults.append(f"{warning} must be below {critical}")
        if self.retention_ledger_days < self.retention_events_days:
            faults.append(
                "retention_ledger_days must not be below retention_events_days, or a batch that "
                "comes again would be stored twice"
            )
        if (self.tls_certificate is None) != (self.tls_key is None):
            faults.append("tls_certificate and tls_key go together, and one of them is not set")
        if self.serve_listeners >= self.serve_connections:
            faults.append(
                "serve_listeners must be below serve_connections, or no room is left for those "
                "who deliver"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given; settings_sources.py has merged it and knows where it is from."""
        return (init_settings,)


def allowed(name: str) -> str:
    """What a setting may be, in words."""
    extra = Settings.model_fields[name].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else ""


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return {"dsn": "DATABASE_URL", "listen_dsn": "LISTEN_DATABASE_URL"}.get(
        name, f"{PREFIX}{name.upper()}"
    )
