"""Files of a store as bytes: version word, framed records, index records, damage.

Specification, standalone.md 1.2, 1.6 and 1.7; what counts as damage and where reading goes on
behind it is told in harness/inspect/INSPECT.md. Every function takes whole files and works in time
linear in them: a position never moves back, and sizes are compared with the file before use.
"""
import bisect
import struct
import zlib
from typing import Callable, Iterable, NamedTuple

VERSION_BYTES = 4
HEADER_BYTES = 8
INDEX_RECORD_BYTES = 32
TYPE_SHIFT = 24
IEEE = 0xEDB88320

Crc = Callable[[bytes], int]


class Damage(NamedTuple):
    """Damaged bytes of one file."""
    offset: int
    bytes: int
    kind: str
    why: str


class Record(NamedTuple):
    """A record whose header and payload fit the file; `type` is 0 in untyped files."""
    offset: int
    type: int
    payload: bytes
    crc_ok: bool

    @property
    def end(self) -> int:
        return self.offset + HEADER_BYTES + len(self.payload)

    def damage(self, kind: str, why: str) -> Damage:
        return Damage(self.offset, self.end - self.offset, kind, why)


class Framing(NamedTuple):
    records: list[Record]
    padding: int
    damage: list[Damage]


class IndexRecord(NamedTuple):
    """An index record with a right checksum; `position` is its own offset in the index file."""
    position: int
    sequence: int
    offset: int
    timestamp: int
    size: int


class Index(NamedTuple):
    records: list[IndexRecord]
    padding: int
    damage: list[Damage]


def crc32(polynomial: int = IEEE) -> Crc:
    """The CRC-32 of a polynomial in reversed notation (1.2)."""
    polynomial &= 0xFFFFFFFF
    if polynomial == IEEE:
        return zlib.crc32
    table = [_table_entry(polynomial, byte) for byte in range(256)]

    def crc(data: bytes) -> int:
        value = 0xFFFFFFFF
        for byte in data:
            value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
        return value ^ 0xFFFFFFFF
    return crc


def _table_entry(polynomial: int, value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (polynomial if value & 1 else 0)
    return value


def version_damage(data: bytes) -> list[Damage]:
    """Damage if the file does not begin with version 1 (1.2)."""
    if len(data) < VERSION_BYTES:
        return [Damage(0, len(data), "version", f"{len(data)} bytes hold no version word")]
    version = int.from_bytes(data[:VERSION_BYTES], "little")
    return [] if version == 1 else [Damage(0, len(data), "version", f"version {version} is not 1")]


def zeros_from(data: bytes) -> int:
    """The offset from which on the file is all zeros; its size if the last byte is not zero."""
    return len(data.rstrip(b"\0"))


def read_records(data: bytes, crc: Crc, typed: bool = False,
                 index_offsets: Iterable[int] = ()) -> Framing:
    """The records of a .dat file. `index_offsets` says where to go on behind one that is cut."""
    if bad := version_damage(data):
        return Framing([], 0, bad)
    records: list[Record] = []
    damage: list[Damage] = []
    resume = sorted(offset for offset in set(index_offsets) if offset < len(data))
    zero_tail = zeros_from(data)
    offset = VERSION_BYTES
    while offset < len(data):
        if offset >= zero_tail and len(data) - offset >= HEADER_BYTES:
            return Framing(records, len(data) - offset, damage)
        record = _record_at(data, offset, crc, typed)
        if isinstance(record, Record) and not record.crc_ok and _runs_over(record, resume):
            record = "by the index another record begins within it"
        if isinstance(record, str):
            following = bisect.bisect_right(resume, offset)
            end = resume[following] if following < len(resume) else len(data)
            damage.append(Damage(offset, end - offset, "truncated", record))
            offset = end
            continue
        records.append(record)
        if not record.crc_ok:
            damage.append(record.damage("crc", "stored checksum is not that of the payload"))
        offset = record.end
    return Framing(records, 0, damage)


def _runs_over(record: Record, resume: list[int]) -> bool:
    """Whether it is what a killed process left, and the next one appended behind (1.8): the index
    does not name it, and names one that begins within it."""
    following = bisect.bisect_left(resume, record.offset)
    return following < len(resume) and record.offset < resume[following] < record.end


def _record_at(data: bytes, offset: int, crc: Crc, typed: bool) -> Record | str:
    """The record at `offset`, or why there is none."""
    left = len(data) - offset
    if left < HEADER_BYTES:
        return f"{left} bytes are left for a record header"
    word, stored = struct.unpack_from("<II", data, offset)
    if word == 0 and stored == 0:
        return "zero padding is followed by other bytes"
    kind, size = divmod(word, 1 << TYPE_SHIFT) if typed else (0, word)
    if size > left - HEADER_BYTES:
        return f"{left - HEADER_BYTES} bytes are left for a payload of {size}"
    start = offset + HEADER_BYTES
    payload = data[start:start + size]
    return Record(offset, kind, payload, crc(payload) == stored)


def read_index(data: bytes, crc: Crc) -> Index:
    """The records of an .idx file with a right checksum (1.6), and what else is in it."""
    if bad := version_damage(data):
        return Index([], 0, bad)
    records: list[IndexRecord] = []
    damage: list[Damage] = []
    zero_tail = zeros_from(data)
    for position in range(VERSION_BYTES, len(data), INDEX_RECORD_BYTES):
        left = len(data) - position
        if left < INDEX_RECORD_BYTES:
            damage.append(Damage(position, left, "index", f"{left} bytes are no index record"))
        elif position >= zero_tail:
            return Index(records, left, damage)
        else:
            sequence, offset, timestamp, size, stored = struct.unpack_from("<QQqII", data, position)
            if crc(data[position:position + INDEX_RECORD_BYTES - 4]) == stored:
                records.append(IndexRecord(position, sequence, offset, timestamp, size))
            else:
                damage.append(Damage(position, INDEX_RECORD_BYTES, "index",
                                     "stored checksum is not that of the index record"))
    return Index(records, 0, damage)
