#!/usr/bin/env python3
"""The reader of Raft directories against what the real server wrote (fixtures/cluster)."""
import json
import pathlib
import shutil
import tempfile
import unittest
from typing import Any, Iterator

import bolt
from raft_entries import RaftOpener, decode_entry, decode_operation
from envelope import split
from raft_log import inspect
from raft_snapshots import crc64

CLUSTER = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "cluster"
LADDER_STEP = 61


def nodes() -> Iterator[tuple[pathlib.Path, dict[str, Any], bytes]]:
    """The Raft directory of each node, what is expected of it, and its key."""
    for expectation in sorted(CLUSTER.glob("*/expect.json")):
        expect = json.loads(expectation.read_text(encoding="utf-8"))
        for name, node in expect["nodes"].items():
            yield (expectation.parent / name / "raft" / "gold", node,
                   expect["keys"][name].encode())


def as_expected(report: dict[str, Any]) -> dict[str, Any]:
    """A report in the form of expect.json."""
    conf = {item["name"]: item["value"] for item in report["conf"]}
    logs = []
    for entry in report["entries"]:
        shown = {name: entry[name] for name in ("index", "term", "type")}
        shown["appendedAt"] = entry["appended_at"]
        if entry["data_size"]:
            shown["plaintext"] = entry["plaintext"]
        if entry["type"] == "Command":
            shown["cipher"] = entry["cipher"]
            if entry["cipher"]:
                shown["nonce"] = entry["nonce"]
        logs.append(shown)
    return {"metas": [{"page": page, "root": meta["root"], "txid": meta["transaction"],
                       "pgid": meta["high_water"], "ok": True}
                      for page, meta in enumerate(report["metas"])],
            "conf": {"CurrentTerm": int(conf["CurrentTerm"], 16),
                     "LastVoteCand": bytes.fromhex(conf["LastVoteCand"]).decode(),
                     "LastVoteTerm": int(conf["LastVoteTerm"], 16)},
            "channels": {item["name"]: item["id"] for item in report["channels"]},
            "logs": logs}


class GoldenTest(unittest.TestCase):
    def test_every_node_says_exactly_what_is_expected(self) -> None:
        count = 0
        for root, expected, key in nodes():
            with self.subTest(root=root):
                report = inspect(root, [key], payloads=True)
                self.assertEqual(as_expected(report), expected)
                self.assertEqual(report["damage"], [])
                self.assertEqual(report["nonce_reuse"], [])
                for entry in report["entries"]:
                    is_command = entry["type"] == "Command"
                    self.assertEqual(entry["operation"] is not None, is_command, entry)
            count += 1
        self.assertEqual(count, 11)

    def test_snapshots(self) -> None:
        root = CLUSTER / "three-nodes-snapshot" / "a" / "raft" / "gold"
        snapshot, = inspect(root)["snapshots"]
        self.assertTrue(snapshot["crc_ok"])
        self.assertEqual((snapshot["index"], snapshot["term"]), (38, 2))
        self.assertEqual([server["id"] for server in snapshot["servers"]], ["a", "b", "c"])
        channel, = snapshot["channels"]
        self.assertEqual((channel["name"], channel["first"], channel["last"]), ("foo", 1, 28))
        self.assertEqual(len(channel["subscriptions"]), 1)

    def test_plaintext_lingers_in_free_pages(self) -> None:
        root = CLUSTER / "one-node-mixed" / "a" / "raft" / "gold"
        free = inspect(root)["free_pages"]
        readable = [entry for page in free for entry in page["entries"]
                    if entry["operation"] and entry["operation"]["type"] == "Publish"]
        self.assertTrue(readable)

    def test_another_key_opens_nothing(self) -> None:
        root = CLUSTER / "one-node-many" / "a" / "raft" / "gold"
        for entry in inspect(root, [b"another"])["entries"]:
            self.assertEqual(entry["opened_by"], [])
            self.assertEqual(entry["operation"] is None, True)


class VectorTest(unittest.TestCase):
    """cluster.md 1.7 and 1.8"""

    def test_a_sealed_command(self) -> None:
        sealed = split(bytes.fromhex("01f17746ac000000000000000325760d68d00480b9"
                                     "d70712db27c2d6fd83872a8df95b9401"))
        assert sealed
        plaintext = RaftOpener(b"mykey").open(sealed)
        self.assertEqual(plaintext, bytes.fromhex("080742040a026d65"))
        operation = decode_operation(plaintext or b"")
        assert operation
        self.assertEqual((operation["type"], operation["client_id"]), ("Disconnect", "me"))

    def test_a_noop(self) -> None:
        entry = decode_entry(bytes.fromhex(
            "86aa417070656e6465644174a8d7696ea86b01f1bca444617461c0aa457874656e73696f6e73c0a5496e64"
            "657802a45465726d02a45479706501"))
        self.assertEqual(entry, (2, 2, 1, (1795289532, 903502762), b""))

    def test_checksum(self) -> None:
        self.assertEqual(crc64(b"123456789"), 0x995DC9BBDF1939FA)


class DamageTest(unittest.TestCase):
    def test_a_report_for_every_cut_and_change(self) -> None:
        data = (CLUSTER / "one-node-mixed" / "a" / "raft" / "gold" / "raft.log").read_bytes()
        damaged = 0
        for at in range(0, len(data), LADDER_STEP):
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            for copy in (data[:at], bytes(changed)):
                damaged += bool(bolt.read(copy).damage)
        self.assertGreater(damaged, 100)

    def test_reading_goes_on_beside_damage(self) -> None:
        source = CLUSTER / "one-node-many" / "a" / "raft" / "gold" / "raft.log"
        with tempfile.TemporaryDirectory() as temporary:
            copy = pathlib.Path(temporary) / "raft.log"
            shutil.copyfile(source, copy)
            whole = inspect(copy.parent)
            data = bytearray(copy.read_bytes())
            page = 4096 * bolt.read(bytes(data)).buckets[b"logs"][-1][0]
            data[page] ^= 1
            copy.write_bytes(data)
            report = inspect(copy.parent)
        self.assertEqual([item["page"] for item in report["damage"]], [page // 4096])
        self.assertLess(0, len(report["entries"]))
        self.assertLess(len(report["entries"]), len(whole["entries"]))


if __name__ == "__main__":
    unittest.main()
