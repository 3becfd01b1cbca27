"""Every adapter: the cache behaves as its unwatched twin, and what is recorded is right."""

import asyncio
import copy
import inspect
import pickle
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import RLock
from time import perf_counter_ns
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.collector.adapters
from collector import Collector
from tests.collector.adapters.case import Case
from tests.collector.adapters.tape import Tape, stored, tape_in

CASES: list[Case] = [
    case
    for found in iter_modules(tests.collector.adapters.__path__)
    if found.name.startswith("case_")
    for case in import_module(f"tests.collector.adapters.{found.name}").CASES
]
MODULES = {case.module: case for case in CASES}
LIBRARIES = [
    module for module, case in MODULES.items() if case.library not in sys.stdlib_module_names
]
every_library = pytest.mark.parametrize("module", sorted(LIBRARIES))


def those(capability: str) -> pytest.MarkDecorator:
    """The cases that have it."""
    having = [case for case in CASES if getattr(case, capability)]
    return pytest.mark.parametrize("case", having, indirect=True, ids=lambda case: case.name)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    found: Case = request.param
    if found.fixture is not None:
        found.server = request.getfixturevalue(found.fixture)
    with asyncio.Runner() as found.runner:
        yield found


@pytest.fixture
def tape(tmp_path: Path) -> Iterator[Tape]:
    with tape_in(tmp_path) as made:
        yield made


def idle() -> Collector:
    """A collector that never starts and keeps nothing."""
    collector = Collector()
    collector._stopped = True
    collector._recorder.limit(0)
    return collector


# Nothing changes ---------------------------------------------------------------------------------


def test_it_behaves_as_its_twin(case: Case) -> None:
    """The same values, exceptions and contents, whatever is done to both."""

    @settings(max_examples=case.examples, deadline=None, derandomize=True)
    @given(operations=st.lists(case.operations, max_size=30))
    def compare(operations: list[tuple[Any, ...]]) -> None:
        found = []
        for collector in (None, idle()):
            with case.opened() as cache:
                used = cache if collector is None else case.watch(cache, collector)
                found.append(
                    [
                        (case.outcome(used, operation), case.finish(case.state(used)))
                        for operation in operations
                    ]
                )
        for operation, twins, ours in zip(operations, *found, strict=True):
            assert ours == twins, operation
            assert type(ours[0]) is type(twins[0]), operation

    compare()


def test_its_methods_are_those_of_its_class(case: Case) -> None:
    """Signature, name, documentation and kind of each public one, for people and their tools."""
    with case.opened() as twin, case.opened() as cache:
        watched = case.watch(cache, idle())
        assert watched.__doc__ == twin.__doc__
        for name in dir(twin):
            own, ours = getattr(twin, name, None), getattr(watched, name, None)
            assert hasattr(watched, name) == hasattr(twin, name)
            if callable(own) and (not name.startswith("_") or name == "__getitem__"):
                assert signature(ours) == signature(own), name
                for part in ("__name__", "__qualname__", "__doc__", "__module__"):
                    assert getattr(ours, part, None) == getattr(own, part, None), (name, part)
                assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(own), name


def signature(function: Any) -> str | None:
    """Without the addresses that defaults may show."""
    try:
        return str(inspect.signature(function)).partition(" at 0x")[0]
    except ValueError:  # of the interpreter's own
        return None


@those("keeps_class")
def test_it_stays_an_instance_of_its_class(case: Case) -> None:
    """With its name; code that asks sees no other."""
    with case.opened() as twin, case.opened() as cache:
        own = type(cache)
        watched = case.watch(cache, idle())
        assert isinstance(watched, own)
        assert (type(watched).__name__, type(watched).__module__) == (own.__name__, own.__module__)
        assert type(watched).__qualname__ == own.__qualname__
        assert repr(type(watched)) == repr(type(twin))


