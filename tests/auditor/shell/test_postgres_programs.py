"""Where the wheel's programs are taken from when the server's account cannot reach them."""

import importlib.util
import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path

import psycopg
import pytest

from auditor.errors import EmbeddedUnavailable, MissingExtra
from auditor.postgres import programs as postgres_programs
from auditor.postgres.account import Account, server_account
from auditor.postgres.embedded import EmbeddedPostgres
from auditor.postgres.programs import WHEEL, Programs, wheel_programs


def installed_in(folder: Path) -> Path:
    """A second installation of the wheel, libraries and all; returns its package."""
    found = importlib.util.find_spec(WHEEL)
    assert found is not None
    assert found.submodule_search_locations
    package = Path(found.submodule_search_locations[0])
    (folder / WHEEL).mkdir(parents=True)
    shutil.copytree(package / "pginstall18", folder / WHEEL / "pginstall18", symlinks=True)
    for libraries in (package.parent / f"{WHEEL}.libs", package / ".dylibs"):
        if libraries.exists():
            shutil.copytree(libraries, folder / libraries.relative_to(package.parent))
    return folder / WHEEL


def test_programs_in_a_closed_home_are_copied_and_the_home_stays_closed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server_folder: Path
) -> None:
    home = tmp_path / "home"
    package = installed_in(home)
    home.chmod(0o700)
    spec = ModuleSpec(WHEEL, None, is_package=True)
    spec.submodule_search_locations = [str(package)]
    monkeypatch.setattr(postgres_programs, "find_spec", lambda name: spec)
    monkeypatch.setattr(postgres_programs, "COPY_FOR_OTHERS", server_folder / "programs")
    stranger = Account(uid=54321, gid=54321, foreign=True)
    copied = wheel_programs(18, stranger).folder
    assert copied.is_relative_to(server_folder)
    assert wheel_programs(18, stranger).folder == copied
    assert home.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(home)
    programs = Programs(copied, server_account())
    server = EmbeddedPostgres(server_folder / "18", durable=False, programs=programs)
    with server as dsn, psycopg.connect(dsn) as conn:
        assert conn.execute("select 1").fetchone() == (1,)


def test_programs_that_can_be_reached_are_used_where_they_are(tmp_path: Path) -> None:
    own = Account(uid=server_account().uid, gid=server_account().gid, foreign=False)
    found = importlib.util.find_spec(WHEEL)
    assert found is not None
    assert found.submodule_search_locations
    assert wheel_programs(16, own).folder.is_relative_to(found.submodule_search_locations[0])


def test_a_missing_wheel_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_programs, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'cache-auditor\[auditor\]'"):
        wheel_programs(18, server_account())


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    programs = wheel_programs(18, server_account())
    with pytest.raises(
        EmbeddedUnavailable, match=r"initdb failed with code 1: .*no data directory"
    ):
        programs.run("initdb", [], timeout_s=30)
    with pytest.raises(EmbeddedUnavailable, match="cannot be run"):
        programs.run("no_such_program", [], timeout_s=30)
