"""server.dat, clients.dat and subs.dat: decode, replay, list what is live.

Specification, standalone.md 1.3 to 1.5. Each reader takes the bytes of a file and gives what it
holds together with its damage; damaged records are not replayed.
"""
from typing import Any, Iterator, NamedTuple

from protobuf import Schema, decode
from records import Crc, Damage, Framing, read_records
from utf8 import text

SERVER: Schema = {1: ("cluster_id", "bytes"), 2: ("discovery", "bytes"), 3: ("publish", "bytes"),
                  4: ("subscribe", "bytes"), 5: ("unsubscribe", "bytes"), 6: ("close", "bytes"),
                  7: ("sub_close", "bytes"), 8: ("acks_subs", "bytes"), 9: ("node_id", "bytes")}

CLIENT: Schema = {1: ("id", "bytes"), 2: ("heartbeat_inbox", "bytes"),
                  3: ("connection_id", "bytes"), 4: ("protocol", "int32"),
                  5: ("ping_interval_s", "int32"), 6: ("ping_max_out", "int32")}
CLIENT_DELETE: Schema = {1: ("id", "bytes")}
CLIENT_ADD_TYPE, CLIENT_DELETE_TYPE = 1, 2
CLIENT_TYPES = {CLIENT_ADD_TYPE: CLIENT, CLIENT_DELETE_TYPE: CLIENT_DELETE}

SUBSCRIPTION: Schema = {1: ("id", "uint64"), 2: ("client_id", "bytes"), 3: ("queue_group", "bytes"),
                        4: ("inbox", "bytes"), 5: ("ack_inbox", "bytes"),
                        6: ("max_in_flight", "int32"), 7: ("ack_wait_s", "int32"),
                        8: ("durable_name", "bytes"), 9: ("last_sent", "uint64"),
                        10: ("durable", "bool"), 11: ("closed", "bool")}
SUB_DELETE: Schema = {1: ("id", "uint64")}
SUB_SEQUENCE: Schema = {1: ("id", "uint64"), 2: ("sequence", "uint64")}
SUB_NEW, SUB_UPDATE, SUB_GONE, SUB_ACK, SUB_PENDING = 1, 2, 3, 4, 5
SUB_TYPES = {SUB_NEW: SUBSCRIPTION, SUB_UPDATE: SUBSCRIPTION, SUB_GONE: SUB_DELETE,
             SUB_ACK: SUB_SEQUENCE, SUB_PENDING: SUB_SEQUENCE}


class Entry(NamedTuple):
    """An undamaged record of a journal."""
    type: int
    fields: dict[str, Any]


def show(fields: dict[str, Any]) -> dict[str, Any]:
    """Decoded fields as JSON values: strings as text."""
    return {name: text(value) if isinstance(value, bytes) else value
            for name, value in fields.items()}


def entries(framing: Framing, schemas: dict[int, Schema],
            damage: list[Damage]) -> Iterator[Entry]:
    """The undamaged records in order; the damage of the others is added to `damage`."""
    for record in framing.records:
        if not record.crc_ok:
            continue
        if record.type not in schemas:
            damage.append(record.damage("type", f"record type {record.type} is unknown"))
            continue
        fields = decode(record.payload, schemas[record.type])
        if fields is None:
            damage.append(record.damage("undecodable", "payload is not valid protobuf"))
        else:
            yield Entry(record.type, fields)


def read_server(data: bytes, crc: Crc) -> tuple[dict[str, Any] | None, list[Damage]]:
    """The identity of the server: one record, nothing behind it (1.3)."""
    framing = read_records(data, crc)
    if not framing.records:
        return None, framing.damage
    first = framing.records[0]
    damage = [item for item in framing.damage if item.offset <= first.offset]
    if first.end < len(data):
        extra = len(data) - first.end
        damage.append(Damage(first.end, extra, "trailing", f"{extra} bytes behind the record"))
    found = list(entries(Framing([first], 0, []), {0: SERVER}, damage))
    return show(found[0].fields) if found else None, damage


def read_clients(data: bytes, crc: Crc) -> tuple[list[dict[str, Any]], list[Damage]]:
    """The clients that are left after the journal (1.4)."""
    framing = read_records(data, crc, typed=True)
    damage = list(framing.damage)
    live: dict[bytes, dict[str, Any]] = {}
    for entry in entries(framing, CLIENT_TYPES, damage):
        if entry.type == CLIENT_ADD_TYPE:
            live[entry.fields["id"]] = entry.fields
        else:
            live.pop(entry.fields["id"], None)
    return [show(live[key]) | {"connection_id": live[key]["connection_id"].hex()}
            for key in sorted(live)], damage


def read_subscriptions(data: bytes, crc: Crc) -> tuple[list[dict[str, Any]], list[Damage]]:
    """The subscriptions of a channel that are left after the journal (1.5)."""
    framing = read_records(data, crc, typed=True)
    damage = list(framing.damage)
    live: dict[int, dict[str, Any]] = {}
    pending: dict[int, set[int]] = {}
    for entry in entries(framing, SUB_TYPES, damage):
        replay_subscription(entry, live, pending)
    return [show(live[key]) | {"pending": sorted(pending[key])} for key in sorted(live)], damage


def replay_subscription(entry: Entry, live: dict[int, dict[str, Any]],
                        pending: dict[int, set[int]]) -> None:
    """Applies one record of subs.dat; those of unknown subscriptions say nothing (1.5)."""
    key = entry.fields["id"]
    if entry.type in (SUB_NEW, SUB_UPDATE):
        live[key] = entry.fields
        if entry.type == SUB_NEW or key not in pending:
            pending[key] = set()
    elif key not in live:
        return
    elif entry.type == SUB_GONE:
        del live[key], pending[key]
    elif entry.type == SUB_ACK:
        pending[key].discard(entry.fields["sequence"])
    else:
        pending[key].add(entry.fields["sequence"])
        live[key]["last_sent"] = max(live[key]["last_sent"], entry.fields["sequence"])