@pytest.mark.parametrize(
    "again",
    [copy.copy, lambda cache: pickle.loads(pickle.dumps(cache))],
    ids=["copied", "pickled"],
)
def test_a_copy_is_what_the_twins_copy_is(case: Case, again: Any) -> None:
    """Copied and pickled where the library can, with the same content; else the same error."""
    found: list[tuple[Any, ...]] = []
    for watching in (False, True):
        with case.opened() as cache:
            own = type(cache)
            used = case.watch(cache, idle()) if watching else cache
            case.outcome(used, ("set", "a", case.value(1)))
            try:
                other = again(used)
            except Exception as error:
                found.append((type(error), str(error)))
                continue
            kept = case.outcome(other, ("get", "a"))
            found.append((type(other).__qualname__, isinstance(other, own), kept))
            case.close(other)
    assert found[0] == found[1]


def test_a_collector_that_fails_never_raises_into_the_caller(case: Case) -> None:
    """A record that raises changes nothing: the script gives what the twin's gives."""

    def fail(*arguments: Any, **named: Any) -> None:
        raise RuntimeError("the collector is broken")

    found = []
    for collector in (None, idle()):
        if collector is not None:
            collector.record = fail
        with case.opened() as cache:
            used = cache if collector is None else case.watch(cache, collector)
            found.append([case.perform(used, operation) for operation, _ in case.script()])
    assert found[0] == found[1]


# What is recorded --------------------------------------------------------------------------------


def test_each_operation_is_recorded(case: Case, tape: Tape) -> None:
    """Its kind, its key as it is stored, its names, and a time within that of the call."""
    with case.opened() as cache:
        used = case.watch(cache, tape.collector, cache_name="pages", implementation_type="new")
        for operation, expected in case.script():
            began = perf_counter_ns()
            case.perform(used, operation)
            outer_ms = (perf_counter_ns() - began) / 1e6
            rows = tape.rows()
            assert [(row.operation_type, row.cache_key) for row in rows] == [
                (kind, stored(None if key is None else case.recorded_key(key), case.encoder))
                for kind, key in expected
            ], operation
            for row in rows:
                assert (row.cache_name, row.implementation_type) == ("pages", "new")
                assert row.error_type is None
                if row.operation_type not in ("evict", "expire"):
                    assert row.response_time_ms is not None
                    assert 0.0 < row.response_time_ms <= outer_ms


@those("knows_bytes")
def test_the_values_size_is_recorded(case: Case, tape: Tape) -> None:
    """Of what is found, and of what is put in when the adapter records that."""
    with case.opened() as cache:
        used = case.watch(cache, tape.collector)
        value = case.value(1)
        case.outcome(used, ("set", "a", value))
        case.perform(used, ("get", "a"))
        case.perform(used, ("get", "a"))
        sizes = {row.operation_type: row.value_bytes for row in tape.rows()}
    assert sizes.pop("miss", None) is None
    assert sizes["hit"] == len(value)
    assert set(sizes.values()) == {len(value)}


def test_two_caches_are_told_apart(case: Case, tape: Tape) -> None:
    """Legacy and new, and another cache: each operation under the names of its own."""
    names = [("pages", "legacy"), ("pages", "new"), ("users", "new")]
    with case.opened() as one, case.opened() as two, case.opened() as three:
        used = [
            case.watch(cache, tape.collector, cache_name=name, implementation_type=kind)
            for cache, (name, kind) in zip((one, two, three), names, strict=True)
        ]
        for place in (0, 1, 2, 1, 0, 2):
            case.perform(used[place], ("get", f"key_{place}"))
            rows = tape.rows()
            assert {(row.cache_name, row.implementation_type) for row in rows} == {names[place]}


def test_watching_again_changes_the_names(case: Case, tape: Tape) -> None:
    """An operation is recorded once, under the last names."""
    with case.opened() as cache:
        once = case.watch(cache, tape.collector, cache_name="one")
        twice = case.watch(once, tape.collector, cache_name="two")
        case.perform(twice, ("get", "a"))
        rows = [row for row in tape.rows() if row.operation_type == "miss"]
    assert [row.cache_name for row in rows] == ["two"]


def test_threads_and_tasks_lose_and_mix_nothing(case: Case, tape: Tape) -> None:
    """Each looks its own keys up; every one of them is recorded, once as a miss."""
    workers, keys, lock = 4, 25, RLock()

    def look_up(used: Any, key: str) -> Any:
        if case.shared_by_threads:
            return case.get(used, key)
        with lock:
            return case.get(used, key)

    def calls(used: Any, worker: int) -> list[Any]:
        return [
            lambda key=f"{worker}:{number}": look_up(used, key)  # type: ignore[misc]
            for number in range(keys)
        ]

    with case.opened() as cache:
        used = case.watch(cache, tape.collector)
        case.together([calls(used, worker) for worker in range(workers)])
        missed = sorted(row.cache_key for row in tape.rows() if row.operation_type == "miss")
    assert missed == sorted(
        stored(case.recorded_key(f"{worker}:{number}"), case.encoder)
        for worker in range(workers)
        for number in range(keys)
    )


