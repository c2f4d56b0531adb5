"""A file store of the format stan-file-1 with encryption, written from the specification alone: it
shares nothing with the reference or with the harness.

Left out, since no conformance needs it: buffering, compaction, archiving, read caches, cutting of
files that end within a record. Threads: one. Errors: StoreError with the text that the real server
has for it.
"""
import hashlib
import os
import struct
import time
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

VERSION = struct.pack("<I", 1)
RECORD = struct.Struct("<II")
INDEX = struct.Struct("<QQqI")
INDEX_SIZE = INDEX.size + 4
PER_MESSAGE = RECORD.size + INDEX_SIZE
OVERHEAD = 13  # cipher code and nonce, before the ciphertext
ADD_CLIENT, DELETE_CLIENT, NEW_SUBSCRIPTION, DELETE_SUBSCRIPTION = 1, 2, 1, 3
SUBJECTS = ("discover", "pub", "sub", "unsub", "close", "subclose", "ack")
CIPHERS = {1: ("cipher", AESGCM), 2: ("chacha20poly1305", ChaCha20Poly1305)}
CODES = {"": 1, "AES": 1, "CHACHA": 2}


class StoreError(Exception):
    """What the store refuses or cannot read."""


# Protocol buffers: fields in ascending order, those of the default value left out.

def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def encode(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value) if value else b""
        elif value:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def decode(data):
    """Field number -> its last value; integers without their sign."""
    fields, at = {}, 0

    def read_varint():
        nonlocal at
        number = 0
        for shift in range(0, 70, 7):
            if at >= len(data):
                raise StoreError("unexpected EOF")
            number |= (data[at] & 127) << shift
            at += 1
            if data[at - 1] < 128:
                return number & ((1 << 64) - 1)
        raise StoreError("proto: integer overflow")

    while at < len(data):
        tag = read_varint()
        size = {1: 8, 5: 4}.get(tag & 7)
        if tag & 7 == 0:
            fields[tag >> 3] = read_varint()
            continue
        if tag & 7 == 2:
            size = read_varint()
        if size is None or at + size > len(data):
            raise StoreError("unexpected EOF")
        fields[tag >> 3] = bytes(data[at:at + size])
        at += size
    return fields


# Files: a version, then records.

def append(path, data):
    new = not os.path.exists(path)
    with open(path, "ab", buffering=0) as file:
        file.write((VERSION if new else b"") + data)


def record(payload, kind=0):
    return RECORD.pack(kind << 24 | len(payload), zlib.crc32(payload)) + payload


