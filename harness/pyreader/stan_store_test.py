#!/usr/bin/env python3
"""The reader against measured bytes: vectors, golden stores, damage, and a ladder of small damage.

fixtures/README.md describes the data. What the real server said about a damaged store decides
what the report must name (COMPLAINTS).
"""
import functools
import json
import pathlib
import re
import tempfile
import unittest
from typing import Any, Callable, Iterator, NamedTuple

import damage
from crosscheck import golden
from envelope import ChannelOpener, channel_key, split
from messages import open_data, read_slice
from records import IEEE, crc32
from stan_store import disk_tree, inspect, layout, memory_tree

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
STORES = {subject.label: subject for subject in golden(FIXTURES)}
LADDER_STORE = "key-precedence"


class Vector(NamedTuple):
    """Specification, standalone.md 2.5: one key and channel, what was sealed, how it is stored."""
    key: str
    channel: bytes
    plaintext: str
    channel_key: str
    stored: tuple[str, ...]


# The first two of `stored` were made by the server, the other two have nonces chosen by hand.
VECTORS = (
    Vector("6d796b6579", b"foo", "68656c6c6f",
           "5e9e7bb8c8fd4571cef7ea6683b1b6fdf883488b242ab5f28433711b775cd6e3", (
               "014f3fff0d00000000000000016e4ce09a92a28077451a2f61db40ca7ab296ae66ff",
               "02d3f46fdc0000000000000001665c2703eeb71139d467b83e87b4ccaa01fc73b634",
               "01001122330000000000000001c4101adf8572d0c47ea3543a75e06c48ec298b8ed4",
               "020011223300000000000000015cacd0eb0274916f367d43106b69b65ba01843dd6b")),
    Vector("636cc3a92de98db5", b"orders.eu.west", "01",
           "84d3ca1c28a722cadc427bf11daa2016adda8b05e949a3e169131274a9ebcc46", (
               "014515a5a90000000000000001eed1e950667122810ee02daa5a6ddcd504",
               "027c42a9f70000000000000001d03fc09b0fcf53f70ddf1b0eecfd6c8659",
               "01a1b2c3d400000000000000ff5150dbab2e0d2b83e3f5151b487f1e746a",
               "02a1b2c3d400000000000000ff117677e52655857add04818294d1d2d93d")),
    Vector("4b" * 64, b"a" * 40, bytes(range(48)).hex(),
           "b13e15b55d4bab6f623c7b19d4d0fd05ff3f9219028216b8b3b876b8afa5e872", (
               "01cc4245ec00000000000000019e9652c213d29c31648936638b260a020aac157441e6496ada09"
               "f6578e5a5fa63bb0adab20487ca9bf2de0bfea1058862ead16755c71be5c9facbbf4908e20ec",
               "026738f7c00000000000000001f8331ded3135f22b433fcbc4f1176ee348e81e2e43fd87525bd0"
               "213a00aaba5e3478b689d5f1f14550e258dbf86d27de79718191334cb98a6cfc73d86ce47626",
               "01ffffffffffffffffffffffffc588b8216de40becf0a8774a02b8a8c7c89d8573f36be9a7a173"
               "3954d337d9cd9b9c800f8289d5ee334bace6bca44d557e01a2682b34c133180ecf07b0a3beba",
               "02ffffffffffffffffffffffffc09c27038130240319b4d4961777374a58840ff827c1f7c4b3f4"
               "55bdff65a46cf04682c7f63f4fb1edc8d4cfbbfc3106dde594d52135cdc66a881c3bea4505a0")),
)