@those("fails")
def test_a_cache_that_is_away_is_an_error(case: Case, tape: Tape) -> None:
    """A get becomes an error, a set a set with the error in it; the caller gets what it would."""
    for operation, kind in ((("get", "a"), "error"), (("set", "a", case.value(1)), "set")):
        with case.broken() as twin, case.broken() as cache:
            expected = failure(case, twin, operation)
            used = case.watch(cache, tape.collector, cache_name="pages")
            caught = failure(case, used, operation)
        assert type(caught) is type(expected)
        assert caught.args == expected.args
        assert type(caught.__cause__) is type(expected.__cause__)
        (row,) = tape.rows()
        assert (row.operation_type, row.cache_name) == (kind, "pages")
        assert row.cache_key == stored(case.recorded_key("a"), case.encoder)
        assert row.error_type == type(caught).__name__
        assert row.error_message == str(caught)
        assert row.response_time_ms is not None


def failure(case: Case, cache: Any, operation: tuple[Any, ...]) -> Exception:
    """What the operation raises."""
    try:
        case.perform(cache, operation)
    except Exception as error:
        return error
    raise AssertionError(f"{operation} did not fail")


@those("loads")
def test_a_miss_lasts_as_long_as_its_load(case: Case, tape: Tape) -> None:
    """The load's time is within the miss's; the hit after it has no load in it."""
    loads: list[float] = []

    def load() -> Any:
        began = perf_counter_ns()
        while perf_counter_ns() - began < 3_000_000:
            pass
        loads.append((perf_counter_ns() - began) / 1e6)
        return case.value(7)

    with case.opened() as cache:
        used = case.watch(cache, tape.collector)
        first = case.finish(case.load(used, "a", load))
        began = perf_counter_ns()
        second = case.finish(case.load(used, "a", load))
        outer_ms = (perf_counter_ns() - began) / 1e6
        rows = {row.operation_type: row for row in tape.rows()}
    assert first == second == case.value(7)
    assert len(loads) == 1
    assert rows["miss"].response_time_ms is not None
    assert rows["miss"].response_time_ms >= loads[0]
    assert rows["hit"].response_time_ms is not None
    assert 0.0 < rows["hit"].response_time_ms <= outer_ms


@those("loads")
def test_a_load_that_fails_is_a_miss_with_the_error(case: Case, tape: Tape) -> None:
    """The caller gets the very exception."""
    fault = OSError("no backend")

    def load() -> Any:
        raise fault

    with case.opened() as cache:
        used = case.watch(cache, tape.collector)
        with pytest.raises(OSError, match="no backend") as caught:
            case.finish(case.load(used, "a", load))
        (row,) = tape.rows()
    assert caught.value is fault
    assert (row.operation_type, row.error_type, row.error_message) == (
        "miss", "OSError", "no backend",
    )  # fmt: skip


# Imports -----------------------------------------------------------------------------------------


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


@every_library
def test_a_missing_library_is_named(module: str) -> None:
    """The adapter's import says what to install; it is an ImportError like any other."""
    case = MODULES[module]
    package = case.package or case.library
    code = (
        f"import sys\nsys.modules[{case.library!r}] = None\n"
        f"try:\n    import {module}\nexcept ImportError as error:\n    print(error)\n"
    )
    assert f"pip install {package}" in run(code)


def test_the_collector_loads_no_cache_library() -> None:
    """Whatever else is installed, importing the collector and its public names loads none."""
    loaded = run(
        "import sys\nfrom collector import Collector, record, start_collector, watch\n"
        "import collector.adapters\nprint(*sys.modules)"
    ).split()
    assert "collector.session" in loaded
    outside = {case.library for case in CASES if case.library not in sys.stdlib_module_names}
    assert not outside & set(loaded)
    assert not set(MODULES) & set(loaded)
