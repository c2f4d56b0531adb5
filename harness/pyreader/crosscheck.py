#!/usr/bin/env python3
"""Compares an inspector with our own reader, object for object.

The inspector is a command to which `DIR --json --payloads [--crc-poly N] --key-file F...` is
appended; it must print what harness/inspect/INSPECT.md describes and exit with 0 or 1. Both read
every store under fixtures/stores, every damaged copy of fixtures/damage/cases.json, and a sample
of random damage drawn from a seed (sample.py). Exits 1 on any difference; the last line says how
many stores were compared.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile
from typing import Any, Iterator, NamedTuple, Sequence

import damage
from records import IEEE
from sample import random_op
from stan_store import disk_tree, inspect

WORKERS = 2
TIMEOUT_S = 60
ABSENT = object()


class Subject(NamedTuple):
    """A store, what is done to a copy of it, and the options both readers get."""
    label: str
    store: pathlib.Path | None  # None: an empty directory
    ops: Sequence[damage.Op]
    keys: Sequence[bytes]
    crc_poly: int = IEEE


class Difference(NamedTuple):
    """Where two JSON values differ first."""
    path: str
    ours: Any
    theirs: Any


def first_difference(ours: Any, theirs: Any, path: str = "$") -> Difference | None:
    """The first difference, objects in order of our keys; None if equal. 1, 1.0, true differ."""
    if type(ours) is not type(theirs):
        return Difference(path, ours, theirs)
    if isinstance(ours, dict):
        pairs = [(f"{path}.{key}", ours.get(key, ABSENT), theirs.get(key, ABSENT))
                 for key in (*ours, *(key for key in theirs if key not in ours))]
    elif isinstance(ours, list):
        both = max(len(ours), len(theirs))
        pairs = [(f"{path}[{at}]", item(ours, at), item(theirs, at)) for at in range(both)]
    else:
        return None if ours == theirs else Difference(path, ours, theirs)
    found = (first_difference(mine, other, where) for where, mine, other in pairs)
    return next((difference for difference in found if difference), None)


def item(values: list, at: int) -> Any:
    return values[at] if at < len(values) else ABSENT


def comparable(report: Any) -> Any:
    """The report with each `why` replaced by whether it says something: its words are free."""
    if not isinstance(report, dict) or not isinstance(report.get("damage"), list):
        return report
    return report | {"damage": [
        entry | {"why": isinstance(entry.get("why"), str) and entry["why"] != ""}
        if isinstance(entry, dict) else entry for entry in report["damage"]]}


def store_keys(store: pathlib.Path) -> list[bytes]:
    """The keys named in the store's expect.json, each once, in order."""
    expect = json.loads((store.parent / "expect.json").read_text(encoding="utf-8"))
    return list(dict.fromkeys(entry["key"].encode() for entry in expect["opens"]
                              if "key" in entry))


def golden(fixtures: pathlib.Path) -> list[Subject]:
    stores = sorted(path / "store" for path in (fixtures / "stores").iterdir() if path.is_dir())
    return [Subject(store.parent.name, store, [], store_keys(store)) for store in stores]


def damaged(fixtures: pathlib.Path, stores: Sequence[Subject]) -> Iterator[Subject]:
    """The cases of cases.json; those about options alone are read like any other store."""
    bases = {subject.label: subject for subject in stores}
    for case in damage.load_cases(fixtures / "damage" / "cases.json"):
        base = bases.get(case.get("base"))
        keys = list(base.keys) if base else []
        if case.get("env") and case["env"].encode() not in keys:
            keys.append(case["env"].encode())
        args = case.get("args", [])
        poly = int(args[args.index("-file_crc_poly") + 1]) if "-file_crc_poly" in args else IEEE
        yield Subject(case["name"], base.store if base else None, case.get("ops", []), keys, poly)


def sampled(stores: Sequence[Subject], count: int, seed: int) -> Iterator[Subject]:
    """`count` subjects with random damage, the same for the same seed."""
    draw = random.Random(seed)
    for number in range(count):
        base = stores[number % len(stores)]
        assert base.store
        op = random_op(draw, base.store)
        yield Subject(f"sample {number} of seed {seed}, {base.label}: {json.dumps(op)}",
                      base.store, [op], base.keys)


def their_report(command: Sequence[str], directory: pathlib.Path, subject: Subject,
                 key_files: Sequence[pathlib.Path]) -> Any:
    """What the inspector prints, or a text that says how it failed."""
    argv = [*command, str(directory), "--json", "--payloads"]
    if subject.crc_poly != IEEE:
        argv += ["--crc-poly", str(subject.crc_poly)]
    for path in key_files:
        argv += ["--key-file", str(path)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=TIMEOUT_S, check=False)
        if done.returncode not in (0, 1):
            return f"exit status {done.returncode}: {done.stderr[-300:].decode(errors='replace')}"
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return f"no answer within {TIMEOUT_S} s"
    except ValueError as error:
        return f"output is not JSON: {error}"


def compare(command: Sequence[str], subject: Subject) -> Difference | None:
    """Runs both readers on a fresh copy of the subject's store."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        directory = folder / "store"
        if subject.store is None:
            directory.mkdir()
        else:
            damage.damaged_copy(subject.store, directory, subject.ops)
        key_files = []
        for number, key in enumerate(subject.keys, 1):
            key_files.append(folder / f"key{number}")
            key_files[-1].write_bytes(key)
        theirs = their_report(command, directory, subject, key_files)
        ours = inspect(disk_tree(directory), subject.keys, subject.crc_poly, payloads=True)
    return first_difference(comparable(ours), comparable(theirs))


def shortened(value: Any) -> str:
    shown = "(absent)" if value is ABSENT else json.dumps(value)
    return shown if len(shown) <= 400 else shown[:400] + "..."


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares an inspector with our own reader.")
    parser.add_argument("--inspect", metavar="CMD", type=shlex.split, required=True,
                        help='the inspector, for example "build/atrest inspect"')
    parser.add_argument("--fixtures", metavar="DIR", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "fixtures")
    parser.add_argument("--sample", metavar="N", type=int, default=400,
                        help="stores with random damage (default: %(default)s)")
    parser.add_argument("--seed", metavar="N", type=int, default=1,
                        help="seed of the sample (default: %(default)s)")
    options = parser.parse_args()
    stores = golden(options.fixtures)
    subjects = [*stores, *damaged(options.fixtures, stores),
                *sampled(stores, options.sample, options.seed)]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        found = list(pool.map(lambda subject: compare(options.inspect, subject), subjects))
    different = 0
    for subject, difference in zip(subjects, found):
        if difference:
            different += 1
            print(f"{subject.label}\n  at     {difference.path}\n"
                  f"  ours   {shortened(difference.ours)}\n"
                  f"  theirs {shortened(difference.theirs)}")
    print(f"{len(subjects)} compared, {different} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
