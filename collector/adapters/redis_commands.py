"""What a command of Redis means for a cache: which keys it looks up, puts in or takes out.

A get of one key is a hit or a miss; a command over several keys is one operation for each of them.
SET and its like are sets when the server stored the value: NX, XX or SETNX that did not are
nothing. DEL, UNLINK and HDEL are one delete for each key that was there; of which ones the server
says only how many, so they have no key when it is some but not all. A field of a hash is an entry
of its own, recorded as `key[field]`; HGETALL is a get of the whole hash. EXPIRE to now or the past
is a delete. FLUSHDB and FLUSHALL are one delete without a key. GETDEL is a get, GETSET a set.

Any other command (counters, lists, scripts, locks' scripts, modules) is none of a cache's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Arguments = tuple[Any, ...]
    # operation_type, key (None: not known), value_bytes (None: not known)
    Found = tuple[str, Any, int | None]


class Command(NamedTuple):
    """One command: its keys, what its answer says of them, and what its failure is recorded as.

    arguments are those of execute_command, the command's name first. The answer may be as the
    server gave it or as the client's callbacks made it.
    """

    failure: str  # "": its failure is nothing to a cache
    keys: Callable[[Arguments], Sequence[Any]]
    outcome: Callable[[Arguments, Any], Sequence[Found]]
    many: bool = False  # it may have several keys
    is_get: bool = False  # of one key, answered by its value or None


def size(value: Any) -> int | None:
    """The bytes of a value on the wire; None when it is neither text nor bytes."""
    if type(value) is bytes:
        return len(value)
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, memoryview):
        return value.nbytes
    return len(value) if isinstance(value, bytes | bytearray) else None


def plain_key(key: Any) -> str | bytes:
    """A key as the server knows it: numbers as their text, whatever holds bytes as bytes."""
    if isinstance(key, str | bytes):
        return key
    if isinstance(key, int | float):
        return repr(key)
    return bytes(key)


def field_key(key: Any, field: Any) -> str | bytes:
    """The key of a hash's field: key[field]."""
    whole, part = plain_key(key), plain_key(field)
    if isinstance(whole, str) and isinstance(part, str):
        return f"{whole}[{part}]"
    return b"%b[%b]" % (_encoded(whole), _encoded(part))


