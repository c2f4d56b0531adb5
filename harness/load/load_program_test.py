#!/usr/bin/env python3
"""atrest-load as a program: load_program_test.py ATREST-LOAD SERVER-PROGRAM.

It must pass a good server, and fail one that loses, repeats, changes or withholds something: a
proxy before the good server does that to one message.
"""
import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "ci/bench"))

from server_process import Server, free_port  # noqa: E402

LOAD, PROGRAM = map(os.path.abspath, sys.argv[1:3])
WAIT_S = 60
CLIENTS = ["--connections", "20", "--channels", "5", "--subscribers", "10", "--rate", "1000",
           "--patience", "1", "--seconds"]
SMALL = CLIENTS + ["1"]
WHICH = 20  # of the messages, the proxy meddles with


def run(*arguments):
    """(exit code, the line of JSON or None)."""
    done = subprocess.run([LOAD, *map(str, arguments)], check=False, capture_output=True,
                          text=True, timeout=WAIT_S)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else None


class Proxy:
    """Passes everything on, but what the server sends to an inbox that ends with `inbox`: of these
    the WHICH-th goes through `meddle`, which makes a list of frames of it."""

    def __init__(self, server_port, inbox, meddle):
        self.server_port = server_port
        self.inbox = inbox
        self.meddle = meddle
        self.seen = 0
        self.loop = asyncio.new_event_loop()
        self.port = None
        ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(WAIT_S)

    def serve(self, ready):
        async def listen():
            server = await asyncio.start_server(self.connection, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
        self.loop.run_until_complete(listen())
        self.loop.run_forever()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(WAIT_S)

    async def connection(self, reader, writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)

        async def up():
            while data := await reader.read(65536):
                to_server.write(data)
            to_server.close()
        rising = asyncio.create_task(up())
        while line := await from_server.readline():
            words = line.split()
            if words[0] == b"MSG":
                for frame in self.frames(words, line + await from_server.readexactly(
                        int(words[-1]) + 2)):
                    writer.write(frame)
            else:
                writer.write(line)
        writer.close()
        await rising

    def frames(self, words, frame):
        if not words[1].endswith(self.inbox):
            return [frame]
        self.seen += 1
        return self.meddle(frame) if self.seen == WHICH else [frame]


class LoadProgramTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM)
        self.server.__enter__()
        self.addCleanup(self.server.remove)

    def meddled(self, inbox, meddle):
        proxy = Proxy(self.server.port, inbox, meddle)
        self.addCleanup(proxy.close)
        code, seen = run("-p", proxy.port, *SMALL)
        self.assertEqual((code, seen["ok"], proxy.seen >= WHICH), (1, False, True), seen)
        return seen

    def test_a_good_server(self):
        code, seen = run("-p", self.server.port, *SMALL)
        self.assertEqual((code, seen["ok"], seen["trouble"], seen["remarks"]), (0, True, "", []))
        self.assertGreater(seen["published"], 0)
        self.assertEqual(seen["acked"], seen["published"])
        self.assertEqual(seen["delivered"], 2 * seen["published"])

    def test_a_lost_delivery(self):
        seen = self.meddled(b".messages", lambda frame: [])
        self.assertEqual((seen["sequence_errors"], seen["number_errors"]), (1, 1))

    def test_a_repeated_delivery(self):
        seen = self.meddled(b".messages", lambda frame: [frame, frame])
        self.assertEqual((seen["sequence_errors"], seen["number_errors"]), (1, 1))

    def test_a_changed_delivery(self):
        def change(frame):
            changed = bytearray(frame)
            changed[-40] ^= 1  # within the 128 bytes before the timestamp
            return [bytes(changed)]
        self.assertEqual(self.meddled(b".messages", change)["payload_errors"], 1)

    def test_a_lost_ack(self):
        seen = self.meddled(b".acks", lambda frame: [])
        self.assertEqual((seen["unacked"], seen["trouble"]),
                         (1, "waited in vain to get what was published"))

    def test_a_repeated_ack(self):
        self.assertEqual(self.meddled(b".acks", lambda frame: [frame, frame])["acked_strangely"], 1)

    def test_a_server_that_dies(self):
        with subprocess.Popen([LOAD, "-p", str(self.server.port), *CLIENTS, "600"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            for stage in load.stderr:
                if stage == "loading\n":
                    self.server.process.kill()
            seen = json.loads(load.stdout.read())
        self.assertEqual((load.returncode, seen["ok"]), (1, False))
        self.assertNotEqual(seen["trouble"], "")

    def test_a_load_that_is_ended_early_is_judged(self):
        with subprocess.Popen([LOAD, "-p", str(self.server.port), *CLIENTS, "600"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            for stage in load.stderr:
                if stage == "loading\n":
                    load.send_signal(signal.SIGTERM)
            seen = json.loads(load.stdout.read())
        self.assertEqual((load.returncode, seen["ok"], seen["unacked"]), (0, True, 0))

    def test_throughput(self):
        code, seen = run("-p", self.server.port, "--throughput", "--messages", 500)
        self.assertEqual((code, seen["ok"]), (0, True))
        for phase in ("pub", "sub", "pubsub"):
            self.assertGreater(seen[f"{phase}_per_s"], 0)

    def test_start_and_stop(self):
        port = free_port()
        code, seen = run("-p", port, "--start-stop", 2, "--", PROGRAM, "-p", port, "-a",
                         "127.0.0.1")
        self.assertEqual((code, seen["starts"], seen["exit_codes"]), (0, 2, {"143": 2}))
        self.assertEqual(len(seen["ready_ms"]["all"]), 2)

    def test_nobody_listens(self):
        code, seen = run("-p", free_port(), *SMALL)
        self.assertEqual((code, seen["trouble"]), (1, "client 0: Connection refused"))

    def test_usage(self):
        for wrong in (["--nonsense"], ["--start-stop", 1], ["--connections", 1],
                      ["--size", 3]):
            self.assertEqual(run(*wrong), (64, None), wrong)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
