#!/usr/bin/env python3
"""Damages a store directory in place, as described in fixtures/README.md (damage/cases.json).

An operation is an object with `op`, `file` (relative to the store, with `/`) and what the
operation needs. `record` finds its record by the framing of the file: .idx files hold records of
32 bytes, clients.dat and subs.dat have a type in the size word, all others are plain records
(specification, standalone.md 1.2 and 1.6). Checksums are repaired with the IEEE polynomial.
"""
import argparse
import json
import pathlib
import shutil
import struct
import sys
import zlib
from typing import Any, Callable, Iterable, Mapping, NamedTuple

from protobuf import LENGTH, fields

CASES = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "damage" / "cases.json"
DATA_FIELD = 4
Op = Mapping[str, Any]


class Place(NamedTuple):
    """Where the parts of a record lie in its file."""
    start: int  # of the payload
    end: int
    crc: int


def record_places(name: str, data: bytes) -> list[Place]:
    """The records of a file called `name`, up to the first that does not fit it."""
    if name.endswith(".idx"):
        return [Place(start, start + 28, start + 28) for start in range(4, len(data) - 31, 32)]
    typed = name.rpartition("/")[2] in ("clients.dat", "subs.dat")
    places: list[Place] = []
    header = 4
    while header + 8 <= len(data):
        (word,) = struct.unpack_from("<I", data, header)
        end = header + 8 + (word & 0xFFFFFF if typed else word)
        if end > len(data):
            break
        places.append(Place(header + 8, end, header + 4))
        header = end
    return places


def record_place(name: str, data: bytes, number: int) -> Place:
    """The record `number`, from 1. ValueError if there is none."""
    places = record_places(name, data)
    if not 1 <= number <= len(places):
        raise ValueError(f"{name} has no record {number}")
    return places[number - 1]


def data_place(payload: bytes) -> tuple[int, int]:
    """Start and end of the stored message data in a message's payload."""
    for field in fields(payload):
        if field.number == DATA_FIELD and field.wire_type == LENGTH:
            return field.start, field.end
    raise ValueError("the record has no message data")


def repair_crc(data: bytearray, place: Place) -> None:
    struct.pack_into("<I", data, place.crc, zlib.crc32(data[place.start:place.end]))


def change_record(data: bytearray, op: Op) -> None:
    place = record_place(op["file"], data, op["record"])
    at = place.start + op["offset"]
    if op.get("from") == "data":
        at += data_place(bytes(data[place.start:place.end]))[0]
    if not place.start <= at < place.end:
        raise ValueError(f"offset {op['offset']} lies outside record {op['record']}")
    data[at] = op["set"] if "set" in op else data[at] ^ op["xor"]
    if op.get("repairCrc"):
        repair_crc(data, place)


def move_data(data: bytearray, op: Op, swap: bool) -> None:
    """Copies the message data of record a over that of b; with `swap` also the other way."""
    places = [record_place(op["file"], data, op[which]) for which in "ab"]
    spans = []
    for place in places:
        start, end = data_place(bytes(data[place.start:place.end]))
        spans.append(slice(place.start + start, place.start + end))
    first, second = (bytes(data[span]) for span in spans)
    if len(first) != len(second):
        raise ValueError("message data of different lengths cannot change places")
    data[spans[1]] = first
    if swap:
        data[spans[0]] = second
    for place in places:
        repair_crc(data, place)


def flip(data: bytearray, op: Op) -> None:
    data[op["at"]] ^= op["xor"]


def truncate(data: bytearray, op: Op) -> None:
    del data[op["size"] if "size" in op else len(data) - op["by"]:]


CONTENT_OPS: dict[str, Callable[[bytearray, Op], None]] = {
    "flip": flip,
    "truncate": truncate,
    "append": lambda data, op: data.extend(bytes.fromhex(op["hex"])),
    "record": change_record,
    "swapData": lambda data, op: move_data(data, op, swap=True),
    "copyData": lambda data, op: move_data(data, op, swap=False),
}
PATH_OPS: dict[str, Callable[[pathlib.Path, Op], object]] = {
    "remove": lambda store, op: (store / op["file"]).unlink(),
    "rename": lambda store, op: (store / op["file"]).rename(store / op["to"]),
    "mkdir": lambda store, op: (store / op["file"]).mkdir(),
}


def apply(store: pathlib.Path, ops: Iterable[Op]) -> None:
    """Applies the operations in order. ValueError or OSError if one does not fit the store."""
    for op in ops:
        if op["op"] in PATH_OPS:
            PATH_OPS[op["op"]](store, op)
        elif op["op"] in CONTENT_OPS:
            path = store / op["file"]
            data = bytearray(path.read_bytes())
            CONTENT_OPS[op["op"]](data, op)
            path.write_bytes(data)
        else:
            raise ValueError(f"unknown operation {op['op']}")


def damaged_copy(store: pathlib.Path, copy: pathlib.Path, ops: Iterable[Op]) -> pathlib.Path:
    """Copies `store` to the new directory `copy` and damages that; gives `copy`."""
    shutil.copytree(store, copy)
    apply(copy, ops)
    return copy


def load_cases(path: pathlib.Path = CASES) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Damages the store in STORE_DIR in place.")
    parser.add_argument("store", metavar="STORE_DIR", type=pathlib.Path)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--case", metavar="NAME", help="the operations of this case")
    what.add_argument("--ops", metavar="JSON", type=json.loads, help="a list of operations")
    parser.add_argument("--cases", metavar="FILE", type=pathlib.Path, default=CASES)
    options = parser.parse_args()
    ops = options.ops
    if options.case is not None:
        named = {case["name"]: case for case in load_cases(options.cases)}
        if options.case not in named:
            parser.error(f"there is no case {options.case!r}")
        ops = named[options.case].get("ops", [])
    try:
        apply(options.store, ops)
    except (OSError, ValueError, LookupError) as error:
        print(f"damage: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