def _encoded(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


# The keys -----------------------------------------------------------------------------------------


def _first(arguments: Arguments) -> Sequence[Any]:
    return arguments[1:2]


def _every(arguments: Arguments) -> Sequence[Any]:
    return arguments[1:]


def _every_other(arguments: Arguments) -> Sequence[Any]:
    return arguments[1::2]


def _fields(arguments: Arguments) -> Sequence[Any]:
    return [field_key(arguments[1], field) for field in arguments[2:]]


def _first_field(arguments: Arguments) -> Sequence[Any]:
    return [field_key(arguments[1], arguments[2])]


def _every_other_field(arguments: Arguments) -> Sequence[Any]:
    return [field_key(arguments[1], field) for field in arguments[2::2]]


def _no_key(arguments: Arguments) -> Sequence[Any]:
    return (None,)


# What the answer says -----------------------------------------------------------------------------


def _got(arguments: Arguments, answer: Any) -> Sequence[Found]:
    if answer is None:
        return (("miss", arguments[1], None),)
    return (("hit", arguments[1], size(answer)),)


def _got_field(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _got((None, field_key(arguments[1], arguments[2])), answer)


def _got_each(arguments: Arguments, answer: Any) -> Sequence[Found]:
    pairs = zip(arguments[1:], answer, strict=True)
    return [_got((None, key), value)[0] for key, value in pairs]


def _got_fields(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _got_each((None, *_fields(arguments)), answer)


def _got_hash(arguments: Arguments, answer: Any) -> Sequence[Found]:
    if not answer:
        return (("miss", arguments[1], None),)
    values = answer.values() if isinstance(answer, dict) else answer[1::2]
    return (("hit", arguments[1], _sum(values)),)


def _sum(values: Any) -> int | None:
    sizes = [size(value) for value in values]
    known = [each for each in sizes if each is not None]
    return sum(known) if len(known) == len(sizes) else None


def _set(arguments: Arguments, answer: Any) -> Sequence[Found]:
    if len(arguments) > 3 and not _stored(arguments[3:], answer):
        return ()
    return (("set", arguments[1], size(arguments[2])),)


def _stored(options: Arguments, answer: Any) -> bool:
    """Whether SET stored the value. With GET it answers with the old one, which decides NX, XX."""
    words = {word.upper() for word in options if isinstance(word, str)}
    if "GET" not in words:
        return bool(answer)
    if "NX" in words:
        return answer is None
    return answer is not None if "XX" in words else True


def _set_always(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return (("set", arguments[1], size(arguments[2])),)


def _set_with_time(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return (("set", arguments[1], size(arguments[3])),)


def _set_if_true(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _set_always(arguments, answer) if answer else ()


def _set_pairs(arguments: Arguments, answer: Any) -> Sequence[Found]:
    if not answer:
        return ()
    pairs = zip(arguments[1::2], arguments[2::2], strict=True)
    return [("set", key, size(value)) for key, value in pairs]


def _set_fields(arguments: Arguments, answer: Any) -> Sequence[Found]:
    pairs = zip(_every_other_field(arguments), arguments[3::2], strict=True)
    return [("set", key, size(value)) for key, value in pairs]


def _set_field_if_true(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _set_fields(arguments, answer) if answer else ()


def _deleted(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _deletes(arguments[1:], answer)


def _deleted_fields(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return _deletes(_fields(arguments), answer)


def _deletes(keys: Sequence[Any], removed: int) -> Sequence[Found]:
    if removed == len(keys):
        return [("delete", key, None) for key in keys]
    return [("delete", None, None)] * removed


def _expired(arguments: Arguments, answer: Any) -> Sequence[Found]:
    past = answer and isinstance(arguments[2], int) and arguments[2] <= 0
    return (("delete", arguments[1], None),) if past else ()


def _flushed(arguments: Arguments, answer: Any) -> Sequence[Found]:
    return (("delete", None, None),)


_BY_NAME = {
    "GET": Command("error", _first, _got, is_get=True),
    "GETEX": Command("error", _first, _got, is_get=True),
    "GETDEL": Command("error", _first, _got, is_get=True),
    "MGET": Command("error", _every, _got_each, many=True),
    "SET": Command("set", _first, _set),
    "SETEX": Command("set", _first, _set_with_time),
    "PSETEX": Command("set", _first, _set_with_time),
    "SETNX": Command("set", _first, _set_if_true),
    "GETSET": Command("set", _first, _set_always),
    "MSET": Command("set", _every_other, _set_pairs, many=True),
    "MSETNX": Command("set", _every_other, _set_pairs, many=True),
    "DEL": Command("delete", _every, _deleted, many=True),
    "UNLINK": Command("delete", _every, _deleted, many=True),
    "EXPIRE": Command("", _first, _expired),
    "PEXPIRE": Command("", _first, _expired),
    "FLUSHDB": Command("delete", _no_key, _flushed),
    "FLUSHALL": Command("delete", _no_key, _flushed),
    "HGET": Command("error", _first_field, _got_field),
    "HMGET": Command("error", _fields, _got_fields, many=True),
    "HGETALL": Command("error", _first, _got_hash),
    "HSET": Command("set", _every_other_field, _set_fields, many=True),
    "HMSET": Command("set", _every_other_field, _set_fields, many=True),
    "HSETNX": Command("set", _every_other_field, _set_field_if_true),
    "HDEL": Command("delete", _fields, _deleted_fields, many=True),
}
# By every spelling that the clients' own methods or an application's execute_command may use.
COMMANDS: dict[Any, Command] = {
    spelling: command
    for name, command in _BY_NAME.items()
    for spelling in (name, name.lower(), name.encode(), name.lower().encode())
}
