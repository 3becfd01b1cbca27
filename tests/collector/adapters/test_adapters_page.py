"""The page about the adapters: its examples run, and it names every adapter that there is."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/adapters.md").read_text("utf-8")
AFTER = """
import json
from collector.default import collector
print(json.dumps([event[1:4] for event in collector._recorder.drain(1000)]))
"""


def test_its_examples_run_from_top_to_bottom(tmp_path: Path) -> None:
    """In one process, without any server; what they record is what the page says."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    known = {name: value for name, value in os.environ.items() if "DATABASE" not in name}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join([*blocks, AFTER])],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**known, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = Counter((cache, kind) for kind, cache, _ in json.loads(done.stdout))
    assert found == {
        ("squares", "miss"): 1, ("squares", "hit"): 1, ("names", "miss"): 1,
        ("reports", "miss"): 1, ("reports", "hit"): 1, ("reports", "set"): 1,
        ("prices", "miss"): 1, ("prices", "set"): 1,
        ("tokens", "set"): 1, ("tokens", "hit"): 1,
        ("users", "miss"): 1, ("users", "hit"): 1, ("users", "set"): 1,
        ("thumbnails", "miss"): 1, ("thumbnails", "hit"): 1, ("thumbnails", "set"): 1,
        ("answers", "hit"): 1, ("answers", "miss"): 1,
    }  # fmt: skip


def test_it_names_every_adapter() -> None:
    """Each module that has something public to watch with."""
    adapters = {
        path.stem
        for path in (ROOT / "collector/adapters").glob("*.py")
        if re.search(
            r"^(def watched\w*|class Watched\w+)\(?", path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert {"pymemcache", "django", "redis", "functools_lru"} <= adapters
    named = {
        name.rpartition(".")[2] for name in re.findall(r"`(?:collector\.adapters)?\.(\w+)`", PAGE)
    }
    assert named == adapters
