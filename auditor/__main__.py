"""`cache-auditor`, and `python -m auditor`: runs a command and ends with its exit code.

Imports nothing that an extra brings before it can say which extra is missing.
"""

import sys
import traceback
from collections.abc import Callable
from typing import Final

from auditor.controls import without_controls
from auditor.errors import CacheAuditorError, MissingExtra
from auditor.installation import PACKAGES, check_installation

INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
OUR_FAULT: Final = 70


def main() -> None:
    """Run the command line and exit; the codes are listed in errors.py."""
    sys.exit(outcome(_run))


def outcome(run: Callable[[], None]) -> int:
    """Run a command to its end, say on stderr what went wrong, and return its exit code."""
    try:
        check_installation()
        try:
            run()
        except ImportError as exc:
            missing = (exc.name or "").partition(".")[0]
            if not missing or missing in (*PACKAGES, "auditor"):
                raise
            raise MissingExtra(missing, "auditor") from exc
    except CacheAuditorError as exc:
        said = without_controls(f"cache-auditor: {exc}")  # it may quote a file or a server
        print(said, file=sys.stderr)  # noqa: T201 - rich may be missing
        return exc.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return BROKEN_PIPE
    except SystemExit as exc:
        return exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except Exception:
        traceback.print_exc()
        return OUR_FAULT
    return 0


def _run() -> None:
    from auditor.cli import build

    build()(prog_name="cache-auditor")


if __name__ == "__main__":
    main()
