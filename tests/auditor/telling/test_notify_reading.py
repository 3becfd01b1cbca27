"""`[[notify]]` tables: all faults at once, and no address in any of them."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from auditor.errors import SettingsInvalid
from auditor.notifying.quiet import Quiet
from auditor.notifying.reading import Address, Notified, read_notify
from auditor.notifying.route import KINDS, NotifyInvalid, Route
from auditor.settings_sources import read_settings

SECRET = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV"


def faults(*tables: object) -> list[str]:
    with pytest.raises(NotifyInvalid) as invalid:
        read_notify(list(tables))
    return list(invalid.value.faults)


def test_a_route_is_read_with_all_it_may_say() -> None:
    (read,) = read_notify(
        [
            {
                "name": "on-call", "url": [SECRET, "json://x"], "url_variable": "PAGER_URL",
                "severity": "info", "caches": ["pages*", "users"], "categories": "capacity",
                "on": list(KINDS), "quiet_hours": "22:00-07:00", "time_zone": "Europe/Zurich",
                "quiet_passes": "nothing",
            }
        ]
    )  # fmt: skip
    quiet = Quiet(time(22), time(7), "Europe/Zurich", "nothing")
    route = Route("on-call", "info", ("pages*", "users"), ("capacity",), KINDS, quiet)
    addresses = (Address(SECRET), Address("json://x"), Address(variable="PAGER_URL"))
    assert read == Notified(route, addresses)
    assert SECRET not in f"{read} {read!r}"


def test_what_is_left_out_has_a_sensible_meaning() -> None:
    (read,) = read_notify([{"name": "chat", "url": SECRET}])
    assert read.route == Route("chat")
    assert (read.route.severity, read.route.quiet) == ("warning", None)
    assert set(KINDS) - set(read.route.on) == {"acknowledged"}
    (zoned,) = read_notify(
        [{"name": "c", "url": SECRET, "quiet_hours": "01:00-02:00"}], "Asia/Tokyo"
    )
    assert zoned.route.quiet == Quiet(time(1), time(2), "Asia/Tokyo")


def test_every_fault_of_every_route_is_said_at_once_without_an_address() -> None:
    said = faults(
        {"name": "two words", "url": SECRET, "severity": "grave", "caches": [""], "to": "x"},
        {"url": "not-a-url-" + "hunter2", "on": ["opened", "closed"], "categories": 3},
        {"name": "a", "quiet_hours": "22-7", "time_zone": "Mars/Base", "url_variable": "A B"},
        {"name": "a", "url": [], "on": [], "quiet_passes": "loud", "time_zone": "UTC"},
    )
    expected = [
        "route 1 'two words': to: there is no such key",
        "route 1 'two words': name = 'two words': must be 1 to 64",
        "route 1 'two words': severity = 'grave': must be one of info, warning, critical",
        "route 1 'two words': caches: leave it out for all",
        "route 2: categories: must be a text, or a list of texts",
        "route 2: name: is missing",
        "route 2: url: the 1. is not like schema://",
        "route 2: on = 'closed': must be one of opened",
        "route 3 'a': url_variable = 'A B': must be the name of an environment variable",
        "route 3 'a': quiet_hours = '22-7': must be like 22:00-07:00",
        "route 3 'a': time_zone: 'Mars/Base' is not a time zone",
        "route 4 'a': url: names no address",
        "route 4 'a': quiet_passes = 'loud': must be one of",
        "route 4 'a': time_zone: is for quiet_hours, which is missing",
        "route 4 'a': quiet_passes: is for quiet_hours, which is missing",
        "route 4 'a': on: names nothing",
        "route 4 'a': route 3 has that name already",
    ]
    assert len(said) == len(expected)
    assert all(any(one.startswith(start) for one in said) for start in expected), said
    assert "hunter2" not in " ".join(said)
    assert "JHMHI8" not in " ".join(said)
    assert faults("x") == ["must be tables: [[notify]], and below it name = …, url = …"]
    assert faults({"name": "a"}) == [
        "route 1 'a': url: is missing; give it, or url_variable, which names a variable with it"
    ]


def test_quiet_hours_that_are_empty_are_a_mistake() -> None:
    (said,) = faults({"name": "a", "url": SECRET, "quiet_hours": "07:00-07:00"})
    assert "must be like 22:00-07:00" in said


def test_settings_show_no_address_whatever_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the file and from the environment; shown, and in an error."""
    file = tmp_path / "cache-auditor.toml"
    file.write_text(f'time_zone = "Asia/Tokyo"\n[[notify]]\nname = "a"\nurl = "{SECRET}"\n'
                    'quiet_hours = "22:00-07:00"\n')  # fmt: skip
    reading = read_settings(config=file)
    assert reading.shown("notify") == "a: 1 address, warning"
    assert SECRET not in f"{reading.settings!r}"
    assert reading.settings.notify[0].route.quiet.time_zone == "Asia/Tokyo"
    for written in (f"{SECRET}", f'[{{"name": "a", "url": "{SECRET}", "to": 1}}]'):
        monkeypatch.setenv("CACHE_AUDITOR_NOTIFY", written)
        with pytest.raises(SettingsInvalid) as invalid:
            read_settings(config=file)
        assert "JHMHI8" not in str(invalid.value)
        assert "notify (environment CACHE_AUDITOR_NOTIFY)" in str(invalid.value)


def test_the_public_url_is_one_of_a_page() -> None:
    def read(url: str) -> str | None:
        return read_settings({"serve_url": url}).settings.serve_url

    assert read("https://caches.example.com/") == "https://caches.example.com"
    assert read("http://h:8710/caches") == "http://h:8710/caches"
    for wrong in (
        "caches.example.com",
        "https://user:pw@h",
        "https://h/?x=1",
        "ftp://h",
        "https:// h",
    ):
        with pytest.raises(SettingsInvalid, match="serve_url"):
            read(wrong)
