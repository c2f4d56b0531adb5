"""Protobuf decoding, as much as the file store needs (specification, standalone.md 1.2).

A message is decoded against a schema, {field number: (name, kind)}; fields outside the schema are
skipped. Payloads come from possibly damaged files: `fields` raises Malformed for whatever is not
valid, `decode` then gives None. Both do work linear in the payload.
"""
from typing import Iterator, Mapping, NamedTuple

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)
MAX_VARINT_BYTES = 10
FIXED_BYTES = {FIXED64: 8, FIXED32: 4}

Value = int | bytes | bool | None
Schema = Mapping[int, tuple[str, str]]


class Malformed(Exception):
    """The bytes are not a protobuf message; the text says why."""


class Field(NamedTuple):
    """One field at the top level: a varint's value, or where the bytes of another one lie."""
    number: int
    wire_type: int
    value: int
    start: int
    end: int


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at `at` and the offset behind it."""
    value = 0
    for count in range(MAX_VARINT_BYTES):
        if at + count >= len(data):
            raise Malformed("varint cut short")
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if value >= 1 << 64:
                raise Malformed("varint above 64 bits")
            return value, at + count + 1
    raise Malformed("varint of more than 10 bytes")


def fields(data: bytes) -> Iterator[Field]:
    """The fields at the top level in order; groups are passed over whole."""
    at = 0
    open_groups: list[int] = []  # field numbers; a list, for nesting is as deep as the input likes
    while at < len(data):
        tag, at = varint(data, at)
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise Malformed("field number 0")
        value, start = 0, at
        if wire_type == VARINT:
            value, at = varint(data, at)
        elif wire_type == LENGTH:
            length, start = varint(data, at)
            at = start + length
        elif wire_type in FIXED_BYTES:
            at += FIXED_BYTES[wire_type]
        elif wire_type == END_GROUP:
            if not open_groups or open_groups.pop() != number:
                raise Malformed("end of a group that was not begun")
            continue
        elif wire_type != START_GROUP:
            raise Malformed(f"wire type {wire_type}")
        if at > len(data):
            raise Malformed("value cut short")
        if not open_groups:
            yield Field(number, wire_type, value, start, at)
        if wire_type == START_GROUP:
            open_groups.append(number)
    if open_groups:
        raise Malformed("group without an end")


def signed(value: int, bits: int) -> int:
    """The low `bits` bits as a two's complement number."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


SCALARS = {
    "uint64": lambda value: value,
    "int64": lambda value: signed(value, 64),
    "uint32": lambda value: value & 0xFFFFFFFF,
    "int32": lambda value: signed(value, 32),
    "bool": bool,
}
# "optional bytes" tells an absent field (None) from an empty one.
DEFAULTS: dict[str, Value] = {"bytes": b"", "optional bytes": None, "bool": False}


def decode(data: bytes, schema: Schema) -> dict[str, Value] | None:
    """The fields of `schema` by name, absent ones with their default; None if undecodable."""
    message = {name: DEFAULTS.get(kind, 0) for name, kind in schema.values()}
    try:
        for field in fields(data):
            if field.number not in schema:
                continue
            name, kind = schema[field.number]
            if field.wire_type != (VARINT if kind in SCALARS else LENGTH):
                return None
            message[name] = (SCALARS[kind](field.value) if kind in SCALARS
                             else data[field.start:field.end])
    except Malformed:
        return None
    return message