class VectorTest(unittest.TestCase):
    def test_channel_keys(self) -> None:
        for vector in VECTORS:
            derived = channel_key(bytes.fromhex(vector.key), vector.channel)
            self.assertEqual(derived.hex(), vector.channel_key)

    def test_stored_payloads_open_under_their_key_and_channel_only(self) -> None:
        for vector in VECTORS:
            key = bytes.fromhex(vector.key)
            right = ChannelOpener(key, vector.channel)
            wrong = (ChannelOpener(key, b"other"), ChannelOpener(key + b" ", vector.channel))
            for number, stored in enumerate(vector.stored):
                sealed = split(bytes.fromhex(stored))
                self.assertEqual(sealed.cipher, ("AES", "CHACHA")[number % 2])
                self.assertEqual(right.open(sealed), bytes.fromhex(vector.plaintext))
                self.assertEqual([opener.open(sealed) for opener in wrong], [None, None])

    def test_no_changed_byte_of_a_sealed_payload_opens(self) -> None:
        opener = ChannelOpener(b"mykey", b"foo")
        stored = bytes.fromhex(VECTORS[0].stored[0])
        for at in range(len(stored)):
            changed = bytes(byte ^ (at == where) for where, byte in enumerate(stored))
            self.assertFalse(open_data(changed, [opener]).keys, at)

    def test_what_is_too_short_or_has_another_code_is_not_sealed(self) -> None:
        for data in (None, b"", b"\1", b"\2" + bytes(27), b"\0" + bytes(40), b"\3" + bytes(40)):
            self.assertIsNone(split(data))
        self.assertIsNotNone(split(b"\1" + bytes(28)))


