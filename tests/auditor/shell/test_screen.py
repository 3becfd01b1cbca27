"""What is shown: escaped, with JSON that every reader can read."""

import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from auditor.screen import Screen, jsonable, plain


@dataclass(frozen=True)
class Shape:
    seen_at: datetime
    ratio: float


@pytest.fixture
def screen() -> Screen:
    return Screen(out=io.StringIO(), err=io.StringIO())


def shown(screen: Screen) -> str:
    assert isinstance(screen.out.file, io.StringIO)
    return screen.out.file.getvalue()


def test_control_characters_cannot_reach_the_terminal(screen: Screen) -> None:
    screen.table(["key"], [["\x1b[2Jgone\x07"]])
    screen.say("\x9b31m")
    assert "\x1b" not in shown(screen)
    assert "\\x1b[2Jgone\\x07" in shown(screen)
    assert "\\x9b31m" in shown(screen)


def test_markup_is_shown_as_it_is(screen: Screen) -> None:
    screen.table(["[b]key[/b]"], [["[red]x[/red]"]])
    screen.say("[link=http://x]y[/link]")
    for text in ("[b]key[/b]", "[red]x[/red]", "[link=http://x]y[/link]"):
        assert text in shown(screen)


def test_instants_are_shown_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert plain(datetime(2026, 1, 2, 3, 4, 5, tzinfo=tokyo)) == "2026-01-01 18:04:05"
    assert plain(None) == ""


def test_json_is_json_for_everything_that_commands_return(screen: Screen) -> None:
    instant = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    value = {
        "shape": Shape(instant, float("nan")),
        "id": UUID(int=1),
        "many": (1, float("inf"), None, True, "ü\x1b"),
    }
    screen.document(value)
    assert json.loads(shown(screen), parse_constant=pytest.fail) == {
        "shape": {"seen_at": "2026-01-02T03:04:05Z", "ratio": None},
        "id": "00000000-0000-0000-0000-000000000001",
        "many": [1, None, None, True, "ü\x1b"],
    }


def test_a_stream_is_one_json_document_a_line(screen: Screen) -> None:
    screen.line({"text": "two\nlines"})
    screen.line({"text": "one"})
    assert [json.loads(line)["text"] for line in shown(screen).splitlines()] == [
        "two\nlines",
        "one",
    ]


def test_an_unknown_type_is_an_error_and_not_its_repr() -> None:
    with pytest.raises(TypeError, match="object has no agreed form"):
        jsonable(object())


def test_progress_and_notes_stay_off_stdout(screen: Screen) -> None:
    with screen.progress("loading", total=2) as advance:
        advance(2)
    screen.note("a warning")
    assert shown(screen) == ""
    assert isinstance(screen.err.file, io.StringIO)
    assert "a warning" in screen.err.file.getvalue()
