"""The suite's own rules: no skip in CI, and a time budget for each folder."""

import pytest

from tests.fix_budgets import budgets, folder_of, overruns
from tests.fix_ci import refuse_skip

pytest_plugins = ("pytester",)

KNOWN = {"tests/a": 10.0, "tests/a/b": 5.0}


def test_a_skip_fails_in_ci_and_an_expected_failure_does_not(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import pytest
        def test_skipped():
            pytest.skip("no such server")
        @pytest.mark.xfail(strict=True)
        def test_expected():
            assert False
        def test_passed():
            pass
        """
    )
    pytester.makepyfile(test_whole="import pytest\npytest.skip('all', allow_module_level=True)")
    monkeypatch.delenv("CI", raising=False)
    pytester.runpytest_subprocess("-p", "tests.fix_ci").assert_outcomes(
        passed=1, skipped=2, xfailed=1
    )
    monkeypatch.setenv("CI", "true")
    inside = pytester.runpytest_subprocess("-p", "tests.fix_ci", "--continue-on-collection-errors")
    inside.assert_outcomes(passed=1, failed=1, errors=1, xfailed=1)
    inside.stdout.fnmatch_lines(["*CI=true does not allow a skip: *no such server*"])


def test_a_test_belongs_to_the_nearest_folder_with_a_budget() -> None:
    assert folder_of("tests/a/b/c/test_x.py::test_y", KNOWN) == "tests/a/b"
    assert folder_of("tests/a/test_x.py::test_y", KNOWN) == "tests/a"
    assert folder_of("tests/ab/test_x.py::test_y", KNOWN) is None


def test_over_its_budget_a_folder_is_named_and_twice_over_it_fails_ci() -> None:
    assert overruns({"tests/a": 9.9, "tests/a/b": 5.0}, KNOWN) == []
    assert overruns({"tests/a": 20.0}, KNOWN) == [("tests/a took 20 s; its budget is 10 s", False)]
    assert overruns({"tests/a": 20.1}, KNOWN) == [("tests/a took 20 s; its budget is 10 s", True)]


def test_the_written_budgets_fit_into_ten_minutes_on_two_cores() -> None:
    assert sum(budgets().values()) <= 2 * 600


def test_what_is_not_a_skip_is_left_alone() -> None:
    report = pytest.TestReport("x", ("x", 0, "x"), {}, "passed", None, "call")
    refuse_skip(report)
    assert report.passed
