#!/usr/bin/env python3
"""Reads the file store of a NATS Streaming server and prints what is in it, as JSON.

A second reader, written from the specification alone (standalone.md, sections 1 and 2), so that
its agreement with the C++ inspector means something. The output is described in
harness/inspect/INSPECT.md. `inspect` works on a Tree, which is a directory on disk or one made up
in memory; it reads only, and gives a report for every input, however damaged.
"""
import argparse
import json
import os
import pathlib
import re
import stat
import sys
from typing import Any, Callable, NamedTuple, Sequence

from envelope import ChannelOpener
from journals import read_clients, read_server, read_subscriptions
from messages import nonce_reuse, open_data, read_slice, show_message
from records import IEEE, Crc, Damage, crc32
from utf8 import text

FORMAT = "atrest-inspect-1"
ROOT_FILES = {b"server.dat", b"clients.dat", b".rootdir.lck", b".truncate.lck"}
SLICE_FILE = re.compile(rb"msgs\.([1-9][0-9]{0,18})\.(dat|idx)")
SLICE_MAX = (1 << 63) - 1


class Tree(NamedTuple):
    """A store directory: names relative to it, with `/`, and the means to read a file."""
    channels: set[bytes]
    files: set[bytes]    # regular files, at any depth
    others: set[bytes]   # neither directories nor regular files; never read
    read: Callable[[bytes], bytes]


class FileDamage(NamedTuple):
    file: bytes
    damage: Damage


def disk_tree(root: pathlib.Path) -> Tree:
    """The directory `root`; symbolic links in it are not followed. OSError if it cannot be read."""
    base = os.fsencode(root)
    tree = Tree(set(), set(), set(), lambda name: pathlib.Path(
        os.fsdecode(os.path.join(base, name))).read_bytes())
    pending = [b""]
    while pending:
        folder = pending.pop()
        with os.scandir(os.path.join(base, folder)) as entries:
            for entry in entries:
                name = folder + entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    pending.append(name + b"/")
                    if not folder:
                        tree.channels.add(name)
                else:
                    (tree.files if stat.S_ISREG(mode) else tree.others).add(name)
    return tree


def memory_tree(files: dict[bytes, bytes]) -> Tree:
    """A tree made of the given files."""
    channels = {name.split(b"/")[0] for name in files if b"/" in name}
    return Tree(channels, set(files), set(), files.__getitem__)


def slice_file(name: bytes) -> tuple[int, str] | None:
    """Number and extension of a msgs.N.dat or msgs.N.idx, else None (1.1)."""
    match = SLICE_FILE.fullmatch(name)
    if not match or int(match[1]) > SLICE_MAX:
        return None
    return int(match[1]), match[2].decode()


class Layout(NamedTuple):
    """Which files of a tree are which: slice numbers by channel, and all that is not the format."""
    slices: dict[bytes, set[int]]
    other_files: list[bytes]


def layout(tree: Tree) -> Layout:
    """Sorts the files by name (1.1). An index file without its data file belongs to no slice."""
    slices: dict[bytes, set[int]] = {channel: set() for channel in tree.channels}
    others = set(tree.others)
    for name in tree.files:
        channel, _, file = name.rpartition(b"/")
        found = slice_file(file) if channel in slices else None
        if found and channel + b"/msgs.%d.dat" % found[0] in tree.files:
            slices[channel].add(found[0])
        elif name not in ROOT_FILES and not (channel in slices and file == b"subs.dat"):
            others.add(name)
    return Layout(slices, sorted(others))


