"""Every notebook runs from top to bottom in a fresh kernel, and is kept without its outputs."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from auditor.demo.weeks import weeks
from auditor.windows.minutes import from_epoch_minute
from auditor.windows.state import write_state
from tests.auditor.shell.two_implementations import write_windows
from tests.postgres_clusters import Database

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
OURS = ("CACHE_", "DATABASE_URL", "LISTEN_DATABASE_URL", "MPLBACKEND")


def named(path: Path) -> str:
    return path.stem


def executed(path: Path, folder: Path, **variables: str) -> nbformat.NotebookNode:
    """A copy with its outputs, from a kernel of its own; a cell that fails raises.

    folder: where the kernel keeps what it writes. variables: of its environment.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
    environment |= {"IPYTHONDIR": str(folder), **variables}
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(FOLDER)}})
    client.execute(env=environment)
    return notebook


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [each for cell in notebook.cells for each in cell.get("outputs", ())]


def printed(notebook: nbformat.NotebookNode, stream: str) -> str:
    found = (each for each in outputs(notebook) if each.output_type == "stream")
    return "".join(each.text for each in found if each.name == stream)


def pictures(notebook: nbformat.NotebookNode) -> int:
    return sum("image/png" in each.get("data", {}) for each in outputs(notebook))


def test_the_four_are_there() -> None:
    assert list(map(named, NOTEBOOKS)) == [
        "01_windows", "02_baselines", "03_detectors", "04_compare",
    ]  # fmt: skip


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_runs_by_itself_and_shows_pictures(path: Path, tmp_path: Path) -> None:
    """On the made-up weeks, with no warning; every cell that draws shows what it drew."""
    done = executed(path, tmp_path)
    drawing = sum("plt.show()" in cell.source for cell in done.cells if cell.cell_type == "code")
    assert pictures(done) == drawing >= 3
    assert "made up" in printed(done, "stdout")
    assert printed(done, "stderr") == ""


@pytest.mark.parametrize("path", NOTEBOOKS[2:], ids=named)
def test_a_notebook_reads_the_database_that_the_environment_names(
    path: Path, database: Database, tmp_path: Path
) -> None:
    """The same cells on a few days of one cache, with the columns that a rollup always knows."""
    made = weeks(days=6)
    days = made.only(made.keys[:2]).rows(0, 4 * 1440)
    with database.connect() as connection:
        write_windows(connection, days)
        write_state(connection, "settled_until", from_epoch_minute(days.end))
    done = executed(path, tmp_path, CACHE_AUDITOR_DSN=database.dsn)
    said = printed(done, "stdout")
    assert "5,760 minutes of 2 series" in said
    assert "made up" not in said
    assert pictures(done) >= 3
    assert printed(done, "stderr") == ""
    if path.stem == "04_compare":
        assert "new is better than legacy: hit rate +" in said


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_kept_without_outputs_and_for_any_kernel(path: Path) -> None:
    """No output, no count, no version of a kernel: it changes only when somebody changes it."""
    kept = nbformat.read(path, as_version=4)
    nbformat.validate(kept)
    assert outputs(kept) == []
    assert {cell.get("execution_count") for cell in kept.cells} == {None}
    assert kept.metadata == {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    assert all(cell.metadata == {} for cell in kept.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_holds_no_logic(path: Path) -> None:
    """It calls the packages and draws: no class, and no function longer than a few lines."""
    kept = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in kept.cells if cell.cell_type == "code")
    assert "\nclass " not in code
    bodies = [block.split("\n\n\n")[0] for block in code.split("\ndef ")[1:]]
    assert all(len(body.splitlines()) <= 6 for body in bodies)
