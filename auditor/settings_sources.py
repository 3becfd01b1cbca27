"""Where settings come from: a flag, else the environment, else cache-auditor.toml, else a default.

All wrong values are reported together, each with where it was found and what it may be.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic_settings import EnvSettingsSource

from auditor.dsn import place
from auditor.errors import SettingsInvalid
from auditor.settings import PREFIX, Settings, allowed, variable

FILE: Final = Path("cache-auditor.toml")
DEFAULT: Final = "default"
SECRETS: Final = frozenset({"dsn", "listen_dsn", "ingest_tokens", "notify"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The settings, and for each by name where it came from."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self, name: str) -> str:
        """A setting's value as it may be printed: connection strings without their password."""
        value = getattr(self.settings, name)
        if value is None:
            return ""
        if isinstance(value, tuple):
            return "; ".join(map(str, value))
        return place(value.get_secret_value()) if isinstance(value, SecretStr) else str(value)


def read_settings(flags: Mapping[str, object] | None = None, config: Path | None = None) -> Reading:
    """Read, merge and check the settings.

    flags: by setting's name what the command line says; None values are not given.
    config: the file; None for what CACHE_AUDITOR_CONFIG names, else cache-auditor.toml in the
    working folder if there is one.
    Raises SettingsInvalid with every fault.
    """
    values: dict[str, object] = {}
    sources: dict[str, str] = dict.fromkeys(Settings.model_fields, DEFAULT)
    path = _file(config)
    layers: list[tuple[Mapping[str, object], str]] = []
    if path is not None:
        layers.append((_from_file(path), f"file {path}"))
    layers.append((EnvSettingsSource(Settings)(), "environment"))
    given = {name: value for name, value in (flags or {}).items() if value not in (None, "")}
    layers.append((given, "flag"))
    for layer, origin in layers:
        values |= layer
        sources |= {name: _origin(name, origin) for name in layer}
    settings = _checked(values, sources)
    if settings.listen_dsn is not None and not _belongs(layers):
        sources["listen_dsn"] = f"left out: {sources['listen_dsn']} is not {sources['dsn']}'s"
        settings = settings.model_copy(update={"listen_dsn": None})
    return Reading(settings, sources)


def _belongs(layers: Sequence[tuple[Mapping[str, object], str]]) -> bool:
    """Whether listen_dsn leads to the database that dsn names, as far as their places tell.

    layers: weakest first. It belongs to the dsn that was given beside it. Given alone it goes with
    a dsn from anywhere, but the environment's does not go with a flag's, which names another
    database for this one command.
    """
    dsn, listen = _strongest(layers, "dsn"), _strongest(layers, "listen_dsn")
    if dsn <= listen:
        return True
    (chosen, named_by), (beside, origin) = layers[dsn], layers[listen]
    if "dsn" in beside:
        return beside["dsn"] == chosen["dsn"]
    return (named_by, origin) != ("flag", "environment")


def _strongest(layers: Sequence[tuple[Mapping[str, object], str]], name: str) -> int:
    """The place of the last layer that gives a setting; -1 when none does."""
    return max((place for place, (layer, _) in enumerate(layers) if name in layer), default=-1)


def _origin(name: str, layer: str) -> str:
    if layer == "flag":
        return f"flag --{name.replace('_', '-')}"
    return f"environment {variable(name)}" if layer == "environment" else layer


def _file(config: Path | None) -> Path | None:
    """The file to read. Raises SettingsInvalid when the one that is named does not exist."""
    named = config or (Path(text) if (text := os.environ.get(f"{PREFIX}CONFIG")) else None)
    if named is None:
        return FILE if FILE.is_file() else None
    if not named.is_file():
        asked = "--config" if config else f"environment {PREFIX}CONFIG"
        raise SettingsInvalid((f"{asked} names {named}, and there is no such file",))
    return named


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsInvalid((f"file {path} is not TOML: {exc}",)) from exc
    except OSError as exc:
        raise SettingsInvalid((f"file {path} cannot be read: {exc.strerror}",)) from exc


def _checked(values: Mapping[str, object], sources: Mapping[str, str]) -> Settings:
    """The settings. Raises SettingsInvalid with the faults of values, and of pairs of values."""
    faults: list[str] = []
    good = dict(values)
    try:
        return Settings.model_validate(good)
    except ValidationError as exc:
        wrong = {str(error["loc"][0]): error for error in exc.errors() if error["loc"]}
        for name in sorted(wrong):
            inner = getattr(wrong[name].get("ctx", {}).get("error"), "faults", None)
            faults += (
                [_fault(name, values[name], sources[name])]
                if inner is None
                else [f"{name} ({sources[name]}), {fault}" for fault in inner]
            )
        faults += _pair_faults(exc)
    for name in wrong:
        del good[name]
    if wrong:  # pairs are only compared where each of them is right
        try:
            Settings.model_validate(good)
        except ValidationError as exc:
            faults += _pair_faults(exc)
    raise SettingsInvalid(tuple(faults)) from None


def _fault(name: str, value: object, source: str) -> str:
    if name not in Settings.model_fields:
        return f"{name} ({source}): there is no such setting; `cache-auditor config show` lists all"
    shown = "" if name in SECRETS else f" = {value!r}"
    return f"{name}{shown} ({source}): must be {allowed(name)}"


def _pair_faults(error: ValidationError) -> list[str]:
    return [
        fault
        for found in error.errors()
        if not found["loc"]
        for fault in str(found["msg"]).removeprefix("Value error, ").split("; ")
    ]
