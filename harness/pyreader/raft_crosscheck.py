#!/usr/bin/env python3
"""Compares an inspector with our own reader of Raft directories, object for object.

The inspector is a command to which `DIR --json --payloads --key-file F...` is appended; it must
print what harness/inspect/RAFT.md describes. Both read every node under fixtures/cluster, copies
of them that are cut, and copies in which a byte of a page's header or elements is changed, drawn
from a seed. Exits 1 on any difference; the last line says how many directories were compared.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import shlex
import shutil
import sys
import tempfile
from typing import Iterator, NamedTuple, Sequence

from crosscheck import WORKERS, Difference, Subject, comparable, first_difference, shortened
from crosscheck import their_report
from raft_log import LOG_FILE, inspect

PAGE = 4096
HEADS = 80  # bytes at the start of a page that are changed: header and first elements


class Change(NamedTuple):
    """A byte of raft.log that is XORed, or where the file is cut (`xor` 0)."""
    at: int
    xor: int


class Node(NamedTuple):
    label: str
    root: pathlib.Path
    key: bytes
    change: Change | None


def golden(fixtures: pathlib.Path) -> Iterator[Node]:
    for expectation in sorted((fixtures / "cluster").glob("*/expect.json")):
        keys = json.loads(expectation.read_text(encoding="utf-8"))["keys"]
        for name, key in keys.items():
            yield Node(f"{expectation.parent.name}/{name}",
                       expectation.parent / name / "raft" / "gold", key.encode(), None)


def damaged(nodes: Sequence[Node], count: int, seed: int) -> Iterator[Node]:
    """`count` nodes with a change each, the same for the same seed."""
    draw = random.Random(seed)
    for number in range(count):
        node = nodes[number % len(nodes)]
        pages = (node.root / LOG_FILE).stat().st_size // PAGE
        page = draw.randrange(pages)
        change = (Change(PAGE * page + draw.randrange(HEADS), 1 << draw.randrange(8))
                  if draw.randrange(4) else Change(PAGE * page + draw.randrange(3), 0))
        yield node._replace(label=f"{node.label} {change}", change=change)


def copy_of(node: Node, target: pathlib.Path) -> None:
    shutil.copytree(node.root, target)
    if node.change is None:
        return
    log = target / LOG_FILE
    data = bytearray(log.read_bytes())
    if node.change.xor:
        data[node.change.at] ^= node.change.xor
    else:
        del data[node.change.at:]
    log.chmod(0o600)
    log.write_bytes(data)


def compare(command: Sequence[str], node: Node) -> Difference | None:
    """Runs both readers on a fresh copy of the node's directory."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary) / "gold"
        copy_of(node, directory)
        key_file = pathlib.Path(temporary) / "key"
        key_file.write_bytes(node.key)
        subject = Subject(node.label, None, [], [node.key])
        theirs = their_report(command, directory, subject, [key_file])
        ours = inspect(directory, [node.key], payloads=True)
    return first_difference(comparable(ours), comparable(theirs))


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares an inspector of Raft directories with "
                                                 "our own reader.")
    parser.add_argument("--inspect", metavar="CMD", type=shlex.split, required=True,
                        help='the inspector, for example "build/atrest inspect"')
    parser.add_argument("--fixtures", metavar="DIR", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "fixtures")
    parser.add_argument("--sample", metavar="N", type=int, default=150,
                        help="directories with a random change (default: %(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=1,
                        help="seed of the sample (default: %(default)s)")
    options = parser.parse_args()
    nodes = list(golden(options.fixtures))
    subjects = [*nodes, *damaged(nodes, options.sample, options.seed)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda node: compare(options.inspect, node), subjects))
    different = [(node, difference) for node, difference in zip(subjects, found) if difference]
    for node, difference in different:
        print(f"{node.label}\n  at     {difference.path}\n  ours   {shortened(difference.ours)}\n"
              f"  theirs {shortened(difference.theirs)}")
    print(f"{len(subjects)} compared, {len(different)} different")
    return 1 if different or not nodes else 0


if __name__ == "__main__":
    sys.exit(main())
