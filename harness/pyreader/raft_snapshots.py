"""Raft snapshots: meta.json and state.bin (specification, cluster.md 2)."""
import base64
import json
import struct
from typing import Any

from protobuf import Malformed, Schema, decode
from raft_entries import packed, part, repeated
from utf8 import text

POLYNOMIAL = 0xC96C5795D7870F42
ALL_ONES = (1 << 64) - 1
CHANNEL: Schema = {1: ("name", "bytes"), 2: ("first", "uint64"), 3: ("last", "uint64"),
                   5: ("next_subscription_id", "uint64"), 6: ("channel_id", "uint64")}
CLIENT: Schema = {1: ("id", "bytes"), 2: ("heartbeat_inbox", "bytes"),
                  3: ("connection_id", "bytes"), 4: ("protocol", "int32"),
                  5: ("ping_interval_s", "int32"), 6: ("ping_max_out", "int32")}
SUBSCRIPTION: Schema = {1: ("id", "uint64"), 2: ("client_id", "bytes"),
                        3: ("queue_group", "bytes"), 4: ("inbox", "bytes"),
                        5: ("ack_inbox", "bytes"), 6: ("max_in_flight", "int32"),
                        7: ("ack_wait_s", "int32"), 8: ("durable_name", "bytes"),
                        9: ("last_sent", "uint64"), 10: ("durable", "bool"),
                        11: ("closed", "bool")}
STATE_OF_SUBSCRIPTION: Schema = {1: ("state", "bytes"), 2: ("pending", "bytes")}


def table() -> list[int]:
    made = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        made.append(value)
    return made


TABLE = table()


def crc64(data: bytes) -> int:
    crc = ALL_ONES
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ ALL_ONES


def texts(message: dict[str, Any]) -> dict[str, Any]:
    return {name: text(value) if isinstance(value, bytes) else value
            for name, value in message.items()}


def client(data: bytes) -> dict[str, Any]:
    found = part(data, CLIENT)
    return texts(found | {"connection_id": found["connection_id"].hex()})


def subscription(data: bytes) -> dict[str, Any]:
    both = part(data, STATE_OF_SUBSCRIPTION)
    return texts(part(both["state"], SUBSCRIPTION)) | {
        "pending": sorted(set(packed(both["pending"])))}


def channel(data: bytes) -> dict[str, Any]:
    return texts(part(data, CHANNEL)) | {
        "subscriptions": [subscription(item) for item in repeated(data, 4)]}


def state(data: bytes) -> tuple[list[Any], list[Any]]:
    """Clients and channels; Malformed if `data` is no state.bin."""
    if not data:
        return [], []
    if len(data) < 4 or struct.unpack_from("<I", data)[0] > len(data) - 4:
        raise Malformed("shorter than it says")
    body = data[4:4 + struct.unpack_from("<I", data)[0]]
    if decode(body, {1: ("clients", "bytes"), 2: ("channels", "bytes"),
                     3: ("padding", "bytes")}) is None:
        raise Malformed("not a snapshot")
    return [client(item) for item in repeated(body, 1)], [channel(item)
                                                          for item in repeated(body, 2)]


def read_meta(data: bytes) -> dict[str, Any]:
    """What meta.json says, and under "crc" the checksum; ValueError, KeyError or TypeError."""
    meta = json.loads(data)
    return {"id": meta["ID"], "index": meta["Index"], "term": meta["Term"],
            "servers": [{"suffrage": server["Suffrage"], "id": server["ID"],
                         "address": server["Address"]}
                        for server in meta["Configuration"]["Servers"] or []],
            "configuration_index": meta["ConfigurationIndex"], "size": meta["Size"],
            "crc": base64.b64decode(meta["CRC"] or "", validate=True)}
