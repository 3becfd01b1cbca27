"""What a call on a cache came to, as operations: the same words for every library.

A call for many keys is one operation a key: the call's time is divided evenly over them, and the
metadata says over how many. What rightly stored or removed nothing is no operation.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.adapters.calls import NotStored
from collector.adapters.methods import Concluding


def put(done: Concluding) -> None:
    """A set; one that was not stored has failed."""
    error = done.error or (NotStored("not stored") if done.result is False else None)
    done.tell("set", done.stored(done.subject), done.elapsed_ms, done.value, error)


def put_if(done: Concluding) -> None:
    """A set that may rightly store nothing."""
    if done.error is not None or done.result:
        done.tell("set", done.stored(done.subject), done.elapsed_ms, done.value, done.error)


def put_many(done: Concluding) -> None:
    """A set of each of a dict; the result may be a list of the keys that were not stored."""
    failed = done.result if isinstance(done.result, Iterable) else ()
    unstored = set(failed) if done.error is None or failed else set(done.subject)
    fault = done.error or NotStored("not stored")
    share_ms, many = done.divided(len(done.subject))
    for key, value in done.subject.items():
        error = fault if key in unstored else None
        done.tell("set", done.stored(key), share_ms, value, error, many)


def taken(done: Concluding) -> None:
    """A delete, if it removed something."""
    if done.error is not None or done.result is None or done.result:
        done.tell("delete", done.stored(done.subject), done.elapsed_ms, None, done.error)


def taken_many(done: Concluding) -> None:
    """A delete of each: which of them were there is not told."""
    share_ms, many = done.divided(len(done.subject))
    for key in done.subject:
        done.tell("delete", done.stored(key), share_ms, None, done.error, many)


def got_many(done: Concluding) -> None:
    """A get of each; the result is a dict of those that were found."""
    found = done.result if done.result is not None else {}
    share_ms, many = done.divided(len(done.subject))
    for key in done.subject:
        stored = done.stored(key)
        if key in found:
            done.tell("hit", stored, share_ms, found[key], None, many)
        elif done.error is None or (done.unanswered is not None and key not in done.unanswered):
            done.tell("miss", stored, share_ms, None, None, many)
        else:
            done.tell("error", stored, share_ms, None, done.error, many)


def emptied(done: Concluding) -> None:
    """Everything was removed: one delete, with how many in its metadata where that is known."""
    held = done.result if type(done.result) is int else "all"
    if held or done.error is not None:
        done.tell("delete", None, done.elapsed_ms, None, done.error, {"cleared": held})
