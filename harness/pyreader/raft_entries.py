"""Entries of the Raft log and the operations in them (specification, cluster.md 1.3 to 1.6).

`decode_entry` and `decode_operation` give None for what is not one.
"""
import struct
from typing import Any, Iterator, NamedTuple, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from envelope import Sealed, split
from protobuf import LENGTH, Malformed, Schema, decode, fields, varint
from utf8 import text

COMMAND = 0
TYPES = {0: "Command", 1: "Noop", 4: "Barrier", 5: "Configuration"}
UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}

OPERATIONS = {0: "Publish", 1: "Subscribe", 2: "RemoveSubscription", 3: "CloseSubscription",
              4: "SendAndAck", 6: "Connect", 7: "Disconnect", 8: "DeleteChannel"}
OPERATION: Schema = {1: ("type", "int32"), 2: ("batch", "bytes"), 3: ("sub", "bytes"),
                     4: ("unsub", "bytes"), 5: ("sent_ack", "bytes"), 7: ("connect", "bytes"),
                     8: ("disconnect", "bytes"), 9: ("channel", "bytes"),
                     10: ("channel_id", "uint64")}
MESSAGE: Schema = {1: ("sequence", "uint64"), 2: ("subject", "bytes"), 3: ("reply", "bytes"),
                   4: ("data", "bytes"), 5: ("timestamp_ns", "int64")}
SUB: Schema = {1: ("request", "bytes"), 2: ("ack_inbox", "bytes"), 3: ("id", "uint64")}
REQUEST: Schema = {1: ("client_id", "bytes"), 2: ("channel", "bytes"), 3: ("queue_group", "bytes"),
                   4: ("inbox", "bytes"), 7: ("durable_name", "bytes")}
UNSUB: Schema = {1: ("client_id", "bytes"), 2: ("channel", "bytes"), 3: ("inbox", "bytes"),
                 4: ("durable_name", "bytes")}
SENT_ACK: Schema = {1: ("channel", "bytes"), 2: ("ack_inbox", "bytes"), 3: ("sent", "bytes"),
                    4: ("acked", "bytes")}
CONNECT: Schema = {1: ("request", "bytes"), 2: ("refresh", "bool")}
CLIENT: Schema = {1: ("client_id", "bytes"), 2: ("inbox", "bytes")}
CLOSE: Schema = {1: ("client_id", "bytes")}


class Entry(NamedTuple):
    index: int
    term: int
    type: int
    appended_at: tuple[int, int] | None
    data: bytes


