"""Message slices of a channel: messages, what opens them, which nonces repeat.

Specification, standalone.md 1.6 and 2; the fields of the results are those of
harness/inspect/INSPECT.md.
"""
from typing import Any, Iterable, NamedTuple, Sequence

from envelope import ChannelOpener, Sealed, split
from protobuf import Schema, decode
from records import (INDEX_RECORD_BYTES, Crc, Damage, Index, IndexRecord, Record, read_index,
                     read_records)
from utf8 import text

MESSAGE: Schema = {1: ("sequence", "uint64"), 2: ("subject", "bytes"), 3: ("reply", "bytes"),
                   4: ("data", "optional bytes"), 5: ("timestamp_ns", "int64"),
                   6: ("redelivered", "bool"), 7: ("redelivery_count", "uint32"),
                   10: ("crc32", "uint32")}
NO_INDEX = Index([], 0, [])


class Message(NamedTuple):
    """A stored message as it lies in its slice; `index` says whether the index agrees."""
    slice: int
    record: Record
    fields: dict[str, Any]
    index: str

    @property
    def data(self) -> bytes | None:
        """The stored message data; None where the field is absent."""
        return self.fields["data"]


class Slice(NamedTuple):
    summary: dict[str, int | None]
    messages: list[Message]
    data_damage: list[Damage]
    index_damage: list[Damage]


class Opened(NamedTuple):
    """Stored data seen through the given keys: `keys` are the numbers of those that open it."""
    sealed: Sealed | None
    keys: list[int]
    payload: bytes | None


def read_slice(number: int, data: bytes, index_data: bytes | None, crc: Crc) -> Slice:
    """One msgs.N.dat with its msgs.N.idx, if there is one."""
    index = NO_INDEX if index_data is None else read_index(index_data, crc)
    framing = read_records(data, crc, index_offsets=(item.offset for item in index.records))
    damage = list(framing.damage)
    by_offset = {item.offset: item for item in index.records}  # of two for one offset, the last
    messages = []
    for record in framing.records:
        fields = decode(record.payload, MESSAGE)
        if fields is not None:
            entry = by_offset.get(record.offset)
            messages.append(Message(number, record, fields, compare(entry, record, fields)))
        elif record.crc_ok:
            damage.append(record.damage("undecodable", "payload is not valid protobuf"))
    summary = {"number": number, "data_size": len(data),
               "index_size": None if index_data is None else len(index_data),
               "records": len(framing.records), "index_records": len(index.records),
               "data_padding": framing.padding, "index_padding": index.padding}
    return Slice(summary, messages, damage, index.damage + astray(index, framing.records))


def astray(index: Index, records: Iterable[Record]) -> list[Damage]:
    """Damage for index records that name an offset at which no record was read."""
    offsets = {record.offset for record in records}
    return [Damage(item.position, INDEX_RECORD_BYTES, "index",
                   f"no record was read at offset {item.offset}")
            for item in index.records if item.offset not in offsets]


def compare(entry: IndexRecord | None, record: Record, fields: dict[str, Any]) -> str:
    """Whether the index says what the record says (1.6)."""
    if entry is None:
        return "missing"
    said = (entry.sequence, entry.timestamp, entry.size)
    same = said == (fields["sequence"], fields["timestamp_ns"], len(record.payload))
    return "agrees" if same else "differs"


def open_data(data: bytes | None, openers: Sequence[ChannelOpener]) -> Opened:
    """What the given keys make of stored data; data that is not sealed is its own payload."""
    sealed = split(data)
    if sealed is None:
        return Opened(None, [], data or b"")
    plaintexts = {number: plaintext for number, opener in enumerate(openers, 1)
                  if (plaintext := opener.open(sealed)) is not None}
    return Opened(sealed, list(plaintexts), next(iter(plaintexts.values()), None))


def show_message(message: Message, opened: Opened, payloads: bool) -> dict[str, Any]:
    fields, record, sealed = message.fields, message.record, opened.sealed
    shown = {
        "slice": message.slice, "offset": record.offset, "record_size": len(record.payload),
        "sequence": fields["sequence"], "subject": text(fields["subject"]),
        "reply": text(fields["reply"]), "timestamp_ns": fields["timestamp_ns"],
        "data_size": None if message.data is None else len(message.data),
        "crc_ok": record.crc_ok, "index": message.index,
        "cipher": sealed and sealed.cipher, "nonce": sealed and sealed.nonce.hex(),
        "opened_by": opened.keys,
        "plaintext_size": len(opened.payload) if opened.keys else None,
    }
    if payloads:
        shown["payload"] = None if opened.payload is None else opened.payload.hex()
    return shown


def nonce_reuse(channel: bytes, messages: Iterable[tuple[Message, Opened]]) -> list[dict[str, Any]]:
    """The nonces that two or more messages share under one cipher and key.

    Messages that no given key opens are taken to be under one key. In order of the first place.
    """
    groups: dict[tuple, list[Message]] = {}
    for message, opened in messages:
        if opened.sealed:
            key = opened.keys[0] if opened.keys else None
            place = (opened.sealed.cipher, opened.sealed.nonce, key)
            groups.setdefault(place, []).append(message)
    return [{"channel": text(channel), "cipher": cipher, "nonce": nonce.hex(), "key": key,
             "at": [{"slice": message.slice, "offset": message.record.offset,
                     "sequence": message.fields["sequence"]} for message in group],
             "same_bytes": len({message.data for message in group}) == 1}
            for (cipher, nonce, key), group in groups.items() if len(group) > 1]
