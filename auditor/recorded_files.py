"""Files of recorded events as a person names them: there or not, a pipe, and of which format."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from auditor.errors import NothingFound

JSON_SUFFIXES: Final = {".json", ".jsonl", ".ndjson"}


def check_files(files: list[str]) -> None:
    """Raises NothingFound with every name that is no file, before the first one is loaded."""
    faults = []
    for file in files:
        if Path(file).is_dir():
            faults.append(f"{file} is a folder; name the files in it")
        elif file != "-" and not Path(file).is_file():
            faults.append(f"there is no file {file}; what comes by a pipe is read as -")
    if files.count("-") > 1:
        faults.append("- is there twice, and stdin comes but once")
    if faults:
        raise NothingFound("\n".join(faults))


@contextmanager
def as_path(file: str) -> Iterator[Path]:
    """The file itself; stdin is read to its end into a file that goes away again."""
    if file != "-":
        yield Path(file)
        return
    with tempfile.NamedTemporaryFile(prefix="cache-auditor-stdin-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield Path(kept.name)


def form_of(path: Path) -> str:
    """By the name, without .gz; by the first byte where the name says nothing."""
    from collector.recorded_batches import open_recorded

    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix == ".csv":
        return "csv"
    if suffix in JSON_SUFFIXES:
        return "jsonl"
    with open_recorded(path) as stream:
        return "jsonl" if stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"
