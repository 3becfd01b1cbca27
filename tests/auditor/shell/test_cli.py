"""The frame of the command line: shared options, exit codes, quiet ends."""

import json
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

import pytest

from auditor import commands, errors
from auditor.__main__ import outcome
from auditor.cli import build, shared_first
from auditor.commands import serve
from auditor.errors import CacheAuditorError, NothingFound
from auditor.schema import errors as schema_errors
from tests.postgres_clusters import Database

SLOW = ("sklearn", "scipy", "numpy", "apscheduler", "psycopg", "pydantic")


@pytest.fixture
def cli(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs the tool as a user does, in an empty folder."""
    environment = {key: text for key, text in os.environ.items() if key != "DATABASE_URL"}

    def run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "auditor", *arguments],
            capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False,
            env=environment | variables,
        )  # fmt: skip

    return run


Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.mark.parametrize(
    ("given", "moved"),
    [
        (["tick", "--json"], ["--json", "tick"]),
        (["tick", "--dsn", "x", "-v"], ["--dsn", "x", "tick", "-v"]),
        (["config", "show", "--config=y"], ["--config=y", "config", "show"]),
        (["ack", "--", "--json"], ["ack", "--", "--json"]),
        (["tick", "--dsn"], ["--dsn", "tick"]),
    ],
)
def test_shared_options_may_stand_anywhere(given: list[str], moved: list[str]) -> None:
    assert shared_first(given) == moved


def test_each_command_module_registers_itself() -> None:
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    assert {"migrate", "config"} <= set(names)
    for name in names:
        assert callable(import_module(f"auditor.commands.{name}").register)
    build()


def test_help_imports_nothing_slow() -> None:
    script = (
        "import sys\nsys.argv = ['cache-auditor', '--help']\n"
        "from auditor.__main__ import _run, outcome\n"
        f"assert outcome(_run) == 0\nprint([m for m in {SLOW} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_says_its_version(cli: Cli) -> None:
    done = cli("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "cache-auditor")


def test_an_unknown_command_is_a_wrong_command_line(cli: Cli) -> None:
    done = cli("no-such-command")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_a_wrong_setting_ends_with_its_code_and_no_traceback(cli: Cli) -> None:
    done = cli("config", "check", CACHE_AUDITOR_GRACE_S="soon")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "grace_s = 'soon' (environment CACHE_AUDITOR_GRACE_S)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_absent_server_ends_with_its_code_and_no_password(cli: Cli, tmp_path: Path) -> None:
    done = cli("migrate", "--dsn", f"host={tmp_path} user=me password=hunter2")
    assert done.returncode == 4
    assert "no server listens there" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_config_show_names_each_value_and_its_source_without_the_password(cli: Cli) -> None:
    done = cli("config", "show", "--json", DATABASE_URL="postgresql://me:hunter2@host/shop")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["dsn"]["value"] == "me@host/shop"
    assert rows["dsn"]["source"] == "environment DATABASE_URL"
    assert rows["grace_s"]["source"] == "default"
    assert "hunter2" not in done.stdout


def test_migrate_tells_before_and_after(cli: Cli, empty_database: Database) -> None:
    url = {"DATABASE_URL": empty_database.dsn}
    foretold = json.loads(cli("migrate", "--dry-run", "--json", **url).stdout)
    assert foretold["landed"] == []
    assert "would apply 0001" in cli("migrate", "--dry-run", **url).stdout
    done = cli("migrate", "--json", **url)
    assert done.returncode == 0
    assert json.loads(done.stdout)["applied"] == foretold["pending"]
    assert cli("migrate", **url).stdout.startswith("0 applied; ")
    assert "nothing to do" in cli("migrate", "--dry-run", **url).stdout


def test_tables_of_others_end_migrate_with_the_schemas_code(
    cli: Cli, empty_database: Database
) -> None:
    conn = empty_database.connect()
    conn.execute("create schema monitoring")
    conn.execute("create table monitoring.cache_metrics ()")
    done = cli("migrate", DATABASE_URL=empty_database.dsn)
    assert done.returncode == 5
    assert "Nothing was changed" in done.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_who_reads_the_output_may_go_away(options: list[str], tmp_path: Path) -> None:
    """As in `cache-auditor config show | head -0`: no traceback, and the shell's own code."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "auditor", "config", "show", *options],
            stdout=closed, stderr=subprocess.PIPE, text=True, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")


@pytest.fixture
def heard_interrupts() -> Iterator[None]:
    """What was started in the background ignores SIGINT, and so would whatever it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard_interrupts")
def test_ctrl_c_ends_quietly(tmp_path: Path, empty_database: Database) -> None:
    """Pressed while `migrate` waits for a lock that another session holds."""
    conn = empty_database.connect()
    conn.execute("select pg_advisory_lock(hashtextextended('cache-auditor migrate', 0))")
    command = [sys.executable, "-m", "auditor", "migrate", "--dsn", empty_database.dsn]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        waiting = "select from pg_locks where locktype = 'advisory' and not granted"
        while conn.execute(waiting).rowcount == 0:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        try:
            said, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, said, complaints) == (130, "", "")


def test_a_missing_extra_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise ImportError("No module named 'typer'", name="typer")

    assert outcome(run) == 8
    assert "pip install 'cache-auditor[auditor]'" in capsys.readouterr().err


def test_our_own_fault_keeps_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise ZeroDivisionError

    assert outcome(run) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_expected_error_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> None:
        raise NothingFound("no observation begins with 4f")

    assert outcome(run) == 2
    assert capsys.readouterr().err == "cache-auditor: no observation begins with 4f\n"


def kinds(root: type[CacheAuditorError]) -> Sequence[type[CacheAuditorError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in kinds(child))]


@pytest.mark.parametrize("kind", kinds(CacheAuditorError))
def test_each_exit_code_is_documented(kind: type[CacheAuditorError]) -> None:
    table = (errors.__doc__ or "").split("CacheAuditorError")[0]
    codes = [line.split()[0] for line in table.splitlines() if line.strip()]
    assert str(kind.exit_code) in codes
    described = "".join(module.__doc__ or "" for module in (errors, schema_errors))
    assert kind.__name__ in described


def test_shell_completion_offers_the_commands(cli: Cli) -> None:
    done = cli(
        _CACHE_AUDITOR_COMPLETE="complete_bash", COMP_WORDS="cache-auditor mig", COMP_CWORD="1"
    )
    assert "migrate" in done.stdout


def test_a_raw_at_in_a_password_shows_no_part_of_it(cli: Cli) -> None:
    """What libpq would take for the host is a part of the password."""
    dsn = "postgresql://me:hunt@er2@host/shop"
    for done in (cli("tick", "--dsn", dsn), cli("config", "show", DATABASE_URL=dsn)):
        assert done.returncode == 3
        assert "er2" not in done.stdout + done.stderr
        assert "%40" in done.stderr


@pytest.mark.parametrize("library", ["fastapi", "uvicorn"])
def test_serve_names_the_extra_that_it_lacks(
    library: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "find_spec", lambda name: None if name == library else object())
    assert outcome(lambda: build()(["serve"], standalone_mode=False)) == 8
    said = capsys.readouterr().err
    assert library in said
    assert "pip install 'cache-auditor[serve]'" in said
