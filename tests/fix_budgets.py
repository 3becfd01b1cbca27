"""A time budget for each folder of tests, written in budgets.toml and compared at the end."""

import tomllib
from collections import defaultdict
from collections.abc import Generator, Mapping
from pathlib import Path

import pytest

from tests.fix_ci import in_ci

FILE = Path(__file__).with_name("budgets.toml")
INTOLERABLE = 2.0


def budgets() -> dict[str, float]:
    """Seconds by folder, as written."""
    seconds: dict[str, float] = tomllib.loads(FILE.read_text("utf-8"))["seconds"]
    return seconds


def folder_of(nodeid: str, known: Mapping[str, float]) -> str | None:
    """The budget's folder that a test belongs to: the longest that its path starts with."""
    path = nodeid.split("::", 1)[0]
    return max((name for name in known if path.startswith(f"{name}/")), key=len, default=None)


def overruns(spent: Mapping[str, float], known: Mapping[str, float]) -> list[tuple[str, bool]]:
    """One line for each folder over its budget, and whether it is so far over that CI fails."""
    return [
        (
            f"{folder} took {seconds:.0f} s; its budget is {known[folder]:.0f} s",
            seconds > INTOLERABLE * known[folder],
        )
        for folder, seconds in sorted(spent.items())
        if seconds > known[folder]
    ]


class Stopwatch:
    """Adds up what the tests report; under xdist the workers' reports arrive here as well."""

    def __init__(self) -> None:
        self.known = budgets()
        self.spent: defaultdict[str, float] = defaultdict(float)
        self.homeless: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = folder_of(report.nodeid, self.known)
        if folder is None:
            self.homeless.add(report.nodeid.split("::", 1)[0])
        else:
            self.spent[folder] += report.duration

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        if in_ci() and session.exitstatus == pytest.ExitCode.OK:
            late = any(fatal for _, fatal in overruns(self.spent, self.known))
            if late or self.homeless:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        lines = [line for line, _ in overruns(self.spent, self.known)]
        lines += [f"{path} is in no folder of {FILE.name}" for path in sorted(self.homeless)]
        if lines:
            terminalreporter.section("time budgets")
        for line in lines:
            terminalreporter.write_line(line, yellow=True)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(), "cache-auditor-budgets")
