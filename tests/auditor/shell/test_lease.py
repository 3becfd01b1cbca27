"""Leases and guards on one folder, within one process."""

from pathlib import Path

import pytest

from auditor.errors import Busy
from auditor.postgres.lease import Lease, guard, living_holders


def test_a_holder_counts_until_it_gives_its_lease_back(tmp_path: Path) -> None:
    holders = tmp_path / "holders"
    first, second = Lease(holders), Lease(holders)
    first.take()
    second.take()
    assert living_holders(holders) == 2
    first.give_back()
    assert living_holders(holders) == 1
    second.give_back()
    second.give_back()
    assert living_holders(holders) == 0


def test_a_file_that_nobody_locks_is_a_dead_holder(tmp_path: Path) -> None:
    holders = tmp_path / "holders"
    holders.mkdir()
    (holders / "4711-killed").touch()
    assert living_holders(holders) == 0
    assert list(holders.iterdir()) == []


def test_a_folder_that_was_never_held_has_no_holders(tmp_path: Path) -> None:
    assert living_holders(tmp_path / "none") == 0


def test_a_guard_lets_one_in_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "guard.lock"
    with guard(path), pytest.raises(Busy, match=r"guard\.lock for more than 0 s"):
        guard(path, timeout_s=0).__enter__()
    with guard(path, timeout_s=0):
        pass
