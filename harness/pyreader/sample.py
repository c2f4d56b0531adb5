"""Random damage to an undamaged store, as operations of damage.py.

All choices come from the generator passed in, so a seed names a sample. Half of the operations
change one byte or cut a file; the others reach what checksums hide from those: record bytes
changed with the checksum made right, and appended records of random fields.
"""
import pathlib
import random
import struct
import zlib
from typing import Mapping

from damage import Op, record_places
from journals import CLIENT_TYPES, SERVER, SUB_TYPES
from messages import MESSAGE
from protobuf import FIXED32, FIXED64, LENGTH, SCALARS, VARINT, Schema

FIELDS_MAX = 8
UNKNOWN_TYPE = 9
# Of these kinds one is drawn; flips and cuts are what the single-byte sample is about.
KINDS = ("flip", "flip", "truncate", "truncate", "record", "record", "appendRecord", "appendRecord",
         "appendZeros", "remove")


def random_op(draw: random.Random, store: pathlib.Path) -> Op:
    """One operation on one file of the store."""
    path = draw.choice(sorted(item for item in store.rglob("*") if item.is_file()))
    name, data = path.relative_to(store).as_posix(), path.read_bytes()
    kind = draw.choice(KINDS)
    if kind == "truncate":
        return {"op": kind, "file": name, "size": draw.randrange(len(data))}
    if kind == "remove":
        return {"op": kind, "file": name}
    if kind == "appendZeros":
        return {"op": "append", "file": name, "hex": "00" * draw.randrange(1, 80)}
    if kind == "appendRecord" and not name.endswith(".idx"):
        return {"op": "append", "file": name, "hex": random_record(draw, path.name).hex()}
    if kind == "record" and (places := record_places(name, data)):
        number = draw.randrange(len(places))
        size = places[number].end - places[number].start
        # Near the start of a payload lies its structure, further on mostly the message data.
        offset = draw.randrange(min(size, 16) if draw.random() < 0.5 else size)
        return {"op": kind, "file": name, "record": number + 1, "offset": offset,
                "xor": draw.randrange(1, 256), "repairCrc": True}
    return {"op": "flip", "file": name, "at": draw.randrange(len(data)),
            "xor": draw.randrange(1, 256)}


def random_record(draw: random.Random, file: str) -> bytes:
    """A framed record with a right checksum and a random payload for a file of this name."""
    schemas: Mapping[int, Schema] = {"clients.dat": CLIENT_TYPES, "subs.dat": SUB_TYPES,
                                     "server.dat": {0: SERVER}}.get(file, {0: MESSAGE})
    kind = draw.choice(sorted(schemas))
    payload = b"".join(random_field(draw, schemas[kind])
                       for _ in range(draw.randrange(FIELDS_MAX)))
    if draw.random() < 0.1:
        payload = payload[:-1]
    if 0 not in schemas and draw.random() < 0.1:
        kind = UNKNOWN_TYPE
    return struct.pack("<II", kind << 24 | len(payload), zlib.crc32(payload)) + payload


def random_field(draw: random.Random, schema: Schema) -> bytes:
    """A field, mostly of the schema with its own wire type, else any, in a few cases invalid."""
    number = draw.choice(sorted(schema))
    wire_type = VARINT if schema[number][1] in SCALARS else LENGTH
    if draw.random() < 0.2:
        number, wire_type = draw.choice((8, 15, 16, 1 << 28, 1 << 40)), draw.randrange(6)
    elif draw.random() < 0.03:
        number, wire_type = draw.randrange(12), draw.randrange(8)
    tag = varint(number << 3 | wire_type)
    if wire_type == VARINT:
        return tag + varint(draw.getrandbits(draw.choice((1, 3, 8, 32, 64, 64, 66))))
    if wire_type == LENGTH:
        start = draw.choice((b"", b"\x01", b"\x02", b"text "))
        content = start + draw.randbytes(draw.randrange(50))
        return tag + varint(len(content)) + content
    if wire_type in (FIXED32, FIXED64):
        return tag + draw.randbytes(4 if wire_type == FIXED32 else 8)
    # A group: mostly ended, now and then by another number.
    end = varint((number + (draw.random() < 0.1)) << 3 | 4) if draw.random() < 0.8 else b""
    return varint(number << 3 | wire_type) + end


def varint(value: int) -> bytes:
    """The shortest encoding of any non-negative number."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
