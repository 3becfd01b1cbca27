"""Where settings come from, and how wrong ones are reported."""

from pathlib import Path

import pytest

from auditor.errors import SettingsInvalid
from auditor.settings import Settings, allowed, variable
from auditor.settings_sources import read_settings

SECRET = "hunter2-is-my-password"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*map(variable, Settings.model_fields), "CACHE_AUDITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_anything_every_setting_is_its_default() -> None:
    reading = read_settings()
    assert set(reading.sources.values()) == {"default"}
    assert reading.settings.alert_budget_per_week == 0.25
    assert (reading.settings.grace_s, reading.settings.grace_without_watermarks_s) == (10, 75)


def test_flag_beats_environment_beats_file_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("cache-auditor.toml").write_text(
        "grace_s = 1\nbaseline_refresh_minutes = 1\nretention_events_days = 1"
    )
    monkeypatch.setenv("CACHE_AUDITOR_GRACE_S", "2")
    monkeypatch.setenv("CACHE_AUDITOR_BASELINE_REFRESH_MINUTES", "2")
    reading = read_settings({"grace_s": 3, "baseline_refresh_minutes": None})
    settings = reading.settings
    assert (
        settings.grace_s,
        settings.baseline_refresh_minutes,
        settings.retention_events_days,
    ) == (3, 2, 1)
    assert reading.sources["grace_s"] == "flag --grace-s"
    assert (
        reading.sources["baseline_refresh_minutes"]
        == "environment CACHE_AUDITOR_BASELINE_REFRESH_MINUTES"
    )
    assert reading.sources["retention_events_days"] == "file cache-auditor.toml"
    assert reading.sources["time_zone"] == "default"


def test_the_file_may_be_named_by_flag_or_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, second in (("named.toml", 11), ("other.toml", 22)):
        (tmp_path / name).write_text(f"baseline_refresh_minutes = {second}")
    monkeypatch.setenv("CACHE_AUDITOR_CONFIG", "named.toml")
    assert read_settings().settings.baseline_refresh_minutes == 11
    assert read_settings(config=Path("other.toml")).settings.baseline_refresh_minutes == 22
    with pytest.raises(SettingsInvalid, match=r"--config names none\.toml, .* no such file"):
        read_settings(config=Path("none.toml"))


def test_every_wrong_value_is_reported_at_once_with_its_source_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("cache-auditor.toml").write_text(
        'grace_s = "soon"\nbaseline_refresh_minutes = 0\n'
        "no_such = 1\nhit_rate_warning_percent = 30\n"
        f'listen_dsn = "{SECRET} x"'
    )
    monkeypatch.setenv("CACHE_AUDITOR_TIME_ZONE", "Mars/Olympus")
    with pytest.raises(SettingsInvalid) as caught:
        read_settings({"retention_ledger_days": 3})
    text = str(caught.value)
    assert text.startswith("7 settings are wrong:")
    assert "grace_s = 'soon' (file cache-auditor.toml): must be a number from 0 to 3600" in text
    assert (
        "baseline_refresh_minutes = 0 (file cache-auditor.toml): must be a number from 1 to 1440"
        in text
    )
    assert "no_such (file cache-auditor.toml): there is no such setting" in text
    assert "time_zone = 'Mars/Olympus' (environment CACHE_AUDITOR_TIME_ZONE)" in text
    assert "hit_rate_warning_percent must be below hit_rate_critical_percent" in text
    assert "retention_ledger_days must not be below retention_events_days" in text
    assert "listen_dsn (file cache-auditor.toml): must be like postgresql://" in text
    assert SECRET not in text


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    Path("cache-auditor.toml").write_text("grace_s = = 3")
    with pytest.raises(SettingsInvalid, match=r"is not TOML: .*line 1"):
        read_settings()


def test_passwords_are_never_shown() -> None:
    reading = read_settings({"dsn": f"postgresql://me:{SECRET}@host:6543/shop"})
    assert reading.shown("dsn") == "me@host:6543/shop"
    assert SECRET not in repr(reading)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_says_what_it_means_and_what_is_allowed(name: str) -> None:
    assert Settings.model_fields[name].description
    assert allowed(name)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_can_be_given_by_its_environment_variable(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(variable(name), "not a right value, for any of them")
    if name == "data_folder":
        assert read_settings().sources[name] == f"environment {variable(name)}"
        return
    with pytest.raises(SettingsInvalid, match=rf"{name}.* \(environment {variable(name)}\)"):
        read_settings()