def contents(path):
    """The bytes of a file after its version, or nothing if it is not there."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        append(path, b"")
        return VERSION
    if len(data) < 4:
        end = "unexpected EOF" if data else "EOF"
        raise StoreError("unable to verify file version: " + end)
    version = struct.unpack_from("<I", data)[0]
    if version != 1:
        raise StoreError(f"unsupported file version: {version} (supports [1..1])")
    return data


def check(payload, crc):
    if zlib.crc32(payload) != crc:
        raise StoreError(f"corrupted data, expected crc to be 0x{crc:08x}, "
                         f"got 0x{zlib.crc32(payload):08x}")


def payload_at(data, at, check_crc, size_mask=0xFFFFFFFF):
    """The payload of the record at this offset; None for the zeros that may follow the last."""
    if at + RECORD.size > len(data):
        raise StoreError("unexpected EOF")
    size, crc = RECORD.unpack_from(data, at)
    if size == crc == 0:
        return None
    payload = data[at + RECORD.size:at + RECORD.size + (size & size_mask)]
    if len(payload) < size & size_mask:
        raise StoreError("unexpected EOF")
    if check_crc:
        check(payload, crc)
    return payload


def check_journal(path, check_crc, what):
    """Reads a journal of typed records, and raises for a damaged one."""
    try:
        data = contents(path)
        at = len(VERSION)
        while at < len(data):
            payload = payload_at(data, at, check_crc, 0xFFFFFF)
            if payload is None:
                break
            decode(payload)
            at += RECORD.size + len(payload)
    except StoreError as error:
        raise StoreError(f"unable to recover {what}: {error}") from error


class Sealer:
    """Seals and opens the payloads of one channel."""

    def __init__(self, key, code, channel, next_sequence):
        suffix = hashlib.sha256(key).digest() + b"." + channel.encode()
        self.key = hashlib.sha256(bytes(len(suffix)) + suffix).digest()
        self.code = code
        self.nonce = int.from_bytes(os.urandom(4) + struct.pack(">Q", next_sequence), "big")

    def seal(self, payload):
        nonce = self.nonce.to_bytes(12, "big")
        self.nonce = (self.nonce + 1) % (1 << 96)
        return bytes([self.code]) + nonce + CIPHERS[self.code][1](self.key).encrypt(
            nonce, payload, None)

    def open(self, data):
        if data[0] not in CIPHERS:
            return data
        if len(data) <= OVERHEAD:
            raise StoreError(f"trying to decrypt data that is not (len={len(data)})")
        package, cipher = CIPHERS[data[0]]
        try:
            return cipher(self.key).decrypt(data[1:OVERHEAD], data[OVERHEAD:], None)
        except InvalidTag as error:
            raise StoreError(package + ": message authentication failed") from error


class Slice:
    """One pair of message files. entries: (sequence, offset, timestamp, size) of each message."""

    def __init__(self, directory, number, log, check_crc):
        self.number = number
        self.data_path = f"{directory}/msgs.{number}.dat"
        self.index_path = f"{directory}/msgs.{number}.idx"
        self.check_crc = check_crc
        self.entries = []
        had_index = os.path.exists(self.index_path)
        try:
            data = contents(self.data_path)
        except StoreError as error:
            raise StoreError(str(error), "dat") from error
        index = contents(self.index_path)
        if had_index:
            try:
                self.read_index(index)
                if self.entries:
                    self.verify_last(data, log)
                    return
            except StoreError as error:
                log("ERR", f'Error with index file "{self.index_path}": {error}. Truncating and '
                           "recovering from data file")
        try:
            self.rebuild(data)
        except StoreError:
            os.remove(self.index_path)
            raise

    def read_index(self, index):
        for at in range(len(VERSION), len(index), INDEX_SIZE):
            entry = index[at:at + INDEX_SIZE]
            if len(entry) < INDEX_SIZE:
                raise StoreError("unexpected EOF")
            if not any(entry):
                os.truncate(self.index_path, at)
                return
            if self.check_crc:
                check(entry[:INDEX.size], struct.unpack("<I", entry[INDEX.size:])[0])
            self.entries.append(INDEX.unpack_from(entry))

    def verify_last(self, data, log):
        sequence, offset, _, size = self.entries[-1]
        try:
            if offset >= len(data):
                raise StoreError("unable to read last record: EOF")
            try:
                payload = payload_at(data, offset, True) or b""
            except StoreError as error:
                raise StoreError(f"unable to read last record: {error}") from error
            if len(payload) != size:
                raise StoreError(f"unable to read last record: expected record size to be {size} "
                                 f"bytes, got {len(payload)} bytes")
            found = decode(payload).get(1, 0)
            if found != sequence:
                raise StoreError(f"last message sequence in index is {sequence}, data file is "
                                 f"{found}")
        except StoreError as error:
            log("ERR", f'Verification of last message for file "{self.data_path}" failed: {error}')
            raise

    def rebuild(self, data):
        self.entries = []
        os.truncate(self.index_path, len(VERSION))
        at = len(VERSION)
        while at < len(data):
            payload = payload_at(data, at, self.check_crc)
            if payload is None:
                os.truncate(self.data_path, at)
                break
            fields = decode(payload)
            self.add_entry(fields.get(1, 0), at, fields.get(5, 0), len(payload))
            at += RECORD.size + len(payload)

    def add_entry(self, sequence, offset, timestamp, size):
        self.entries.append((sequence, offset, timestamp, size))
        packed = INDEX.pack(*self.entries[-1])
        append(self.index_path, packed + struct.pack("<I", zlib.crc32(packed)))

    def add(self, sequence, timestamp, payload):
        offset = max(os.path.getsize(self.data_path), len(VERSION))
        append(self.data_path, record(payload))
        self.add_entry(sequence, offset, timestamp, len(payload))

    def read(self, entry):
        """The fields of a message."""
        _, offset, _, size = entry
        with open(self.data_path, "rb") as file:
            file.seek(offset)
            data = file.read(RECORD.size + size)
        found = RECORD.unpack_from(data)[0] if len(data) >= RECORD.size else 0
        if found != size:
            raise StoreError(f"expected size to be {size}, got {found}")
        return decode(payload_at(data, 0, self.check_crc) or b"")

    def bytes(self):
        return sum(size + PER_MESSAGE for _, _, _, size in self.entries)


class Channel:
    """The messages of one channel. first: the sequence below which all are removed."""

    def __init__(self, store, name):
        self.store, self.name = store, name
        self.directory = f"{store.directory}/{name}"
        os.makedirs(self.directory, exist_ok=True)
        check_journal(self.directory + "/subs.dat", store.check_crc,
                      f"subscription store for [{name}]")
        names = [file for file in os.listdir(self.directory)
                 if file.startswith("msgs.") and file.endswith(".dat")]
        number, self.slices = 0, []
        try:
            for file in names:
                if not file[5:-4].isdigit():
                    raise StoreError("message log has an invalid name: " + file)
            for number in sorted(int(file[5:-4]) for file in names):
                self.slices.append(Slice(self.directory, number, store.log, store.check_crc))
        except StoreError as error:
            kind = error.args[1] if len(error.args) > 1 else "idx"
            raise StoreError(f"unable to recover message store for [{name}](file: "
                             f'"{name}/msgs.{number}.{kind}"): {error.args[0]}') from error
        self.slices = [one for one in self.slices if one.entries]
        entries = self.entries()
        self.last = entries[-1][1][0] if entries else 0
        self.last_time = entries[-1][1][2] if entries else 0
        self.first = entries[0][1][0] if entries else 1
        self.warned = False
        self.sealer = store.key and Sealer(store.key, store.code, name, self.last + 1)
        self.apply_limits()

    def entries(self):
        return [(one, entry) for one in self.slices for entry in one.entries]

    def kept(self):
        return [(one, entry) for one, entry in self.entries() if entry[0] >= self.first]

    def apply_limits(self):
        limits, kept = self.store.limits, self.kept()
        total = sum(entry[3] + PER_MESSAGE for _, entry in kept)
        oldest = time.time_ns() - limits.get("max_age_ms", 0) * 1_000_000
        for count, (_, entry) in zip(range(len(kept), 0, -1), kept):
            full = (limits.get("max_messages", 0) and count > limits["max_messages"]
                    or limits.get("max_bytes", 0) and total > limits["max_bytes"] and count > 1)
            old = limits.get("max_age_ms", 0) and entry[2] <= oldest
            if not full and not old:
                break
            if full and not self.warned:
                self.warned = True
                self.store.log("WRN", f'Reached limits for store "{self.name}", dropping old '
                                      "messages to make room for new ones")
            total -= entry[3] + PER_MESSAGE
            self.first = entry[0] + 1
        while len(self.slices) > 1 and self.slices[0].entries[-1][0] < self.first:
            gone = self.slices.pop(0)
            os.remove(gone.data_path)
            os.remove(gone.index_path)

    def slice_for_next(self):
        settings = self.store.settings
        if self.slices:
            last = self.slices[-1]
            most = settings.get("slice_max_messages", 0)
            most_bytes = settings.get("slice_max_bytes", 64 << 20)
            if not ((most and len(last.entries) >= most)
                    or (most_bytes and last.bytes() >= most_bytes)):
                return last
        number = self.slices[-1].number + 1 if self.slices else 1
        self.slices.append(Slice(self.directory, number, self.store.log, self.store.check_crc))
        return self.slices[-1]

    def add(self, payload):
        if self.sealer and payload:
            payload = self.sealer.seal(payload)
        self.last_time = max(self.last_time, time.time_ns())
        sequence = self.last + 1
        self.slice_for_next().add(sequence, self.last_time, encode(
            (1, sequence), (2, self.name), (4, payload), (5, self.last_time)))
        self.last = sequence
        self.apply_limits()

    def messages(self, first):
        """(sequence, subject, payload) of each from FIRST on; raises with the sequence that cannot
        be read."""
        for one, entry in self.kept():
            if entry[0] < first:
                continue
            try:
                fields = one.read(entry)
                payload = fields.get(4, b"")
                if payload and self.sealer:
                    payload = self.sealer.open(payload)
            except StoreError as error:
                raise StoreError(
                    f"Error looking up message {self.name}:{entry[0]} ({error})") from error
            yield fields.get(1, 0), fields.get(2, b"").decode(errors="replace"), payload


class FileStore:
    """Opens, and makes if need be, the store in a directory."""

    def __init__(self, directory, settings, key, log):
        self.directory, self.settings, self.log = directory, settings, log
        self.check_crc = settings.get("check_crc", True)
        self.limits = settings
        self.key = key
        self.code = CODES.get(settings.get("cipher", "").upper(), 0) if key else 0
        os.makedirs(directory, exist_ok=True)
        names = sorted(one.name for one in os.scandir(directory) if one.is_dir())
        self.recover_server(settings.get("cluster_id", "test-cluster"), bool(names))
        check_journal(directory + "/clients.dat", self.check_crc,
                      f'client file "{directory}/clients.dat"')
        self.channels = {name: Channel(self, name) for name in names}
        self.write_client(ADD_CLIENT)

    def recover_server(self, cluster, has_channels):
        path = self.directory + "/server.dat"
        try:
            data = contents(path)
        except StoreError as error:
            raise StoreError(f'unable to recover server file "server.dat": {error}') from error
        if len(data) == len(VERSION):
            if has_channels:
                self.log("WRN", "Server information was not recovered, however channels are "
                                "present. Will initialize server and restart recovery!")
            append(path, record(encode((1, cluster), *(
                (number, f"_STAN.{name}.{cluster}") for number, name in enumerate(SUBJECTS, 2)))))
            return
        try:
            found = decode(payload_at(data, len(VERSION), self.check_crc) or b"").get(1, b"")
        except StoreError as error:
            raise StoreError(f'unable to recover server file "{path}": {error}') from error
        if found != cluster.encode():
            raise StoreError(f'cluster ID "{cluster}" does not match recovered value of '
                             f'"{found.decode(errors="replace")}"')

    def write_client(self, kind):
        fields = [(1, "adapter")]
        if kind == ADD_CLIENT:
            fields += [(2, "_INBOX.adapter"), (3, "adapter"), (4, 1), (5, 5), (6, 88)]
        append(self.directory + "/clients.dat", record(encode(*fields), kind))

    def channel(self, name):
        if name not in self.channels:
            self.channels[name] = Channel(self, name)
        return self.channels[name]

    def close(self):
        self.write_client(DELETE_CLIENT)
