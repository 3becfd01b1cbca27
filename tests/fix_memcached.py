"""Real memcached for the tests: `memcached_server` is the port of one on loopback."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.fix_redis import free_port, wait_for


@pytest.fixture(scope="session")
def memcached_server() -> Iterator[int]:
    """For the whole run; on another port when somebody else was quicker."""
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("memcached is not installed; `make system-packages` installs it")
    as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    for _ in range(5):
        port = free_port()
        server = subprocess.Popen(
            [program, "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", *as_somebody],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if wait_for(port, b"version", b"VERSION", server):
                yield port
                return
        finally:
            server.kill()
            server.wait()
    raise AssertionError("memcached found no free port")
