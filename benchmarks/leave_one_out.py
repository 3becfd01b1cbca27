"""Constants of detection chosen on one labelled workload and scored on another, both ways round.

    python -m benchmarks.leave_one_out WORKLOAD WORKLOAD --score PATH/TO/score.py [--jobs 2]

WORKLOAD: a folder with windows.csv.gz and labels.json in the cachelab's form; --score: its scorer.
Each constant of CHOICES is varied alone. For each workload the value of the best event F1 there is
kept (the default where it is as good), all of them together are scored on the other workload, and
the table says what the defaults give beside it. Nothing is written.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import pkgutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import auditor
import baselines
from auditor.tables.table import Table
from benchmarks.cachelab import COLUMNS, alerts

CHOICES: dict[str, tuple[float, ...]] = {
    "LEAST_FACTOR": (1.4, 1.25, 1.6),
    "VOTE": (0.25, 0.0, 0.5),
    "TAIL_SHARE": (0.02, 0.01, 0.04),
    "MOST_SHAPE": (0.25, 0.15, 0.35),
}
"""The constants that were chosen by looking at labelled workloads: the default first."""
Chosen = Mapping[str, float]
ROOMS = ("auditor.judging", "auditor.observing", "auditor.detectors", "auditor.statistics")


def put(chosen: Chosen) -> None:
    """Sets constants in every module that names them. Raises LookupError when none does."""
    for package in (auditor, baselines):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.name.startswith((*ROOMS, "baselines.")):
                importlib.import_module(found.name)
    for name, value in chosen.items():
        places = [
            module for title, module in sys.modules.items()
            if title.startswith((*ROOMS, "baselines.")) and hasattr(module, name)
        ]  # fmt: skip
        if not places:
            raise LookupError(f"no module has a constant named {name}")
        for module in places:
            setattr(module, name, value)


def figures(workload: Path, scorer: Path, chosen: Chosen) -> dict[str, Any]:
    """What the scorer says of one workload under these constants."""
    put(chosen)
    described = importlib.util.spec_from_file_location("lab_score", scorer)
    if described is None or described.loader is None:
        raise FileNotFoundError(f"{scorer} cannot be loaded")
    score = importlib.util.module_from_spec(described)
    described.loader.exec_module(score)
    labels = json.loads((workload / "labels.json").read_text(encoding="utf-8"))
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as out:
        for each in alerts(Table(workload / "windows.csv.gz", COLUMNS)):
            out.write(json.dumps(each) + "\n")
        out.flush()
        found: dict[str, Any] = score.score(labels, out.name)
    return found


def line(title: str, found: Mapping[str, Any]) -> str:
    """One row of the table."""
    return (
        f"{title:44} F1 {found['event_f1']:.3f}  false {found['false_per_series_week']:.2f}  "
        f"within 5 {found['recall_within']:.2f}  ever {found['recall_ever']:.2f}  "
        f"p90 {found['delay_p90_all']:.0f}  cause {found['cause_first_all']:.2f}"
    )


def best(here: Mapping[tuple[str, float], Mapping[str, Any]], centre: float) -> Chosen:
    """For each constant the value of the best F1, the default unless another is better."""
    chosen = {}
    for name, (default, *others) in CHOICES.items():
        scores = {default: centre} | {each: here[name, each]["event_f1"] for each in others}
        chosen[name] = max(scores, key=lambda each: (scores[each], each == default))
    return {name: each for name, each in chosen.items() if each != CHOICES[name][0]}


def main(words: Sequence[str] | None = None) -> int:
    """Prints every variant, and the two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", type=Path, nargs=2)
    parser.add_argument("--score", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(words)
    variants = [(name, each) for name, values in CHOICES.items() for each in values[1:]]
    context = get_context("spawn")
    with ProcessPoolExecutor(asked.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        run = {
            (place, each): pool.submit(figures, place, asked.score, dict([each] if each else []))
            for each in (None, *variants)
            for place in asked.workloads
        }
        for (place, each), one in run.items():
            title = "defaults" if each is None else f"{each[0]} {each[1]:g}"
            print(line(f"{place.name}: {title}", one.result()), flush=True)
        tables = []
        for place, other in (asked.workloads, asked.workloads[::-1]):
            here = {each: run[place, each].result() for each in variants}
            chosen = best(here, run[place, None].result()["event_f1"])
            tables.append((place, other, chosen, pool.submit(figures, other, asked.score, chosen)))
        for place, other, chosen, one in tables:
            said = ", ".join(f"{name} {each:g}" for name, each in chosen.items()) or "the defaults"
            print(f"\nchosen on {place.name}: {said}")
            print(line(f"scored on {other.name}", one.result()))
            print(line("the defaults there", run[other, None].result()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