class Reader:
    """MessagePack as the log has it: maps, raw strings, nil, unsigned numbers."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise Malformed("cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def raw(self) -> bytes | None:
        """A string; None for nil."""
        mark = self.take(1)[0]
        if mark == 0xC0:
            return None
        if mark & 0xE0 == 0xA0:
            return self.take(mark & 0x1F)
        if mark in (0xDA, 0xDB):
            return self.take(int.from_bytes(self.take(2 if mark == 0xDA else 4), "big"))
        raise Malformed("not a string")

    def unsigned(self) -> int:
        mark = self.take(1)[0]
        if mark < 0x80:
            return mark
        if mark not in UNSIGNED:
            raise Malformed("not a number")
        return int.from_bytes(self.take(UNSIGNED[mark]), "big")


def time(body: bytes | None) -> tuple[int, int] | None:
    if body is None:
        return None
    if len(body) == 4:
        return int.from_bytes(body, "big"), 0
    if len(body) == 8:
        both = int.from_bytes(body, "big")
        return both & (1 << 34) - 1, both >> 34
    if len(body) == 12:
        nanoseconds, seconds = struct.unpack(">Iq", body)
        return seconds, nanoseconds
    raise Malformed("not a time")


def decode_entry(value: bytes) -> Entry | None:
    reader = Reader(value)
    found: dict[bytes, Any] = {}
    try:
        if reader.take(1) != b"\x86":
            return None
        for _ in range(6):
            name = reader.raw()
            found[name or b""] = (reader.unsigned() if name in (b"Index", b"Term", b"Type")
                                  else reader.raw())
        return Entry(found[b"Index"], found[b"Term"], found[b"Type"], time(found[b"AppendedAt"]),
                     found[b"Data"] or b"")
    except (Malformed, KeyError):
        return None


class RaftOpener:
    """Opens what one key sealed in a Raft log, whatever the cipher."""

    def __init__(self, key: bytes) -> None:
        digest = Hash(SHA256())
        digest.update(key)
        derived = digest.finalize()
        self._aeads = {"AES": AESGCM(derived), "CHACHA": ChaCha20Poly1305(derived)}

    def open(self, sealed: Sealed) -> bytes | None:
        try:
            return self._aeads[sealed.cipher].decrypt(sealed.nonce, sealed.ciphertext, None)
        except InvalidTag:
            return None


def packed(data: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def repeated(data: bytes, number: int) -> Iterator[bytes]:
    """The bytes of each field `number` of a message."""
    for field in fields(data):
        if field.number == number and field.wire_type == LENGTH:
            yield data[field.start:field.end]


def part(data: bytes, schema: Schema) -> dict[str, Any]:
    found = decode(data, schema)
    if found is None:
        raise Malformed("a message in it")
    return found


def details(operation: dict[str, Any]) -> dict[str, Any]:
    """What an operation of its type says, by the names of RAFT.md."""
    kind = OPERATIONS.get(operation["type"])
    if kind == "Publish":
        messages = [part(item, MESSAGE) for item in repeated(operation["batch"], 1)]
        return {"channel": messages[0]["subject"] if messages else b"",
                "sequences": [message["sequence"] for message in messages],
                "payload_sizes": [len(message["data"]) for message in messages]}
    if kind == "Subscribe":
        sub = part(operation["sub"], SUB)
        return part(sub["request"], REQUEST) | {"ack_inbox": sub["ack_inbox"],
                                                "subscription_id": sub["id"]}
    if kind in ("RemoveSubscription", "CloseSubscription"):
        return part(operation["unsub"], UNSUB)
    if kind == "SendAndAck":
        sent = part(operation["sent_ack"], SENT_ACK)
        return sent | {"sent": sorted(packed(sent["sent"])), "acked": sorted(packed(sent["acked"]))}
    if kind == "Connect":
        return part(part(operation["connect"], CONNECT)["request"], CLIENT)
    if kind == "Disconnect":
        return part(operation["disconnect"], CLOSE)
    return {"channel": operation["channel"]} if kind == "DeleteChannel" else {}


def decode_operation(data: bytes) -> dict[str, Any] | None:
    operation = decode(data, OPERATION)
    if operation is None:
        return None
    shown: dict[str, Any] = {
        "type": OPERATIONS.get(operation["type"], str(operation["type"])), "channel": b"",
        "channel_id": operation["channel_id"], "client_id": b"", "inbox": b"", "ack_inbox": b"",
        "queue_group": b"", "durable_name": b"", "subscription_id": 0, "sequences": [],
        "payload_sizes": [], "sent": [], "acked": []}
    try:
        shown |= details(operation)
    except Malformed:
        return None
    return {name: text(value) if isinstance(value, bytes) else value
            for name, value in shown.items()}


def show(entry: Entry, openers: Sequence[RaftOpener], payloads: bool) -> dict[str, Any]:
    """An entry as RAFT.md has it."""
    sealed = split(entry.data) if entry.type == COMMAND else None
    opened = [opener.open(sealed) for opener in openers] if sealed else []
    keys = [number for number, plaintext in enumerate(opened, 1) if plaintext is not None]
    plaintext = opened[keys[0] - 1] if keys else None
    readable = plaintext if sealed else entry.data
    operation = (decode_operation(readable) if entry.type == COMMAND and readable is not None
                 else None)
    shown = {"index": entry.index, "term": entry.term, "type": TYPES.get(entry.type,
                                                                         str(entry.type)),
             "appended_at": list(entry.appended_at) if entry.appended_at else None,
             "data_size": len(entry.data), "cipher": sealed.cipher if sealed else None,
             "nonce": sealed.nonce.hex() if sealed else None, "opened_by": keys,
             "plaintext_size": None if plaintext is None else len(plaintext),
             "operation": operation}
    if payloads:
        shown["plaintext"] = None if readable is None else readable.hex()
    return shown
