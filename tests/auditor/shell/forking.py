"""A process that has imported what commands need, and forks for each call of `cache-auditor`.

The imports are a second and a half of each call's time, and the same each time; the rest is as in
a process started for it: arguments, environment, folder, output, exit code, exit handlers.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import signal
import socket
import sys
import time
import warnings
from importlib import import_module
from typing import Final

import auditor
import baselines

LONGEST_REQUEST: Final = 1 << 20


def import_all() -> None:
    """Every module behind a command."""
    for package in (auditor, baselines):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if found.name != "auditor.__main__":
                import_module(found.name)
    import_module("sklearn.ensemble")


def fork() -> int:
    """os.fork; of threads there are those of the array library, which knows of forks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def become(asked: dict[str, object], descriptors: list[int]) -> None:
    """Turn into the process that was asked for: argv, environ, folder and 0, 1, 2."""
    for number, descriptor in enumerate(descriptors[:3]):
        os.dup2(descriptor, number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])  # type: ignore[call-overload]
    time.tzset()
    os.chdir(str(asked["folder"]))
    sys.argv = [sys.argv[0], *asked["words"]]  # type: ignore[misc]


def attend(requests: socket.socket, message: bytes, descriptors: list[int]) -> None:
    """Fork the process, say its id and then its status; returns in that process alone."""
    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = fork()
    if not child:
        become(json.loads(message), descriptors)
        return
    reply = descriptors[3]
    os.write(reply, f"{child}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.write(reply, f"{status}\n".encode())
    os._exit(0)


def serve(requests: socket.socket) -> None:
    """Until nobody asks any more; returns in a child that is to run a command."""
    import_all()
    gc.freeze()  # what is here stays shared: no child's collector looks at it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = socket.recv_fds(requests, LONGEST_REQUEST, 4)
        if not message:
            os._exit(0)
        if not fork():
            attend(requests, message, list(descriptors))
            return
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    from auditor.__main__ import main

    main()
