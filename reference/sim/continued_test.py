#!/usr/bin/env python3
"""What our nodes left of the real server's directories: continued_test.py SIM-TEST ATREST.

SIM-TEST (golden_continued_test.cc) continues every set of fixtures/cluster and keeps the files.
Each node's are read here by the Python reader, which shares no code with what wrote them:

- `atrest inspect` says the same of each Raft directory and store as the Python reader;
- there is no damage and no nonce twice, and what is sealed opens with the node's key;
- every message is in the store, those of the real server and ours, under its sequence;
- the nodes of a set have the same entries, and those of the real log that are not compacted yet
  are as they were;
- ours are sealed, and their payloads are nowhere in clear.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "harness" / "pyreader"))

import crosscheck  # noqa: E402
import raft_crosscheck  # noqa: E402
import raft_log  # noqa: E402
import stan_store  # noqa: E402

SIM_TEST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
GOLDEN = ROOT / "fixtures" / "cluster"
SAME_EVERYWHERE = ("index", "term", "type", "plaintext")


def entry_facts(report):
    return {entry["index"]: tuple(entry[name] for name in SAME_EVERYWHERE)
            for entry in report["entries"]}


class ContinuedTest(unittest.TestCase):
    def check_raft(self, label, directory, key):
        node = raft_crosscheck.Node(label, directory, key, None)
        self.assertIsNone(raft_crosscheck.compare([ATREST, "inspect"], node))
        report = raft_log.inspect(directory, [key], payloads=True)
        self.assertEqual(report["damage"], [])
        self.assertEqual(report["nonce_reuse"], [])
        for entry in report["entries"]:
            if entry["type"] == "Command":
                self.assertIsNotNone(entry["plaintext"], entry)
                self.assertIsNotNone(entry["operation"], entry)
        return report

    def check_store(self, label, directory, key, messages):
        subject = crosscheck.Subject(label, directory, [], [key])
        self.assertIsNone(crosscheck.compare([ATREST, "inspect"], subject))
        report = stan_store.inspect(stan_store.disk_tree(directory), [key], payloads=True)
        self.assertEqual(report["damage"], [])
        self.assertEqual(report["nonce_reuse"], [])
        found = {channel["name"]: channel["messages"] for channel in report["channels"]}
        self.assertEqual(sorted(found), sorted(messages))
        for channel, payloads in messages.items():
            self.assertEqual([one["sequence"] for one in found[channel]],
                             list(range(1, len(payloads) + 1)))
            self.assertEqual([bytes.fromhex(one["payload"]).decode() for one in found[channel]],
                             payloads)

    def check_same(self, nodes):
        """But the configuration that each began with, which names itself first."""
        common = sorted(set.intersection(*map(set, nodes)) - {1})
        self.assertTrue(common)
        self.assertEqual(len({tuple(facts[index] for index in common) for facts in nodes}), 1)

    def check_set(self, root):
        expected = json.loads((root / "expect.json").read_text())
        entries = {}
        for node, key in expected["keys"].items():
            key = key.encode()
            label = f"{root.name}/{node}"
            report = self.check_raft(label, root / node / "raft", key)
            entries[node] = entry_facts(report)
            self.check_store(label, root / node / "store", key, expected["messages"])
            golden = entry_facts(raft_log.inspect(GOLDEN / root.name / node / "raft" / "gold",
                                                  [key], payloads=True))
            kept = golden.keys() & entries[node].keys()
            self.assertTrue(kept)
            self.assertEqual({index: golden[index] for index in kept},
                             {index: entries[node][index] for index in kept})
            ours = [entry for entry in report["entries"]
                    if entry["index"] > max(golden) and entry["type"] == "Command"]
            self.assertEqual({entry["cipher"] for entry in ours}, {"AES", "CHACHA"})
        self.check_same(list(entries.values()))
        for path in root.rglob("*"):
            if path.is_file() and path.name != "expect.json":
                self.assertNotIn(b"continued foo ", path.read_bytes(), path)

    def test_what_the_simulator_left(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([SIM_TEST, "--gtest_filter=*GoldenContinued*"], cwd=ROOT,
                                  env=os.environ | {"TEST_TMPDIR": folder}, check=False,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            roots = sorted(pathlib.Path(folder, "atrest-continued").iterdir())
            self.assertEqual([root.name for root in roots],
                             sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
            for root in roots:
                with self.subTest(root.name):
                    self.check_set(root)


if __name__ == "__main__":
    unittest.main()
