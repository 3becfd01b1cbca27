"""The glossary's words: each told once, and one that meant two things means one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORD = re.compile(r"^\| ([^|]+?) \|", re.MULTILINE)
COMPARISONS = (
    "auditor/asking", "auditor/commands/compare.py", "auditor/comparing",
    "auditor/listening/compared.py", "auditor/gateway/api/compar",
)  # fmt: skip
COLUMN = '"verdict": found,'
"""Of the table that is older than the word for what it holds."""


def test_each_word_is_told_once() -> None:
    words = [word for word in WORD.findall((ROOT / "docs/glossary.md").read_text("utf-8"))
             if word not in ("word", "---")]  # fmt: skip
    assert {"judgement", "verdict", "window"} <= set(words)
    assert sorted(words) == sorted(set(words))


def test_only_a_comparison_has_a_verdict() -> None:
    """What is found in a window is a judgement, and what a lookup comes to an outcome."""
    strangers = [
        path.relative_to(ROOT).as_posix()
        for package in ("auditor", "baselines", "collector")
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.relative_to(ROOT).as_posix().startswith(COMPARISONS)
        and "verdict" in path.read_text("utf-8").lower().replace(COLUMN, "")
    ]
    assert strangers == []
