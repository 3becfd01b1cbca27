"""The wheel: whole, without tests, and of use with the driver alone."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import sql

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auditor", "baselines", "collector", "sql")
DRIVER = ("psycopg", "typing_extensions")  # and what begins with these names


def run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program to its end, with nothing of this checkout on Python's path."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=clean | environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """A new environment that holds the wheel and the driver, and nothing else."""

    folder: Path

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """One of its programs, in a folder of its own."""
        home = self.folder.parent / "home"
        home.mkdir(exist_ok=True)
        return run(self.folder / "bin" / program, *words, folder=home, HOME=str(home))

    def python(self, code: str) -> str:
        """What a program says that must end well."""
        done = self.run("python", "-W", "error", "-c", code)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this checkout, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> Sequence[str]:
    """The paths in it."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment that sees the driver of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv = folder / "venv"
    for command in (
        (sys.executable, "-m", "venv", "--without-pip", venv),
        (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python",
         venv / "bin" / "python", "install", "--no-deps", "--no-index", "--quiet", wheel),
    ):  # fmt: skip
        done = run(*command, folder=folder)
        assert done.returncode == 0, done.stderr
    driver = folder / "driver"
    driver.mkdir()
    for path in Path(psycopg.__file__).parents[1].iterdir():
        if path.name.startswith(DRIVER):
            (driver / path.name).symlink_to(path)
    (place,) = venv.glob("lib/python*/site-packages")
    (place / "driver.pth").write_text(f"{driver}\n")
    return Installed(venv)


def expected_files() -> Mapping[str, set[str]]:
    """What each package must have in it besides what the wheel adds."""
    return {
        package: {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / package).rglob("*")
            if path.suffix in {".py", ".sql", ".txt", ".typed"}
        }
        for package in PACKAGES
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_of_a_package_is_in_it(names: Sequence[str], package: str) -> None:
    """Programs, statements, migrations, the manifest, and the mark that it has types."""
    expected = expected_files()[package]
    assert f"{package}/py.typed" in expected
    assert expected <= set(names)


def test_the_sql_is_in_it(names: Sequence[str]) -> None:
    """Every statement file, and each migration by its number."""
    assert {"sql/manifest.txt", "sql/queries/collector.sql", "sql/queries/auditor.sql"} <= {*names}
    migrations = [name for name in names if name.startswith("sql/migrations/")]
    assert len(migrations) == len(sql.migrations()) > 0


def test_nothing_else_is_in_it(names: Sequence[str]) -> None:
    """The four packages and what pip needs to know, the licence there; no test."""
    places = {name.split("/")[0] for name in names}
    (about,) = places - set(PACKAGES)
    assert about.endswith(".dist-info")
    assert f"{about}/licenses/LICENSE" in names
    tests = [name for name in names if "tests/" in name or "test_" in name]
    assert not [*tests, *(name for name in names if name.endswith(".pyc"))]


def test_the_collector_needs_the_driver_alone(installed: Installed) -> None:
    """It imports, records, and finds its statements where numpy and typer are not."""
    said = installed.python(
        "import importlib.util as found, collector\n"
        "from collector import record\n"
        "record('hit', 'k', 0.5, 'pages', 'new')\n"
        "from collector.sinks.postgres import PostgresSink\n"
        "PostgresSink('host=/nowhere').close()\n"
        "print(collector.__file__, [n for n in ('numpy', 'typer', 'rich') if found.find_spec(n)])\n"
    )
    assert said == f"{next(installed.folder.glob('lib/*/site-packages'))}/collector/__init__.py []"


def test_a_missing_extra_is_named(installed: Installed) -> None:
    """The command line without its extra says what to install, in one line and with its code."""
    done = installed.run("cache-auditor", "--version")
    assert (done.returncode, done.stdout) == (8, "")
    assert "typer" in done.stderr
    assert "pip install 'cache-auditor[auditor]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