class Inspection:
    """One pass over a tree; gathers damage and repeated nonces on the way."""

    def __init__(self, tree: Tree, keys: Sequence[bytes], crc: Crc, payloads: bool) -> None:
        self.tree, self.keys, self.crc, self.payloads = tree, keys, crc, payloads
        self.damage: list[FileDamage] = []
        self.nonce_reuse: list[dict[str, Any]] = []

    def journal(self, name: bytes, read: Callable, absent: Any) -> Any:
        """What `read` makes of a journal file; `absent` if there is no such file."""
        if name not in self.tree.files:
            return absent
        found, damage = read(self.tree.read(name), self.crc)
        self.add_damage(name, damage)
        return found

    def add_damage(self, name: bytes, damage: list[Damage]) -> None:
        self.damage += [FileDamage(name, item) for item in damage]

    def channel(self, name: bytes, numbers: set[int]) -> dict[str, Any]:
        openers = [ChannelOpener(key, name) for key in self.keys]
        slices, messages = [], []
        for number in sorted(numbers):
            stem = name + b"/msgs.%d" % number
            has_index = stem + b".idx" in self.tree.files
            found = read_slice(number, self.tree.read(stem + b".dat"),
                               self.tree.read(stem + b".idx") if has_index else None, self.crc)
            slices.append(found.summary)
            messages += [(message, open_data(message.data, openers)) for message in found.messages]
            self.add_damage(stem + b".dat", found.data_damage)
            self.add_damage(stem + b".idx", found.index_damage)
        self.nonce_reuse += nonce_reuse(name, messages)
        return {"name": text(name), "slices": slices,
                "messages": [show_message(*item, self.payloads) for item in messages],
                "subscriptions": self.journal(name + b"/subs.dat", read_subscriptions, [])}

    def report(self) -> dict[str, Any]:
        names = layout(self.tree)
        server = self.journal(b"server.dat", read_server, None)
        clients = self.journal(b"clients.dat", read_clients, [])
        channels = [self.channel(name, names.slices[name]) for name in sorted(names.slices)]
        self.damage.sort(key=lambda item: (item.file, item.damage.offset))
        return {"format": FORMAT, "server": server, "clients": clients, "channels": channels,
                "nonce_reuse": self.nonce_reuse,
                "damage": [{"file": text(item.file)} | item.damage._asdict()
                           for item in self.damage],
                "other_files": [text(name) for name in names.other_files]}


def inspect(tree: Tree, keys: Sequence[bytes] = (), crc_poly: int = IEEE,
            payloads: bool = False) -> dict[str, Any]:
    """The report on a store."""
    return Inspection(tree, keys, crc32(crc_poly), payloads).report()


class Parser(argparse.ArgumentParser):
    """Never repeats an argument it does not know: it might be a key."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> argparse.Namespace:
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error("there is an argument too many, or an unknown option")
        return known


def parser() -> argparse.ArgumentParser:
    made = Parser(description="Prints what is in the file store DIR as JSON (INSPECT.md).",
                  epilog="Keys are numbered from 1 in the order in which they are given.",
                  allow_abbrev=False)
    made.add_argument("dir", metavar="DIR", type=pathlib.Path)
    for option, metavar, told in (
            ("--key-env", "NAME", "a key: the value of this environment variable"),
            ("--key-file", "FILE", "a key: the bytes of this file, exactly: nothing is trimmed, "
                                   "a newline at the end is part of the key"),
            ("--key", "KEY", "a key; other users can see it in the list of processes")):
        made.add_argument(option, metavar=metavar, help=told, dest="keys", default=[],
                          action="append", type=lambda value, option=option: (option, value))
    made.add_argument("--crc-poly", metavar="N", type=int, default=IEEE,
                      help="CRC-32 polynomial, reversed notation (default: %(default)s)")
    made.add_argument("--payloads", action="store_true", help="also print opened payloads")
    made.add_argument("--json", action="store_true", help="accepted; the output is always JSON")
    return made


def key_bytes(option: str, value: str) -> bytes:
    """The key an option names. OSError or KeyError if there is none."""
    if option == "--key-env":
        return os.environb[os.fsencode(value)]
    return pathlib.Path(value).read_bytes() if option == "--key-file" else os.fsencode(value)


def main() -> int:
    options = parser().parse_args()
    try:
        keys = [key_bytes(*item) for item in options.keys]
        report = inspect(disk_tree(options.dir), keys, options.crc_poly, options.payloads)
    except KeyError:
        print("stan_store: an environment variable named by --key-env is not set", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"stan_store: {os.fsdecode(error.filename)}: {error.strerror}", file=sys.stderr)
        return 2
    json.dump(report, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
