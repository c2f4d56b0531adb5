#!/usr/bin/env python3
"""Stores that the reference wrote, judged by the Python reader: own_stores_test.py ATREST TARGET.

The disk oracle judges the reference in every run, but it is C++ as the reference is. Here all
scenarios are run with their stores kept, on the store in one process (TARGET inproc) or on the
server program (reference), and each store is read by code that shares nothing with what wrote it:

- whatever became of a store, this reader and `atrest inspect` say the same of it;
- what only the reference wrote has no damage, no nonce used twice, no payload that nobody
  published, and no sealed payload in any file;
- where nothing was removed either, every payload is there, under its sequence.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from crosscheck import Subject, compare
from records import IEEE
from stan_store import disk_tree, inspect

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ATREST = sys.argv.pop(1) if len(sys.argv) > 1 else ""
TARGET = sys.argv.pop(1) if len(sys.argv) > 1 else "inproc"
SECRET_MIN = 12
DISTINCT_MIN = 6


def payload(value):
    if isinstance(value, str):
        return value.encode()
    if "hex" in value:
        return bytes.fromhex(value["hex"])
    unit, count = value["repeat"]
    return unit.encode() * count


def starts(scenario):
    return [step["start"] for step in scenario["steps"] if "start" in step]


def kinds(scenario):
    return {kind for step in scenario["steps"] for kind in step}


def is_of_our_making(scenario):
    """Written by the reference alone, from publishes that the scenario shows."""
    others = {"golden", "tamper", "interrupt", "raw", "request"}
    return not others & kinds(scenario) and "publish" in kinds(scenario)


def gives_keys_elsewhere(scenario):
    """In a configuration or an argument, so that what they sealed cannot be opened here."""
    return any("encryption_key" in json.dumps([start.get("config"), start.get("arguments")])
               for start in starts(scenario))


def is_complete(scenario):
    """Nothing was removed, refused or kept in memory."""
    removing = {"max_messages", "max_bytes", "max_age_ms", "max_channels", "max_inactivity_ms",
                "channels", "arguments", "config"}
    return not any(removing & start.keys() or start.get("store") == "memory"
                   for start in starts(scenario))


def published(scenario):
    """Channel -> payloads in the order of their sequences."""
    channels = {}
    for step in scenario["steps"]:
        if "publish" in step:
            channel = channels.setdefault(step["publish"]["channel"], [])
            channel.extend(map(payload, step["publish"]["payloads"]))
    return channels


def secrets(scenario):
    """Payloads that were published sealed only, and cannot be on disk by chance."""
    sealed, clear, is_on = set(), set(), False
    for step in scenario["steps"]:
        if "start" in step:
            start = step["start"]
            is_on = start.get("encrypt", False) and not {"arguments", "config"} & start.keys()
        elif "publish" in step:
            payloads = set(map(payload, step["publish"]["payloads"]))
            (sealed if is_on else clear).update(payloads)
    names = [channel.encode() for channel in published(scenario)]
    return {each for each in sealed - clear
            if len(each) >= SECRET_MIN and len(set(each)) >= DISTINCT_MIN
            and not any(each in name for name in names)}


def is_stored_as(message, sent):
    """Whether a stored message is this payload; in clear, one may look sealed and open nowhere."""
    if message["payload"] is None:
        return message["data_size"] == len(sent) and sent[:1] in (b"\1", b"\2")
    return message["payload"] == sent.hex()


class OwnStoresTest(unittest.TestCase):
    def check_contents(self, scenario, found):
        messages = {channel["name"]: channel["messages"] for channel in found["channels"]}
        for channel, payloads in published(scenario).items():
            stored = messages[channel]
            self.assertEqual([each["sequence"] for each in stored],
                             list(range(1, len(payloads) + 1)))
            for message, sent in zip(stored, payloads):
                self.assertTrue(is_stored_as(message, sent), message)
            self.assertEqual({each["index"] for each in stored}, {"agrees"})

    def check_ours(self, scenario, store, found):
        self.assertEqual(found["damage"], [])
        self.assertEqual(found["nonce_reuse"], [])
        for channel in found["channels"]:
            sent = published(scenario).get(channel["name"], [])
            for message in channel["messages"]:
                if message["payload"] is None and gives_keys_elsewhere(scenario):
                    continue
                self.assertTrue(any(is_stored_as(message, each) for each in sent), message)
        hidden = secrets(scenario)
        for path in sorted(store.rglob("*")):
            contents = path.read_bytes() if path.is_file() else b""
            self.assertEqual([each for each in hidden if each in contents], [], path)

    def check(self, scenario, store):
        """Whether every payload was looked for."""
        keys = [payload(value) for value in scenario.get("keys", {}).values()]
        poly = next((start["crc_polynomial"] for start in starts(scenario)
                     if "crc_polynomial" in start), IEEE)
        subject = Subject(store.parent.name, store, [], keys, poly)
        self.assertIsNone(compare([ATREST, "inspect"], subject))
        if not is_of_our_making(scenario):
            return False
        found = inspect(disk_tree(store), keys, poly, payloads=True)
        self.check_ours(scenario, store, found)
        if is_complete(scenario):
            self.check_contents(scenario, found)
        return is_complete(scenario)

    def test_stores_of_all_scenarios(self):
        stores, complete = 0, 0
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run([ATREST, "run", "--target", TARGET, "--jobs", "4", "--keep",
                                  folder], cwd=ROOT, check=False, timeout=300,
                                 capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
            for store in sorted(pathlib.Path(folder).rglob("store")):
                name = store.parent.relative_to(folder).as_posix()
                file = ROOT / "scenarios" / f"{name}.json"
                if not file.exists() or not any(store.iterdir()):
                    continue
                with self.subTest(name):
                    stores += 1
                    complete += self.check(json.loads(file.read_text()), store)
        self.assertGreater(stores, 200)
        self.assertGreater(complete, 60)


if __name__ == "__main__":
    unittest.main()
