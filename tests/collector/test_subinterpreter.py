"""In a subinterpreter `record` keeps nothing, counts everything and disturbs nobody."""

import subprocess
import sys
import textwrap

PROGRAM = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
INSIDE = '''
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
from collector import record
from collector.default import collector
for number in range(5):
    record("hit", f"key {number}", 0.5)
print(collector.start(), collector.flush(0.1), collector.recorded, collector.dropped)
print(collector.waiting, collector.stop(), [m for m in sys.modules if m.startswith("psycopg")])
'''
inside = interpreters.create()
try:
    failed = interpreters.run_string(inside, INSIDE)
finally:
    interpreters.destroy(inside)
assert not failed, failed
from collector.interpreter import is_main
print(is_main())
"""


def test_it_is_a_counted_no_op() -> None:
    """Five recorded, five dropped, none waits; no thread, no driver, said once in the log."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "CACHE_AUDITOR_DSN": "host=/nonexistent",
            "PATH": "",
            "PYTHONPATH": ":".join(sys.path),
        },
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[1:] == ["False False 5 5", "0 True []", "True"]
    assert "subinterpreter" in said[0]
