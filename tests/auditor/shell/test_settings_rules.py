"""The user's rules in cache-auditor.toml: read with the other settings, shown, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import SettingsInvalid
from auditor.rules.rule import Rule
from auditor.settings import Settings, variable
from auditor.settings_sources import read_settings
from tests.auditor.shell.tool import tool

TWO = """
grace_s = 3

[[rules]]
name = "low hits"
metric = "hit_rate"
below = 80
for_minutes = 5
cache = "sessions"
severity = "critical"

[[rules]]
name = "slow"
metric = "miss_latency_ms"
above_baseline_percent = 50
over_minutes = 10
"""
RULES = (
    Rule("low hits", "hit_rate", "below", 80.0, for_minutes=5, cache_name="sessions",
         severity="critical"),
    Rule("slow", "miss_latency_ms", "above", 50.0, against_baseline=True, over_minutes=10),
)  # fmt: skip


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Writes the settings file of an empty folder, with no variable set."""
    for name in (*map(variable, Settings.model_fields), "CACHE_AUDITOR_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> None:
        (tmp_path / "cache-auditor.toml").write_text(text, "utf-8")

    return write


def faults() -> tuple[str, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        read_settings()
    return caught.value.faults


def test_rules_of_the_file_are_settings_like_the_others(file: Callable[[str], None]) -> None:
    file(TWO)
    reading = read_settings()
    assert reading.settings.rules == RULES
    assert reading.settings.grace_s == 3
    assert reading.sources["rules"] == "file cache-auditor.toml"
    assert reading.shown("rules") == "; ".join(map(str, RULES))


def test_without_any_there_are_none(file: Callable[[str], None]) -> None:
    for text in ("", "rules = []"):
        file(text)
        assert read_settings().settings.rules == ()
        assert read_settings().shown("rules") == ""


def test_the_environment_takes_the_place_of_the_files(
    file: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    file(TWO)
    table = {"name": "silent", "metric": "traffic", "below": 1}
    monkeypatch.setenv("CACHE_AUDITOR_RULES", json.dumps([table]))
    reading = read_settings()
    assert reading.settings.rules == (Rule("silent", "traffic", "below", 1.0),)
    assert reading.sources["rules"] == "environment CACHE_AUDITOR_RULES"


def test_every_fault_of_every_rule_is_reported_with_those_of_other_settings(
    file: Callable[[str], None],
) -> None:
    file(
        'grace_s = "soon"\nhit_rate_warning_percent = 30\n'
        '[[rules]]\nname = "a"\nmetric = "hitrate"\nbelow = 80\n'
        '[[rules]]\nmetric = "hit_rate"\nbelow = 800\nfor_minutes = 0\n'
    )
    said = faults()
    place = "rules (file cache-auditor.toml), rule"
    assert [fault.partition(":")[0] for fault in said] == [
        "grace_s = 'soon' (file cache-auditor.toml)",
        f"{place} 1 'a'", f"{place} 2", f"{place} 2", f"{place} 2",
        "hit_rate_warning_percent must be below hit_rate_critical_percent",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ['[rules]\nname = "a"', "rules = 3", 'rules = ["a"]'])
def test_what_is_no_list_of_tables_is_told_how_to_write_it(
    file: Callable[[str], None], text: str
) -> None:
    file(text)
    (fault,) = faults()
    assert fault.startswith("rules (file cache-auditor.toml), must be tables: [[rules]]")


def test_config_check_and_show_tell_of_rules(tmp_path: Path) -> None:
    (tmp_path / "cache-auditor.toml").write_text(TWO)
    assert tool("config", "check", folder=tmp_path).returncode == 0
    (row,) = (
        row
        for row in json.loads(tool("config", "show", "--json", folder=tmp_path).stdout)
        if row["name"] == "rules"
    )
    assert row["value"] == "; ".join(map(str, RULES))
    (tmp_path / "cache-auditor.toml").write_text(TWO.replace("below = 80", "below = 180"))
    wrong = tool("config", "check", folder=tmp_path)
    assert wrong.returncode == 3
    assert "rule 1 'low hits': below = 180: must be a number from 0 to 100" in wrong.stderr
