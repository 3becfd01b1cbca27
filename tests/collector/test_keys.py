"""Cache keys: hashed with the installation's secret, or refused; never shown, never guessed."""

from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import SinkUnavailable, UnencodableKey
from collector.keys import KeyHasher, encode_builtin, hash_bytes
from collector.secret import find_secret

SECRET = b"secret of the installation"


def test_a_key_is_keyed_blake2b_128_in_hex() -> None:
    """As the standard library computes it, from the key's UTF-8."""
    expected = blake2b("schlüssel".encode(), key=SECRET, digest_size=16).hexdigest()
    assert KeyHasher(SECRET)("schlüssel", "pages") == expected
    assert len(expected) == 32


@given(st.text(min_size=1), st.binary(min_size=1, max_size=64))
def test_the_same_key_has_the_same_hash_on_every_host(key: str, secret: bytes) -> None:
    """Two hashers with one secret agree; str and its UTF-8 bytes are one key."""
    if key.isascii():
        assert KeyHasher(secret)(key.encode(), "a") == KeyHasher(secret)(key, "b")
    assert KeyHasher(secret)(key, "a") == KeyHasher(secret)(key, "b")


def test_another_secret_gives_another_hash() -> None:
    """Without the secret nobody can try out keys."""
    assert hash_bytes(b"k", b"one") != hash_bytes(b"k", b"two")


@pytest.mark.parametrize("key", [1, 1.5, ("a", 1), object(), ["k"], Path("k")])
def test_other_types_are_refused_without_an_encoder(key: Any) -> None:
    """Never repr; the reason names the type and nothing of the key."""
    with pytest.raises(UnencodableKey, match=type(key).__name__):
        KeyHasher(SECRET)(key, "pages")


def test_an_encoder_makes_other_types_keys() -> None:
    """One for all caches, or one for a single cache; a failing one refuses."""
    hasher = KeyHasher(SECRET, encoder=str, encoders={"pages": lambda key: b"p%d" % key})
    assert hasher(7, "other") == KeyHasher(SECRET)("7", "other")
    assert hasher(7, "pages") == KeyHasher(SECRET)("p7", "pages")
    with pytest.raises(UnencodableKey, match="TypeError"):
        hasher([7], "pages")


def test_no_key_is_no_hash() -> None:
    """None and '' are stored as ''."""
    assert [KeyHasher(SECRET)(key, "pages") for key in (None, "", b"")] == ["", "", ""]


@pytest.mark.parametrize(
    ("key", "kept"),
    [("user:7", True), (b"user:7", True), ("a\0b", False), (b"\xff", False), ("k" * 513, False)],
)
def test_plain_keys_are_kept_where_they_can_be(key: str | bytes, kept: bool) -> None:
    """On request; what PostgreSQL could not hold as text is hashed all the same."""
    stored = KeyHasher(SECRET, plain=True)(key, "pages")
    assert (stored == "user:7") if kept else (len(stored) == 32)


PLAIN_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=8,
)


@given(PLAIN_VALUES, PLAIN_VALUES)
def test_different_keys_never_read_alike(one: Any, other: Any) -> None:
    """The encoder for keys of plain values tells apart exactly what a dict tells apart."""
    encoded = encode_builtin(one)
    assert encoded is not None
    assert (encoded == encode_builtin(other)) == (one == other)


def test_a_key_with_something_else_inside_is_no_key() -> None:
    """Its operation is counted, without a key."""
    assert encode_builtin(("a", object())) is None


def away() -> bytes:
    raise SinkUnavailable("away")


def test_the_secret_is_remembered_for_when_the_server_is_away(tmp_path: Path) -> None:
    """Asked once, kept in the spool folder for this user alone, used while nobody answers."""
    assert find_secret(None, lambda: b"theirs", tmp_path).value == b"theirs"
    again = find_secret(None, away, tmp_path)
    assert (again.value, again.local) == (b"theirs", False)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_an_unknown_secret_is_made_on_this_host_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same one for every process of the host; said once; given up when the server answers."""
    first, second = find_secret(None, away, tmp_path), find_secret(None, away, tmp_path)
    assert first == second
    assert first.local
    assert len(first.value) == 32
    assert len([r for r in caplog.records if "do not compare across hosts" in r.message]) == 1
    assert not find_secret(None, lambda: b"theirs", tmp_path).local


def test_a_given_secret_asks_nobody(tmp_path: Path) -> None:
    """From the environment, it is used as it is."""
    assert find_secret("given", away, tmp_path).value == b"given"
