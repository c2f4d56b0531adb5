"""The sealed payload: keys, format, opening (specification, standalone.md 2).

Nothing here raises for foreign bytes: what does not open gives None.
"""
import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

CIPHERS = {1: "AES", 2: "CHACHA"}
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES


class Sealed(NamedTuple):
    """Stored data that looks sealed. Only a key can tell whether it is."""
    cipher: str
    nonce: bytes
    ciphertext: bytes  # with the tag


def split(data: bytes | None) -> Sealed | None:
    """The parts of stored data that begins with a cipher code and is long enough (2.2)."""
    if not data or len(data) < OVERHEAD_BYTES or data[0] not in CIPHERS:
        return None
    return Sealed(CIPHERS[data[0]], data[1:1 + NONCE_BYTES], data[1 + NONCE_BYTES:])


def channel_key(key: bytes, channel: bytes) -> bytes:
    """The 32-byte key of a channel (2.1); the leading zeros are part of the format."""
    master = hashlib.sha256(key).digest()
    suffix = master + b"." + channel
    return hashlib.sha256(bytes(len(suffix)) + suffix).digest()


class ChannelOpener:
    """Opens the sealed payloads of one channel with one key, whatever their cipher."""

    def __init__(self, key: bytes, channel: bytes) -> None:
        derived = channel_key(key, channel)
        self._aeads = {"AES": AESGCM(derived), "CHACHA": ChaCha20Poly1305(derived)}

    def open(self, sealed: Sealed) -> bytes | None:
        """The plaintext, or None if this key does not open it."""
        try:
            return self._aeads[sealed.cipher].decrypt(sealed.nonce, sealed.ciphertext, None)
        except (InvalidTag, OverflowError):  # the latter from 2 GiB on, which no server writes
            return None
