#!/usr/bin/env python3
"""Stores that the reference wrote, read by the Python reader: own_stores_test.py PATH-TO-ATREST.

Runs scenarios that start from nothing with their stores kept, and checks that the reader finds
every published payload, under the key it was published with, and no damage.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from stan_store import disk_tree, inspect

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
FOLDERS = ("crypto/round_trip", "crypto/cipher_switch", "crypto/empty_payload", "crypto/nonce",
           "store/slices")


def payload(value):
    if isinstance(value, str):
        return value.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    unit, count = value["repeat"]
    return unit.encode() * count


def is_of_our_making(scenario):
    """Written by the reference alone, and whole: nothing removed by limits, nothing tampered."""
    steps = scenario["steps"]
    starts = [step["start"] for step in steps if "start" in step]
    limits = {"max_messages", "max_bytes", "max_age_ms"}
    return (not any("golden" in step or "tamper" in step for step in steps)
            and not any(limits & start.keys() or start.get("store") == "memory"
                        for start in starts)
            and any("publish" in step for step in steps))


def published(scenario):
    """Channel -> payloads in the order of their sequences."""
    channels = {}
    for step in scenario["steps"]:
        if "publish" in step:
            channel = channels.setdefault(step["publish"]["channel"], [])
            channel.extend(map(payload, step["publish"]["payloads"]))
    return channels


class OwnStoresTest(unittest.TestCase):
    def check(self, name, store):
        scenario = json.loads((ROOT / "scenarios" / f"{name}.json").read_text())
        keys = [payload(value) for value in scenario.get("keys", {}).values()]
        found = inspect(disk_tree(store), keys, payloads=True)
        self.assertEqual(found["damage"], [])
        self.assertEqual(found["nonce_reuse"], [])
        messages = {channel["name"]: channel["messages"] for channel in found["channels"]}
        for channel, payloads in published(scenario).items():
            stored = messages[channel]
            self.assertEqual([each["sequence"] for each in stored],
                             list(range(1, len(payloads) + 1)))
            self.assertEqual([each["payload"] for each in stored],
                             [each.hex() for each in payloads])
            self.assertEqual({each["index"] for each in stored}, {"agrees"})

    def test_the_reader_finds_every_payload(self):
        checked = 0
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ATREST, "run", *FOLDERS, "--target", "inproc", "--quiet", "--keep",
                            folder], cwd=ROOT, check=True, timeout=60)
            for server in sorted(pathlib.Path(folder).rglob("server.dat")):
                store = server.parent
                name = store.parent.relative_to(folder).as_posix()
                scenario = json.loads((ROOT / "scenarios" / f"{name}.json").read_text())
                if not is_of_our_making(scenario):
                    continue
                with self.subTest(name):
                    self.check(name, store)
                    checked += 1
        self.assertGreater(checked, 20)


if __name__ == "__main__":
    unittest.main()
