#!/usr/bin/env python3
"""Reads the Raft directory of a clustered NATS Streaming node and prints what is in it, as JSON.

A second reader, written from the specification alone (cluster.md, sections 1 and 2). The output is
described in harness/inspect/RAFT.md. It reads only, locks nothing, and gives a report for every
input, however damaged.
"""
import json
import pathlib
import sys
from typing import Any, Sequence

import bolt
from protobuf import Malformed
from raft_entries import Entry, RaftOpener, decode_entry, show
from raft_snapshots import crc64, read_meta, state
from stan_store import key_bytes, parser
from utf8 import text

FORMAT = "atrest-inspect-raft-1"
LOG_FILE = "raft.log"


class Inspection:
    """One pass over a Raft directory."""

    def __init__(self, keys: Sequence[bytes], payloads: bool) -> None:
        self.openers, self.payloads = [RaftOpener(key) for key in keys], payloads
        self.damage: list[tuple[str, int | None, str]] = []
        self.sealed: dict[tuple[str, str], set[tuple[int, bytes]]] = {}

    def show(self, entry: Entry) -> dict[str, Any]:
        shown = show(entry, self.openers, self.payloads)
        if shown["cipher"]:
            uses = self.sealed.setdefault((shown["cipher"], shown["nonce"]), set())
            uses.add((entry.index, entry.data))
        return shown

    def entries(self, elements: Sequence[tuple[int, bolt.Item]]) -> list[dict[str, Any]]:
        found = []
        for page, item in elements:
            entry = decode_entry(item.value) if len(item.key) == 8 else None
            if entry is None:
                self.damage.append((LOG_FILE, page, f"page {page} holds what is no log entry"))
            else:
                found.append(self.show(entry))
        return found

    def channels(self, elements: Sequence[tuple[int, bolt.Item]]) -> list[dict[str, Any]]:
        found = []
        for page, item in elements:
            if len(item.value) == 8:
                found.append({"name": text(item.key), "id": int.from_bytes(item.value, "big")})
            else:
                self.damage.append((LOG_FILE, page, f"page {page} holds what is no channel id"))
        return found

    def free_page(self, items: Sequence[bolt.Item]) -> list[dict[str, Any]]:
        found = []
        for item in bolt.with_inline(items):
            entry = decode_entry(item.value)
            if entry and item.key == entry.index.to_bytes(8, "big"):
                found.append(self.show(entry))
        return found

    def nonce_reuse(self) -> list[dict[str, Any]]:
        repeated = [{"cipher": cipher, "nonce": nonce,
                     "indexes": sorted({index for index, _ in uses})}
                    for (cipher, nonce), uses in sorted(self.sealed.items())
                    if len({data for _, data in uses}) > 1]
        return sorted(repeated, key=lambda item: item["indexes"][0])

    def snapshot(self, folder: pathlib.Path) -> dict[str, Any] | None:
        name = "snapshots/" + folder.name
        try:
            meta = read_meta((folder / "meta.json").read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            self.damage.append((name + "/meta.json", None, "cannot be read as a snapshot's meta"))
            return None
        crc = meta.pop("crc")
        found: dict[str, Any] = {"name": folder.name} | meta | {"crc_ok": False, "clients": None,
                                                                "channels": None}
        try:
            data = (folder / "state.bin").read_bytes()
            found["crc_ok"] = crc == crc64(data).to_bytes(8, "big")
            found["clients"], found["channels"] = state(data)
        except (OSError, Malformed):
            self.damage.append((name + "/state.bin", None, "cannot be read as a snapshot's state"))
        return found

    def snapshots(self, root: pathlib.Path) -> list[dict[str, Any]]:
        if not (root / "snapshots").is_dir():
            return []
        folders = sorted(folder for folder in (root / "snapshots").iterdir()
                         if folder.is_dir() and not folder.name.endswith(".tmp"))
        return [shown for folder in folders if (shown := self.snapshot(folder))]

    def report(self, root: pathlib.Path) -> dict[str, Any]:
        contents = bolt.read((root / LOG_FILE).read_bytes())
        self.damage += [(LOG_FILE, item.page, item.why) for item in contents.damage]
        plain = {name: [element for element in elements if not element[1].flags]
                 for name, elements in contents.buckets.items()}
        entries = self.entries(plain.get(b"logs", []))
        channels = self.channels(plain.get(b"channels", []))
        free = [{"page": page, "entries": found} for page, items in contents.free_leaves
                if (found := self.free_page(items))]
        snapshots = self.snapshots(root)
        self.damage.sort(key=lambda item: (item[0], -1 if item[1] is None else item[1]))
        return {"format": FORMAT,
                "metas": [meta and meta._asdict() for meta in contents.metas],
                "conf": [{"name": text(item.key), "value": item.value.hex()}
                         for _, item in plain.get(b"conf", [])],
                "channels": channels, "entries": entries, "free_pages": free,
                "nonce_reuse": self.nonce_reuse(), "snapshots": snapshots,
                "damage": [{"file": file, "page": page, "why": why}
                           for file, page, why in self.damage]}


def inspect(root: pathlib.Path, keys: Sequence[bytes] = (), payloads: bool = False
            ) -> dict[str, Any]:
    """The report on a Raft directory. OSError if its log cannot be read."""
    return Inspection(keys, payloads).report(root)


def main() -> int:
    options = parser().parse_args()
    try:
        keys = [key_bytes(*item) for item in options.keys]
        report = inspect(options.dir, keys, options.payloads)
    except KeyError:
        print("raft_log: an environment variable named by --key-env is not set", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"raft_log: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    json.dump(report, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
