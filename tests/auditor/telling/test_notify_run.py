"""`run` tells people while it ticks; `notify` tries, lists, takes up again and sends, for real."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli import build
from auditor.daemon.schedule import Daemon
from auditor.delivering.outbox import PLACE
from auditor.delivering.targets import targets_of
from auditor.listening.named import list_listeners
from auditor.settings import Settings
from tests.auditor.shell.test_daemon import has_ticked, wait_until
from tests.auditor.shell.tool import tool
from tests.auditor.telling.problems import opens
from tests.auditor.telling.receiver import PATIENCE_S, Receiver
from tests.postgres_clusters import Database

SECRET = "s3cr3t-tok3n"


def settings_file(folder: Path, **urls: str) -> Path:
    file = folder / "cache-auditor.toml"
    routes = [f'[[notify]]\nname = "{name}"\nurl = "{url}"\n' for name, url in urls.items()]
    file.write_text('serve_url = "https://c.example.com"\n' + "".join(routes))
    return file


def test_run_tells_and_ends_cleanly(database: Database, tmp_path: Path) -> None:
    connection = database.connect()
    with Receiver() as receiver:
        config = settings_file(tmp_path, chat=receiver.url())
        command = [sys.executable, "-m", "auditor", "--dsn", database.dsn, "--config", str(config)]
        process = subprocess.Popen([*command, "run"], stderr=subprocess.PIPE, text=True)
        wait_until(lambda: any(row.name == PLACE for row in list_listeners(connection)))
        id_ = opens(connection, "it fell")
        sent = receiver.next()
        assert sent["title"] == "[warning] opened: it fell"
        assert f"https://c.example.com/observations/{id_}" in sent["message"]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert SECRET not in said


def test_a_tick_does_not_wait_for_a_service_that_hangs(database: Database) -> None:
    """The receiver holds its answer back until the auditor has ticked once more."""
    connection = database.connect()
    release = threading.Event()
    clock = [datetime.now(UTC)]
    with Receiver(lambda _: release.wait(PATIENCE_S) and None) as receiver:
        settings = Settings(notify=[{"name": "chat", "url": receiver.url()}])
        daemon = Daemon(
            database.dsn, settings, clock=lambda: clock[0], targets=targets_of(settings.notify)
        )
        thread = threading.Thread(target=daemon.run)
        thread.start()
        try:
            wait_until(lambda: any(row.name == PLACE for row in list_listeners(connection)))
            opens(connection, "it fell")
            receiver.next()
            before, clock[0] = clock[0], clock[0] + timedelta(minutes=5)
            wait_until(lambda: has_ticked(connection, before))
            assert receiver.taken == []
        finally:
            release.set()
            daemon.stop()
            thread.join(PATIENCE_S)
        assert not thread.is_alive()
        assert receiver.taken == ["[warning] opened: it fell"]
    told = connection.execute("select told from monitoring.cache_notifications").fetchall()
    assert told == [("open",)]


def test_a_trial_says_for_each_address_what_came_of_it(tmp_path: Path) -> None:
    """No database is needed; exit code 1 when one failed, 2 for a route that is not there."""
    with Receiver() as good, Receiver() as bad:
        bad.status = 403
        config = settings_file(tmp_path, chat=good.url(), pager=bad.url())
        done = tool("notify", "test", "--json", "--config", str(config), dsn="postgresql://nowhere")
        assert done.returncode == 1
        chat, pager = json.loads(done.stdout)
        assert (chat["target"], chat["sent"]) == ("chat (json)", True)
        assert (pager["target"], pager["sent"]) == ("pager (json)", False)
        assert "403" in pager["because"]
        assert good.next()["title"] == "cache-auditor: test of chat"
        assert SECRET not in done.stdout + done.stderr
        words = ["notify", "test", "chat", "--config", str(config)]
        assert CliRunner().invoke(build(), words).exit_code == 0
        assert bad.messages.qsize() == 1
    done = tool("notify", "test", "mail", "--config", str(config))
    assert done.returncode == 2
    assert "there are: chat, pager" in done.stderr


def test_notify_sends_once_for_cron_lists_and_takes_up_again(
    database: Database, tmp_path: Path
) -> None:
    connection = database.connect()
    with Receiver() as receiver:
        config = settings_file(tmp_path, chat=receiver.url())

        def notify(*words: str) -> Any:
            shared = ["--json", "--config", str(config), "--dsn", database.dsn]
            return CliRunner().invoke(build(), ["notify", *words, *shared])

        assert notify("send").exit_code == 0
        id_ = opens(connection, "it fell")
        receiver.status = 500
        assert notify("send").exit_code == 1
        (row,) = json.loads(notify("list").stdout)
        assert (row["observation_id"], row["standing"]) == (id_, "failing")
        assert "500" in row["because"]
        receiver.status = 200
        assert json.loads(notify("retry").stdout) == {"retried": 1}
        assert notify("send").exit_code == 0
    assert receiver.taken == ["[warning] opened: it fell"]


def test_run_says_at_once_what_it_could_not_send_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, before anything else."""
    monkeypatch.setenv("CACHE_AUDITOR_NOTIFY", '[{"name": "chat", "url_variable": "NOT_SET"}]')
    done = tool("run", dsn="postgresql://nowhere", folder=tmp_path)
    assert done.returncode == 3
    assert "the environment variable NOT_SET is not set" in done.stderr
