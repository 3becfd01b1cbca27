"""A process that uses an embedded PostgreSQL until its standard input is closed.

Prints the connection string once it has it. With "fork" as second argument it forks a child that
leaves the context first, as a pre-forking server's worker would.
"""

import os
import sys
from pathlib import Path

from auditor.postgres.embedded import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
with server as dsn:
    if "fork" in sys.argv[2:]:
        child = os.fork()
        if child == 0:
            server.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(child, 0)
    print(dsn, flush=True)
    sys.stdin.read()
