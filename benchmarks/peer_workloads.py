"""Labelled windows to compare detectors on: the cachelab's where it is, else generated ones."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auditor.tables.table import Table
from baselines.series import Windows
from benchmarks.alert_figures import WITHIN, Alert, Figures, Workload
from benchmarks.cachelab import COLUMNS
from benchmarks.planted_incidents import generated


def workloads() -> list[Workload]:
    """The lab's development workloads ($CACHELAB, or ../shared/cachelab), else generated ones."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "cachelab"
    lab = Path(os.environ.get("CACHELAB", beside))
    if not (lab / "score.py").is_file():
        return [generated(seed) for seed in (1, 2)]
    scorer = _loaded(lab / "score.py")
    return [_of_lab(each.parent, scorer) for each in sorted(lab.glob("dev/*/windows.csv.gz"))]


def _of_lab(folder: Path, scorer: Any) -> Workload:
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    windows = whole(Table(folder / "windows.csv.gz", COLUMNS).blocks())
    warm = int(scorer.ts(labels["meta"]["warmup_end"]) // 60) - windows.start

    def judge(alerts: Sequence[Alert]) -> Figures:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(json.dumps(each) + "\n" for each in alerts)
            file.flush()
            found = scorer.score(labels, file.name, within=WITHIN)
        count = found["incidents"]
        return Figures(
            count, round(found["recall_within"] * count), round(found["recall_ever"] * count),
            found["false_runs"], found["series"] * found["weeks"], tuple(found["delays_all"]),
        )  # fmt: skip

    return Workload(folder.name, windows, warm, judge)


def whole(blocks: Iterable[Windows]) -> Windows:
    """Blocks one after the other, of the same series or more of them each time, as one."""
    parts = list(blocks)
    keys = tuple(sorted({key for part in parts for key in part.keys}))
    rows = sum(part.shape[0] for part in parts)
    names = {name for part in parts for name in part.columns}
    columns = {name: np.full((rows, len(keys)), np.nan) for name in sorted(names)}
    for part in parts:
        since = part.start - parts[0].start
        at = [keys.index(key) for key in part.keys]
        for name, values in part.columns.items():
            columns[name][since : since + part.shape[0], at] = values
    return Windows(parts[0].start, keys, columns)


def _loaded(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("cachelab_score", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
