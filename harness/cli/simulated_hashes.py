#!/usr/bin/env python3
"""Runs seeds of `atrest simulate` twice and compares them with the record: ATREST [--renew]; or
compares two programs: ATREST --against OTHER --seeds A..B.

The record, simulated_hashes.json, has the hash of each run and a SHA-256 over all files of its
nodes. It is one for every compiler, sanitizer and machine: whoever builds the program differently
and gets other bytes on disk finds it here. A change that changes what is simulated renews it:

    python3 harness/cli/simulated_hashes.py build/release/bin/atrest --renew
"""
import argparse
import concurrent.futures
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "simulated_hashes.json"
JOBS = 2


def files_hash(root: pathlib.Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()


def outcome(atrest: str, arguments: list[str]) -> dict[str, str]:
    """What one run printed last and what it left; the text of a run that failed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([atrest, "simulate", *arguments, "--keep", folder], check=False,
                              capture_output=True, text=True)
        last = done.stdout.splitlines()[-1:] or [""]
        if done.returncode != 0 or not last[0].startswith("hash "):
            return {"failed": f"exit {done.returncode}: {done.stdout}{done.stderr}"}
        return {"hash": last[0].removeprefix("hash "), "files": files_hash(pathlib.Path(folder))}


def all_of(pool: concurrent.futures.Executor, atrest: str,
           runs: list[list[str]]) -> list[dict[str, str]]:
    return list(pool.map(lambda run: outcome(atrest, run), runs))


def compare(atrest: str, other: str, seeds: str) -> int:
    first, last = map(int, seeds.split(".."))
    runs = [["--seed", str(seed), "--faults", "swarm"] for seed in range(first, last + 1)]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        ours, theirs = all_of(pool, atrest, runs), all_of(pool, other, runs)
    different = 0
    for run, one, two in zip(runs, ours, theirs):
        if one != two or "failed" in one:
            different += 1
            print(f"simulate {' '.join(run)}\n  {atrest}: {one}\n  {other}: {two}")
    print(f"{len(runs)} runs of two programs, {different} different")
    return 1 if different or not runs else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("atrest", metavar="ATREST")
    parser.add_argument("--renew", action="store_true", help="write the record")
    parser.add_argument("--against", metavar="OTHER", help="compare this program's runs with it")
    parser.add_argument("--seeds", metavar="A..B", default="1..20", help="with --against")
    options = parser.parse_args()
    if options.against:
        return compare(options.atrest, options.against, options.seeds)
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    runs = [one["run"].split() for one in record for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        outcomes = all_of(pool, options.atrest, runs)
    different = 0
    for number, one in enumerate(record):
        wanted = {"hash": one.get("hash"), "files": one.get("files")}
        once, again = outcomes[2 * number:2 * number + 2]
        if options.renew and once == again and "failed" not in once:
            one.update(once)
        elif once != again or once != wanted:
            different += 1
            print(f"simulate {one['run']}\n  recorded {wanted}\n  once     {once}\n"
                  f"  again    {again}")
    if options.renew and not different:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(record)} runs, each twice, {different} different")
    return 1 if different or not record else 0


if __name__ == "__main__":
    sys.exit(main())
