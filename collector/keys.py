"""Cache keys as they are stored: keyed BLAKE2b-128 in hex, or plain where the user asks for it.

str is hashed as its UTF-8, bytes as they are, anything else through an encoder that the user gives;
without one it is refused, because a repr may differ from process to process and may show anything.
The same key gives the same hash on every host that knows the installation's secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import Any

from collector.errors import UnencodableKey

Encoder = Callable[[Any], "str | bytes | None"]
DIGEST_BYTES = 16
LONGEST_PLAIN = 512


def hash_bytes(key: bytes, secret: bytes) -> str:
    """32 hex digits. The secret may have any length; BLAKE2b takes 64 bytes of it."""
    return blake2b(key, digest_size=DIGEST_BYTES, key=secret[:64]).hexdigest()


def encode(key: Any, encoder: Encoder | None = None) -> bytes:
    """The bytes that stand for a key; b"" for None, which means "no key".

    Raises UnencodableKey when it is neither str nor bytes and the encoder is missing or fails.
    """
    if type(key) is str:
        return key.encode("utf-8", "surrogatepass")
    if type(key) is bytes:
        return key
    if key is None:
        return b""
    if encoder is not None:
        try:
            key = encoder(key)
        except Exception as error:
            raise UnencodableKey(f"the key's encoder failed ({type(error).__name__})") from error
        if key is None:
            return b""
    if isinstance(key, str):
        return key.encode("utf-8", "surrogatepass")
    if isinstance(key, bytes | bytearray | memoryview):
        return bytes(key)
    raise UnencodableKey(f"a cache key of type {type(key).__name__} has no encoder")


class KeyEncoder:
    """Keys into bytes: encoder is for every cache, encoders for single ones by cache_name."""

    def __init__(
        self, encoder: Encoder | None = None, encoders: Mapping[str, Encoder] | None = None
    ) -> None:
        self._encoder = encoder
        self._encoders = encoders if encoders is not None else {}

    def __call__(self, key: Any, cache_name: str) -> bytes:
        """b"" when there is no key. Raises UnencodableKey."""
        return encode(key, self._encoders.get(cache_name, self._encoder))


class KeyHasher:
    """Turns keys into what is stored; one per collector.

    encoder is for every cache, encoders for single ones by cache_name. A plain key that PostgreSQL
    could not store as text (NUL, not UTF-8), or of more than 512 bytes, is hashed all the same.
    """

    def __init__(
        self,
        secret: bytes,
        *,
        encoder: Encoder | None = None,
        encoders: Mapping[str, Encoder] | None = None,
        plain: bool = False,
    ) -> None:
        self.secret = secret
        self.plain = plain
        self._encode = KeyEncoder(encoder, encoders)
        self._keyed = blake2b(digest_size=DIGEST_BYTES, key=secret[:64])

    def __call__(self, key: Any, cache_name: str) -> str:
        """The text for the column cache_key; '' when there is no key. Raises UnencodableKey."""
        return self.hash(self._encode(key, cache_name))

    def hash(self, encoded: bytes) -> str:
        """The same for a key that is encoded already."""
        if not encoded:
            return ""
        if self.plain and len(encoded) <= LONGEST_PLAIN and b"\0" not in encoded:
            try:
                return encoded.decode()
            except UnicodeDecodeError:
                pass
        return self._digest(encoded)

    def all(self, keys: Iterable[Any], cache_names: Iterable[str]) -> list[str]:
        """The same for many keys, each with the name of its cache. Raises UnencodableKey."""
        encode, fresh = self._encode, self._keyed.copy
        texts = []
        for key, cache_name in zip(keys, cache_names, strict=True):
            plain = type(key) is str
            encoded = key.encode("utf-8", "surrogatepass") if plain else encode(key, cache_name)
            if self.plain or not encoded:
                texts.append(self.hash(encoded))
            else:  # `hash`, without a call for each
                digest = fresh()
                digest.update(encoded)
                texts.append(digest.hexdigest())
        return texts

    def _digest(self, encoded: bytes) -> str:
        """As `hash_bytes`; a copy of what has taken the secret in already takes half the time."""
        digest = self._keyed.copy()
        digest.update(encoded)
        return digest.hexdigest()


def encode_builtin(key: Any) -> bytes | None:
    """An encoder for keys made of None, bool, int, float, str, bytes and tuples of them.

    Every part carries its type and length, so that different keys never read alike. Numbers that
    Python holds for equal (1, 1.0, True) are one key in a dict and are encoded alike. None, which
    means "no key", for whatever holds something else: its event is counted without a key.
    """
    try:
        return _tagged(key, 0)
    except UnencodableKey:
        return None


def _tagged(key: Any, depth: int) -> bytes:
    if isinstance(key, str):
        body = b"s" + key.encode("utf-8", "surrogatepass")
    elif isinstance(key, bytes):
        body = b"b" + key
    elif isinstance(key, float) and not key.is_integer():
        body = b"f" + key.hex().encode()
    elif isinstance(key, int | float):
        body = b"i%x" % int(key)
    elif key is None:
        body = b"n"
    elif isinstance(key, tuple) and depth < 8:
        body = b"t" + b"".join(_tagged(part, depth + 1) for part in key)
    else:
        raise UnencodableKey(f"a cache key of type {type(key).__name__} has no encoder")
    return b"%d:" % len(body) + body
