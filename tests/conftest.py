"""Fixtures by subject, one file each."""

pytest_plugins = (
    "tests.fix_run_folder",
    "tests.fix_ci",
    "tests.fix_budgets",
    "tests.fix_postgres",
    "tests.fix_redis",
    "tests.fix_memcached",
    "tests.fix_chromium",
)