class GoldenTest(unittest.TestCase):
    """Every entry of every expect.json; see fixtures/README.md for what null may mean."""

    def test_every_store_is_undamaged_and_its_index_agrees(self) -> None:
        for name in STORES:
            report = report_of(name)
            self.assertEqual((report["damage"], report["other_files"], report["nonce_reuse"]),
                             ([], [], []), name)
            self.assertEqual(report["server"]["cluster_id"], "test-cluster")
            for message in messages_of(report):
                self.assertEqual((message["crc_ok"], message["index"]), (True, "agrees"))

    def test_with_the_key_the_reader_opens_what_the_server_delivered(self) -> None:
        for name, entry in self.entries(encrypt=True):
            report = report_of(name, (entry["key"].encode(),))
            for channel, sequence, expected in reads(entry):
                found = message_at(report, channel, sequence)
                with self.subTest(store=name, key=entry["key"][:20], at=(channel, sequence)):
                    if isinstance(expected, str):
                        self.assertEqual(found["payload"], expected)
                    elif expected is None and found:
                        # Sealed, or plain data that the server takes for sealed (2.3).
                        self.assertEqual(found["opened_by"], [])
                        self.assertIn(stored_data(name)[channel, sequence][0], (1, 2))
                    else:
                        self.assertIsNone(found)

    def test_without_a_key_the_stored_bytes_are_what_the_server_delivered(self) -> None:
        for name, entry in self.entries(encrypt=False):
            for channel, sequence, expected in reads(entry):
                with self.subTest(store=name, at=(channel, sequence)):
                    found = stored_data(name).get((channel, sequence))
                    if isinstance(expected, str):
                        self.assertEqual(found.hex(), expected)
                    else:
                        self.assertIsNone(found)

    def entries(self, encrypt: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in STORES:
            expect = load(FIXTURES / "stores" / name / "expect.json")
            yield from ((name, entry) for entry in expect["opens"] if entry["encrypt"] == encrypt)

    def test_subscriptions(self) -> None:
        (channel,) = report_of("subscriptions")["channels"]
        shown = [(item["id"], item["durable_name"], item["queue_group"], item["client_id"],
                  item["last_sent"], item["durable"], item["closed"], item["pending"])
                 for item in channel["subscriptions"]]
        self.assertEqual(shown, [
            (1, "dur-acked", "", "sub-client", 4, True, True, []),
            (2, "dur-pending", "", "sub-client", 4, True, True, [1, 2, 3, 4]),
            (3, "", "dur-queue:group", "", 4, True, False, [])])

    def test_a_client_that_was_not_closed_is_live(self) -> None:
        (client,) = report_of("killed")["clients"]
        self.assertEqual((client["protocol"], client["ping_interval_s"], client["ping_max_out"]),
                         (1, 5, 3))
        self.assertEqual(len(bytes.fromhex(client["connection_id"])), 22)
        self.assertEqual(report_of("plaintext")["clients"], [])


class Complaint(NamedTuple):
    """Words of the server, and what a report must then hold; groups of `words` are passed on."""
    words: str
    holds: Callable[..., bool]


def has(report: dict[str, Any], kind: str, file: str) -> bool:
    return any((item["kind"], item["file"]) == (kind, file) for item in report["damage"])


def channel_has(report: dict[str, Any], kind: str, channel: str) -> bool:
    return any(item["kind"] == kind and item["file"].startswith(channel + "/")
               for item in report["damage"])


STORE_FILE = r'"(?:<root>/store/)?([^"]+)"'
COMPLAINTS = (
    Complaint(r"looking up message (\S+):(\d+) \(corrupted data",
              lambda report, channel, sequence: channel_has(report, "crc", channel)
              and not message_at(report, channel, int(sequence))["crc_ok"]),
    Complaint(r"looking up message (\S+):(\d+) \(c\S+: message authentication failed",
              lambda report, channel, sequence:
              message_at(report, channel, int(sequence))["opened_by"] == []),
    Complaint(rf"Verification of last message for file {STORE_FILE} failed: "
              "unable to read last record: (EOF|unexpected EOF)",
              lambda report, file, _: has(report, "index", file.replace(".dat", ".idx"))),
    Complaint(rf"Verification of last message for file {STORE_FILE} failed: "
              "unable to read last record: corrupted data",
              lambda report, file: has(report, "crc", file)),
    Complaint(rf"Error with index file {STORE_FILE}: (?:unexpected EOF|corrupted data)",
              lambda report, file: has(report, "index", file)),
    Complaint(rf"Unexpected EOF for file {STORE_FILE}",
              lambda report, file: has(report, "truncated", file)),
    Complaint(rf"Corrupted record in file {STORE_FILE}",
              lambda report, file: has(report, "crc", file)),
    Complaint(rf"Server file {STORE_FILE} corrupted: unexpected EOF",
              lambda report, file: has(report, "truncated", file)),
    Complaint(rf"Server file {STORE_FILE} corrupted: corrupted data",
              lambda report, file: has(report, "crc", file)),
    Complaint(rf"server file {STORE_FILE}: incorrect file size",
              lambda report, file: has(report, "trailing", file)),
    Complaint(rf"(?:server file |file: ){STORE_FILE}\)?: (?:unable to verify|unsupported) file ver",
              lambda report, file: has(report, "version", file)),
    Complaint(r"subscription store for \[(\S+)\]: unsupported file version",
              lambda report, channel: has(report, "version", channel + "/subs.dat")),
    Complaint(rf"client file {STORE_FILE}: invalid client record type",
              lambda report, file: has(report, "type", file)),
    Complaint(r"subscription store for \[(\S+)\]: unexpected record type",
              lambda report, channel: has(report, "type", channel + "/subs.dat")),
    Complaint(r"message store for \[(\S+)\].* invalid name: (\S+)",
              lambda report, channel, file: f"{channel}/{file}" in report["other_files"]),
    Complaint(r"Server information was not recovered",
              lambda report: report["server"] is None),
)
# Complaints about options, which no report on a store can hold.
NOT_ABOUT_THE_STORE = re.compile("cluster ID|encryption (key|cipher)|^(?!.*STREAM)|must be spec|"
                                 "unsupported store type")
# Lines that go with another complaint and say nothing further by themselves.
FURTHER_LINES = re.compile(
    "Error with index file .*Verification|It is recommended|Restart with the|Dataloss may|"
    "Record (header|payload)|STREAM:  (Bytes|Type|Size|CRC )|record (header|payload) expected|"
    "Follow instructions|Failed to start: .*: (unexpected EOF|corrupted data.*)$")


class DamageTest(unittest.TestCase):
    def test_the_report_names_what_the_server_complained_of(self) -> None:
        recognised = set()
        for case, report in damaged_reports():
            for line in case["stderr"]:
                with self.subTest(case=case["name"], line=line):
                    found = [(complaint, match) for complaint in COMPLAINTS
                             if (match := re.search(complaint.words, line))]
                    if not found:
                        self.assertRegex(line, f"{FURTHER_LINES.pattern}|"
                                               f"{NOT_ABOUT_THE_STORE.pattern}")
                    for complaint, match in found:
                        recognised.add(complaint)
                        self.assertTrue(complaint.holds(report, *match.groups()))
        self.assertEqual(recognised, set(COMPLAINTS))

    def test_what_the_server_delivered_the_reader_opens(self) -> None:
        for case, report in damaged_reports():
            for channel, sequence, expected in reads(case):
                with self.subTest(case=case["name"], at=(channel, sequence)):
                    found = message_at(report, channel, sequence)
                    if isinstance(expected, str):
                        self.assertEqual(found["payload"], expected)
                    elif expected is None and found:
                        self.assertTrue(found["opened_by"] == [] or found["index"] != "agrees")

    def test_a_copied_record_repeats_its_nonce(self) -> None:
        (case, report), = (item for item in damaged_reports()
                           if item[0]["name"] == "ciphertext replayed over a later one")
        (reuse,) = report["nonce_reuse"]
        self.assertEqual((reuse["channel"], reuse["cipher"], reuse["key"], reuse["same_bytes"]),
                         ("foo.bar", "AES", 1, True))
        self.assertEqual([place["sequence"] for place in reuse["at"]], [1, 3])

    def test_every_case_is_known_to_the_harness(self) -> None:
        self.assertEqual(sum(1 for _ in damaged_reports()), len(damage.load_cases()))


class LadderTest(unittest.TestCase):
    """One small store, every file cut at every byte and with every byte changed."""

    def setUp(self) -> None:
        tree = disk_tree(STORES[LADDER_STORE].store)
        self.files = {name: tree.read(name) for name in tree.files}
        self.keys = STORES[LADDER_STORE].keys

    def report(self, name: bytes, data: bytes) -> dict[str, Any]:
        return inspect(memory_tree(self.files | {name: data}), self.keys, payloads=True)

    def test_cut_files(self) -> None:
        for name, data in self.files.items():
            for size in range(len(data)):
                report = self.report(name, data[:size])
                # Cut behind the version word or a record, a file is a shorter one without damage
                # (unless an index points behind the end).
                whole = size == 4 or (name, size) == (b"clients.dat", 81)
                if not whole or name.endswith(b"/msgs.1.dat"):
                    self.assertTrue(report["damage"], (name, size))
                else:
                    self.assertEqual(report["damage"], [], (name, size))

    def test_changed_bytes(self) -> None:
        for name, data in self.files.items():
            for at in range(len(data)):
                for mask in (0x01, 0x80, 0xFF):
                    changed = data[:at] + bytes([data[at] ^ mask]) + data[at + 1:]
                    self.assertTrue(self.report(name, changed)["damage"], (name, at, mask))


@functools.cache
def load(path: pathlib.Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@functools.cache
def report_of(name: str, keys: tuple[bytes, ...] = ()) -> dict[str, Any]:
    return inspect(disk_tree(STORES[name].store), keys, payloads=True)


@functools.cache
def stored_data(name: str) -> dict[tuple[str, int], bytes]:
    """The stored message data of a golden store by channel and sequence, opened by nobody."""
    tree = disk_tree(STORES[name].store)
    return {(channel.decode(), message.fields["sequence"]): message.data or b""
            for channel, numbers in layout(tree).slices.items() for number in numbers
            for message in read_slice(number, tree.read(channel + b"/msgs.%d.dat" % number), None,
                                      crc32()).messages}


@functools.cache
def damaged_reports() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Every case of cases.json with the report on its store, read with the case's own key."""
    reports = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, case in enumerate(damage.load_cases()):
            directory = pathlib.Path(temporary) / str(number)
            if "base" in case:
                damage.damaged_copy(STORES[case["base"]].store, directory, case["ops"])
            else:
                directory.mkdir()
            args = case.get("args", [])
            poly = (int(args[args.index("-file_crc_poly") + 1]) if "-file_crc_poly" in args
                    else IEEE)
            keys = [case["env"].encode()] if case.get("env") else []
            reports.append((case, inspect(disk_tree(directory), keys, poly, payloads=True)))
    return reports


def reads(entry: dict[str, Any]) -> Iterator[tuple[str, int, Any]]:
    for channel, sequences in entry.get("read", {}).items():
        for sequence, expected in sequences.items():
            yield channel, int(sequence), expected


def messages_of(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for channel in report["channels"]:
        yield from channel["messages"]


def message_at(report: dict[str, Any], channel: str, sequence: int) -> dict[str, Any] | None:
    return next((message for item in report["channels"] if item["name"] == channel
                 for message in item["messages"] if message["sequence"] == sequence), None)


if __name__ == "__main__":
    unittest.main()
