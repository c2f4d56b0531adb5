#!/usr/bin/env python3
"""The decoders on bytes made by hand: protobuf, framing, index, journals, names of files.

What damage is and where reading goes on behind it is told in harness/inspect/INSPECT.md.
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from journals import read_clients, read_server, read_subscriptions
from messages import MESSAGE, read_slice
from protobuf import decode
from records import crc32, read_index, read_records
from stan_store import disk_tree, inspect, memory_tree
from utf8 import text

CRC = crc32()
VERSION = struct.pack("<I", 1)
CLI = pathlib.Path(__file__).with_name("stan_store.py")
SERVER_DAT = (pathlib.Path(__file__).resolve().parents[2]
              / "fixtures" / "stores" / "plaintext" / "store" / "server.dat")

# Specification, standalone.md 1.6: `hi` as sequence 1 of channel foo, and its index record.
EXAMPLE = bytes.fromhex("150000006d81a0dd08011203666f6f2202686928e3c6cccd99b989f518")
EXAMPLE_INDEX = bytes.fromhex("01000000000000000400000000000000"
                              "6323b399c925ea1815000000f1fb89f4")


def record(payload: bytes, kind: int = 0) -> bytes:
    return struct.pack("<II", kind << 24 | len(payload), zlib.crc32(payload)) + payload


def message(sequence: int) -> bytes:
    return record(bytes((0x08, sequence, 0x22, 2)) + b"hi")


def index_record(sequence: int, offset: int, size: int, timestamp: int = 0) -> bytes:
    fields = struct.pack("<QQqI", sequence, offset, timestamp, size)
    return fields + struct.pack("<I", zlib.crc32(fields))


def brief(damage: list) -> list[tuple[int, int, str]]:
    return [(item.offset, item.bytes, item.kind) for item in damage]


class ProtobufTest(unittest.TestCase):
    def field(self, hex_bytes: str, name: str) -> object:
        fields = decode(bytes.fromhex(hex_bytes), MESSAGE)
        return None if fields is None else fields[name]

    def test_valid(self) -> None:
        for hex_bytes, name, expected in (
                ("", "sequence", 0),
                ("", "data", None),
                ("2200", "data", b""),
                ("08ffffffffffffffffff01", "sequence", (1 << 64) - 1),
                ("28ffffffffffffffffff01", "timestamp_ns", -1),
                ("38ffffffffffffffffff01", "redelivery_count", (1 << 32) - 1),
                ("3080808080808080808001", "redelivered", True),
                ("08800008ff00", "sequence", 127),      # the last counts; long encodings are valid
                ("080140024801790102030405060708", "sequence", 1),   # unknown varint, fixed64
                ("0801430801441203666f6f", "subject", b"foo"),       # unknown group, field inside
                ("434b4c440805", "sequence", 5),                     # group in a group
                ("7d010203047a0209090806", "sequence", 6),           # unknown fixed32, bytes
                ("80808080808080808001050807", None, None)):
            if name:
                self.assertEqual(self.field(hex_bytes, name), expected, hex_bytes)

    def test_undecodable(self) -> None:
        for hex_bytes, why in (
                ("08", "varint cut short"),
                ("0880", "varint cut short"),
                ("88", "tag cut short"),
                ("0880808080808080808002", "varint above 64 bits"),
                ("088080808080808080808001", "varint of 11 bytes"),
                ("0001", "field number 0"),
                ("0700", "field number 0"),
                ("46", "wire type 6"), ("47", "wire type 7"), ("0e", "wire type 6"),
                ("44", "end of a group at the top"),
                ("434c", "end of another group"),
                ("43", "group without an end"), ("4308", "group cut short"),
                ("430001", "field number 0 in a group"),
                ("2203aabb", "length beyond the end"),
                ("22ffffffffffffffffff01", "length far beyond the end"),
                ("7d010203", "fixed32 cut short"), ("7901020304050607", "fixed64 cut short"),
                ("0a00", "sequence as bytes"), ("1001", "subject as varint"),
                ("2001", "data as varint"), ("0d01020304", "sequence as fixed32"),
                ("0b0c", "sequence as group"), ("5200", "checksum as bytes")):
            self.assertIsNone(decode(bytes.fromhex(hex_bytes), MESSAGE), why)

    def test_groups_nest_as_deep_as_the_input_likes(self) -> None:
        deep = 100_000
        self.assertEqual(decode(b"\x43" * deep + b"\x44" * deep, MESSAGE)["sequence"], 0)
        self.assertIsNone(decode(b"\x43" * deep, MESSAGE))

    def test_each_bad_byte_of_a_text_is_replaced(self) -> None:
        for data, expected in ((b"a\xe2\x82b", "a\ufffd\ufffdb"), (b"\xed\xa0\x80", "\ufffd" * 3),
                               (b"\xc0\x80", "\ufffd" * 2), (b"\xf0\x9f\x94", "\ufffd" * 3),
                               ("\u00e9\U0001f511".encode(), "\u00e9\U0001f511")):
            self.assertEqual(text(data), expected)


class FramingTest(unittest.TestCase):
    def test_the_examples_of_the_specification(self) -> None:
        found = read_slice(1, VERSION + EXAMPLE, VERSION + EXAMPLE_INDEX, CRC)
        self.assertEqual(found.data_damage + found.index_damage, [])
        (message_found,) = found.messages
        fields = message_found.fields
        self.assertEqual((fields["sequence"], fields["subject"], fields["data"],
                          message_found.index), (1, b"foo", b"hi", "agrees"))

    def test_another_polynomial(self) -> None:
        data = SERVER_DAT.read_bytes()
        # Specification, standalone.md 1.2: the checksums of this payload under both polynomials.
        self.assertEqual(CRC(data[12:]), 0xFF8728F4)
        self.assertEqual(crc32(2197175160)(data[12:]), 0xD16E4A11)
        self.assertEqual(brief(read_records(data, crc32(2197175160)).damage), [(4, 204, "crc")])

    def test_version(self) -> None:
        for data in (b"", b"\1", b"\1\0\0", struct.pack("<I", 0), struct.pack("<I", 2) + EXAMPLE):
            expected = [(0, len(data), "version")]
            self.assertEqual(brief(read_records(data, CRC).damage), expected)
            self.assertEqual(brief(read_index(data, CRC).damage), expected)

    def test_zeros_at_the_end_are_padding_from_a_header_on(self) -> None:
        for zeros in range(1, 20):
            found = read_records(VERSION + EXAMPLE + bytes(zeros), CRC)
            cut = [(33, zeros, "truncated")] if zeros < 8 else []
            self.assertEqual((found.padding, brief(found.damage)),
                             (0 if cut else zeros, cut), zeros)

    def test_zeros_in_the_middle_are_a_record_that_does_not_fit(self) -> None:
        data = VERSION + bytes(16) + EXAMPLE
        self.assertEqual(brief(read_records(data, CRC).damage), [(4, 45, "truncated")])
        found = read_records(data, CRC, index_offsets=[20])
        self.assertEqual((brief(found.damage), len(found.records)), ([(4, 16, "truncated")], 1))

    def test_reading_goes_on_behind_a_wrong_checksum(self) -> None:
        first = bytearray(message(1))
        first[-1] ^= 1
        found = read_records(VERSION + bytes(first) + message(2), CRC)
        self.assertEqual((brief(found.damage), [item.crc_ok for item in found.records]),
                         ([(4, 14, "crc")], [False, True]))

    def test_reading_goes_on_where_the_index_says(self) -> None:
        huge = struct.pack("<II", 0xFFFFFFFF, 0) + bytes(6)
        data = VERSION + huge + message(2)
        for offsets, expected in (([18], (4, 14)), ([4, 18, 18], (4, 14)), ([10, 18], (4, 6)),
                                  ([4, 0, 33], (4, 28)), ([len(data)], (4, 28))):
            found = read_records(data, CRC, index_offsets=offsets)
            self.assertEqual(brief(found.damage)[0], (*expected, "truncated"), offsets)
            self.assertEqual(len(found.records), int(18 in offsets))

    def test_a_torn_record_ends_where_the_index_goes_on(self) -> None:
        data = VERSION + message(1) + message(2)[:11] + message(2) + message(3)
        behind = 4 + 14 + 11
        found = read_records(data, CRC, index_offsets=[4, behind, behind + 14])
        self.assertEqual((brief(found.damage), len(found.records)), ([(18, 11, "truncated")], 3))
        named = read_records(data, CRC, index_offsets=[4, 18, behind, behind + 14])
        self.assertEqual(brief(named.damage)[0], (18, 14, "crc"))

    def test_index(self) -> None:
        one, two = index_record(1, 4, 6), index_record(2, 18, 6)
        wrong = one[:-1] + bytes((one[-1] ^ 1,))
        for tail, padding, damage, count in (
                (b"", 0, [], 2), (bytes(32), 32, [], 2), (bytes(62), 62, [], 2),
                (bytes(31), 0, [(68, 31, "index")], 2), (one[:5], 0, [(68, 5, "index")], 2),
                (wrong + two, 0, [(68, 32, "index")], 3),
                (bytes(64) + one, 0, [(68, 32, "index"), (100, 32, "index")], 3)):
            found = read_index(VERSION + one + two + tail, CRC)
            self.assertEqual((found.padding, brief(found.damage), len(found.records)),
                             (padding, damage, count))

    def test_what_the_index_says_of_a_message(self) -> None:
        data = VERSION + message(1) + message(2) + message(3)
        index = (VERSION + index_record(1, 4, 6) + index_record(2, 18, 7)
                 + index_record(9, 32, 6) + index_record(3, 32, 6) + index_record(4, 19, 6))
        found = read_slice(1, data, index, CRC)
        self.assertEqual([item.index for item in found.messages], ["agrees", "differs", "agrees"])
        self.assertEqual(brief(found.index_damage), [(132, 32, "index")])
        alone = read_slice(1, data, None, CRC)
        self.assertEqual({item.index for item in alone.messages}, {"missing"})

    def test_an_undecodable_payload_with_a_right_checksum(self) -> None:
        found = read_slice(1, VERSION + record(b"\x08") + message(2), None, CRC)
        self.assertEqual((brief(found.data_damage), len(found.messages)),
                         ([(4, 9, "undecodable")], 1))
        self.assertEqual(found.summary["records"], 2)

    def test_a_wrong_checksum_is_the_only_damage_of_its_record(self) -> None:
        wrong = record(b"\x08")[:-1] + b"\x88"
        found = read_slice(1, VERSION + wrong, None, CRC)
        self.assertEqual((brief(found.data_damage), found.messages), ([(4, 9, "crc")], []))

    def test_a_slice_goes_on_where_its_index_says(self) -> None:
        data = bytearray(VERSION + message(1) + message(2))
        data[7] = 0xFF  # the size of the first record
        index = VERSION + index_record(1, 4, 6) + index_record(2, 18, 6)
        found = read_slice(1, bytes(data), index, CRC)
        self.assertEqual(brief(found.data_damage), [(4, 14, "truncated")])
        self.assertEqual(brief(found.index_damage), [(4, 32, "index")])
        self.assertEqual([item.fields["sequence"] for item in found.messages], [2])

    def test_a_file_of_nothing_but_damage_is_read_in_one_pass(self) -> None:
        count = 1 << 15
        found = read_index(VERSION + bytes(32 * count) + b"\1", CRC)
        self.assertEqual(len(found.damage), count + 1)
        data = VERSION + b"\xff" * 8 * count
        found = read_records(data, CRC, index_offsets=range(4, len(data), 8))
        self.assertEqual(len(found.damage), count)


class JournalTest(unittest.TestCase):
    def test_server(self) -> None:
        good = record(b"\x0a\x01C")
        for data, identity, damage in (
                (b"", None, []), (bytes(8), None, []), (bytes(7), None, [(4, 7, "truncated")]),
                (good, "C", []), (good + b"\0", "C", [(15, 1, "trailing")]),
                (good + bytes(40), "C", [(15, 40, "trailing")]),
                (good + good, "C", [(15, 11, "trailing")]),
                (good[:-1] + b"D!", None, [(4, 11, "crc"), (15, 1, "trailing")]),
                (good[:-1], None, [(4, 10, "truncated")]),
                (record(b"\x08\x01"), None, [(4, 10, "undecodable")])):
            found, told = read_server(VERSION + data, CRC)
            self.assertEqual((found and found["cluster_id"], brief(told)), (identity, damage))

    def test_clients(self) -> None:
        add = record(b"\x0a\x01a\x1a\x02\x01\xff\x20\x01", 1)
        self.assertEqual(self.client_ids(add + record(b"\x0a\x01b", 1)), ["a", "b"])
        self.assertEqual(self.client_ids(add + record(b"\x0a\x01a", 2)), [])
        self.assertEqual(self.client_ids(record(b"\x0a\x01z", 2) + add + add), ["a"])
        self.assertEqual(read_clients(VERSION + add, CRC)[0][0]["connection_id"], "01ff")

    def client_ids(self, data: bytes) -> list[str]:
        found, damage = read_clients(VERSION + data, CRC)
        self.assertEqual(damage, [])
        return [client["id"] for client in found]

    def test_damaged_records_are_not_replayed(self) -> None:
        add = record(b"\x0a\x01a", 1)
        damaged = add[:-1] + b"x"
        found, damage = read_clients(VERSION + damaged + record(b"\x0a\x01a", 9)
                                     + record(b"\x0b", 1) + record(b"\x0a\x01c", 1) + add[:-1], CRC)
        self.assertEqual([client["id"] for client in found], ["c"])
        self.assertEqual(sorted(brief(damage)), [
            (4, 11, "crc"), (15, 11, "type"), (26, 9, "undecodable"), (46, 10, "truncated")])

    def test_subscriptions(self) -> None:
        new, update = record(b"\x08\x01\x48\x02", 1), record(b"\x08\x01\x48\x01\x58\x01", 2)
        gone, other = record(b"\x08\x01", 3), record(b"\x08\x02\x10\x07", 5)
        ack, sent = ([record(bytes((8, 1, 16, sequence)), kind) for sequence in range(9)]
                     for kind in (4, 5))
        for journal, expected in (
                (new, (2, False, [])), (other, None), (update, (1, True, [])),
                (new + sent[4] + sent[3], (4, False, [3, 4])),
                (new + sent[1], (2, False, [1])),
                (new + sent[3] + sent[4] + ack[3] + ack[8], (4, False, [4])),
                (new + sent[3] + update, (1, True, [3])), (new + sent[3] + new, (2, False, [])),
                (new + sent[3] + gone, None), (new + sent[3] + gone + update, (1, True, []))):
            found, damage = read_subscriptions(VERSION + journal, CRC)
            self.assertEqual(damage, [])
            shown = [(item["last_sent"], item["closed"], item["pending"]) for item in found]
            self.assertEqual(shown, [expected] if expected else [])


class TreeTest(unittest.TestCase):
    def test_names_that_are_not_of_the_format_are_listed(self) -> None:
        files = {b"server.dat": VERSION, b".rootdir.lck": b"", b"clients.dat123": b"",
                 b"c/subs.dat": VERSION, b"c/msgs.1.dat": VERSION, b"c/msgs.1.idx": VERSION,
                 b"c/msgs.10.dat": VERSION, b"c/msgs.2.idx": VERSION, b"c/msgs.01.dat": VERSION,
                 b"c/msgs.x.dat": VERSION, b"c/msgs.0.dat": VERSION, b"c/server.dat": VERSION,
                 b"c/msgs.9223372036854775808.dat": VERSION, b"c/d/subs.dat": b"", b"b\xff/x": b""}
        report = inspect(memory_tree(files))
        self.assertEqual([item["name"] for item in report["channels"]], ["b\ufffd", "c"])
        self.assertEqual([item["number"] for item in report["channels"][1]["slices"]], [1, 10])
        self.assertEqual(report["other_files"], [
            "b\ufffd/x", "c/d/subs.dat", "c/msgs.0.dat", "c/msgs.01.dat", "c/msgs.2.idx",
            "c/msgs.9223372036854775808.dat", "c/msgs.x.dat", "c/server.dat", "clients.dat123"])
        self.assertEqual(report["damage"], [])

    def test_links_are_not_followed_and_empty_directories_are_channels(self) -> None:
        with tempfile.TemporaryDirectory() as temporary:
            root = pathlib.Path(temporary)
            (root / "empty").mkdir()
            (root / "loop").symlink_to(root)
            (root / "server.dat").symlink_to(SERVER_DAT)
            os.mkfifo(root / "empty" / "msgs.1.dat")
            report = inspect(disk_tree(root))
        self.assertEqual([item["name"] for item in report["channels"]], ["empty"])
        self.assertEqual(report["channels"][0]["slices"], [])
        self.assertEqual(report["other_files"], ["empty/msgs.1.dat", "loop", "server.dat"])
        self.assertIsNone(report["server"])


class CommandTest(unittest.TestCase):
    STORE = SERVER_DAT.parents[2] / "two-keys" / "store"

    def run_cli(self, *args: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, str(CLI), *args], capture_output=True, text=True,
                              env=os.environ | env, check=False)

    def test_keys_are_numbered_in_the_order_given_across_the_options(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"second key")
            file.flush()
            done = self.run_cli(str(self.STORE), "--key-file", file.name, "--key", "nothing",
                                "--key-env", "FIRST", FIRST="first key")
        for opened_by in ("[\n      1\n     ]", "[\n      3\n     ]"):
            self.assertEqual(done.stdout.count(f'"opened_by": {opened_by}'), 2)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("payload\"", done.stdout)
        self.assertNotIn(" key", done.stdout + done.stderr)

    def test_a_newline_in_a_key_file_is_part_of_the_key(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"second key\n")
            file.flush()
            done = self.run_cli(str(self.STORE), "--key-file", file.name)
        self.assertEqual(done.stdout.count('"opened_by": []'), 4)

    def test_errors_have_status_2_and_never_repeat_a_key(self) -> None:
        for args in (["/nowhere"], [str(self.STORE), "--key-file", "/nowhere"],
                     [str(self.STORE), "--key-env", "NOT_SET_ANYWHERE"],
                     [str(self.STORE), "--kee", "secret"], [str(self.STORE), "secret"]):
            done = self.run_cli(*args)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertNotIn("secret", done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
