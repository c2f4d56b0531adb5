#!/usr/bin/env python3
"""Figures of a server program, and of another one beside it: how soon it serves and is gone, and
its throughput with encryption at rest off, AES and CHACHA. Figures, not limits: machines differ.

    ci/bench/bench.py --load build/release/bin/atrest-load --server PROGRAM [--against PROGRAM]

Programs and settings take turns within each round, in another order each time. Ratios are medians
of the ratios within a round, so that what else the machine does weighs on both sides.

Only Python's standard library is used.
"""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

from server_process import Server, ServerFailed, free_port, temporary_folder

KEY = ["-encryption_key", "bench-key"]
CIPHERS = {"off": [], "AES": ["-encrypt", "-encryption_cipher", "AES", *KEY],
           "CHACHA": ["-encrypt", "-encryption_cipher", "CHACHA", *KEY]}
FILE = ["-st", "FILE", "-dir", "store"]
UNLIMITED = ["-mm", "0", "-mb", "0", "-mc", "0"]
STARTS = {"memory": [], "file": FILE, "file, AES": FILE + CIPHERS["AES"]}
PHASES = ("pub", "sub", "pubsub")
READY_MS, GONE_MS = 60, 10
ROUND_BYTES = 128 * 2**20


class BenchFailed(Exception):
    """atrest-load has seen something wrong."""


def run_load(load, *arguments, cwd=None):
    command = [load, *map(str, arguments)]
    finished = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    if finished.returncode != 0:
        raise BenchFailed(f"{' '.join(command)}: {finished.stdout}{finished.stderr}")
    return json.loads(finished.stdout)


def turned(items, by):
    items = list(items)
    by %= len(items)
    return items[by:] + items[:by]


def median_and_max(values):
    return f"{statistics.median(values):8.1f} {max(values):8.1f}"


def start_stop(options, programs):
    """Starts each program with each store, in turn, on the store that the last start left."""
    seen = {}
    for turn in range(options.rounds):
        for name, program in turned(programs.items(), turn):
            for store, flags in STARTS.items():
                folder = temporary_folder()
                port = free_port()
                try:
                    result = run_load(options.load, "--port", port, "--start-stop", options.starts,
                                      "--", program, "-p", port, "-a", "127.0.0.1", *flags,
                                      cwd=folder)
                finally:
                    shutil.rmtree(folder)
                ready, gone, codes = seen.setdefault((store, name), ([], [], set()))
                ready += result["ready_ms"]["all"]
                gone += result["gone_ms"]["all"]
                codes |= set(result["exit_codes"])
    print(f"\nready: exec to the answer to a connect request (wanted {READY_MS} ms); gone: SIGTERM "
          f"to exit (wanted {GONE_MS} ms)")
    print(f"{'store':10} {'program':10} {'n':>4}   ready med      max   gone med      max   exit")
    for (store, name), (ready, gone, codes) in seen.items():
        print(f"{store:10} {name:10} {len(ready):4}   {median_and_max(ready)}   "
              f"{median_and_max(gone)}   {','.join(sorted(codes))}", flush=True)


def throughput_once(options, program, flags, size):
    """{phase: messages a second} and, under "cpu", the server's microseconds a message."""
    messages = min(options.messages, ROUND_BYTES // size)
    with Server(program, FILE + UNLIMITED + flags) as server:
        cpu = server.cpu_seconds()
        result = run_load(options.load, "--port", server.port, "--throughput",
                          "--messages", messages, "--size", size)
        cpu = server.cpu_seconds() - cpu
        server.stop()
    rates = {phase: result[f"{phase}_per_s"] for phase in PHASES}
    return rates | {"cpu": cpu * 1e6 / (messages * len(PHASES))}


def throughput(options, programs):
    for size in options.sizes:
        rounds = []
        for turn in range(options.rounds):
            rates = {}
            for cipher, flags in turned(CIPHERS.items(), turn):
                for name, program in turned(programs.items(), turn):
                    rates[cipher, name] = throughput_once(options, program, flags, size)
            rounds.append(rates)
        print_rates(size, rounds, list(programs))


def ratio(rounds, phase, over, under):
    return statistics.median(rates[over][phase] / rates[under][phase] for rates in rounds)


def print_rates(size, rounds, names):
    other = names[1] if len(names) > 1 else None
    print(f"\n{size} bytes, {len(rounds)} rounds: messages a second (median), ratio to encryption "
          "off" + (f", ratio to {other}" if other else "") + "; server CPU us a message")
    print(f"{'program':10} {'cipher':7}" + "".join(f"{phase:>26}" for phase in PHASES) +
          "       cpu")
    for name in names:
        for cipher in CIPHERS:
            cells = []
            for phase in PHASES:
                rate = statistics.median(rates[cipher, name][phase] for rates in rounds)
                cell = f"{rate:10.0f} {ratio(rounds, phase, (cipher, name), ('off', name)):6.2f}"
                if other:
                    beside = ratio(rounds, phase, (cipher, name), (cipher, other))
                    cell += f" {beside:6.2f}"
                cells.append(f"{cell:>26}")
            cpu = statistics.median(rates[cipher, name]["cpu"] for rates in rounds)
            print(f"{name:10} {cipher:7}{''.join(cells)} {cpu:9.1f}", flush=True)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--load", required=True, type=pathlib.Path, help="the program atrest-load")
    parser.add_argument("--server", required=True, type=pathlib.Path)
    parser.add_argument("--against", type=pathlib.Path, help="another server program")
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--starts", type=int, default=5, help="in each round, for each store (5)")
    parser.add_argument("--messages", type=int, default=100000, help="at most, of a phase (100000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 16384],
                        help="of a payload (128 16384)")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    options.load = options.load.resolve()
    programs = {"server": options.server.resolve()}
    if options.against:
        programs["against"] = options.against.resolve()
    for name, program in programs.items():
        print(f"{name}: {program}")
    try:
        start_stop(options, programs)
        throughput(options, programs)
    except (BenchFailed, ServerFailed) as failed:
        print(f"error: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
