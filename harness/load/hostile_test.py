#!/usr/bin/env python3
"""Clients that mean harm against a STAN server: hostile_test.py SERVER-PROGRAM ATREST-LOAD.

Each attack stays as long as it can while well-behaved clients (atrest-load, a process of its own)
publish and receive: they must see no loss and no error. At the end the attackers go; the server
must be left with the descriptors that it had before, with bounded memory, still serving, and end
with 143 on SIGTERM. All waits are bounded, none is a verdict by itself. Specification: wire.md 1.1,
1.5, 1.6, 2.2 to 2.7.
"""
import contextlib
import json
import os
import pathlib
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "ci/bench"), str(ROOT / "reference/server")]

import raw_stan  # noqa: E402
from server_process import Server  # noqa: E402

PROGRAM, LOAD = map(os.path.abspath, sys.argv[1:3])
CLUSTER = "test-cluster"
WAIT_S = 30
MIB = 2**20
MAX_PENDING = 8 * MIB
# Far below one announced payload, far above some slow consumers and what a sanitizer holds back.
MEMORY_GROWTH_MAX = 640 * MIB
FLOOD_MAX = 512 * MIB
VANISHING = 10000
HALF_OPEN = 1000
CHANNELS = ["foo", "loop", "busy"]
REQUESTS = [f"_STAN.{name}.{CLUSTER}{rest}" for name, rest in (
    ("discover", ""), ("discover", ".pings"), ("pub", ".foo"), ("sub", ""), ("unsub", ""),
    ("subclose", ""), ("close", ""))]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


def wait_until(what, condition):
    limit = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.01)


class Siege:
    """The server, the well-behaved clients, and what the attacks have left open."""

    def __init__(self, server, clients):
        self.server = server
        self.clients = clients
        self.random = random.Random(20220601)
        self.open = []

    def connect(self, greet=True):
        """A socket that is kept until the end; its INFO is read if `greet`."""
        plain = socket.create_connection(("127.0.0.1", self.server.port), timeout=WAIT_S)
        self.open.append(plain)
        if greet:
            self.read_line(plain)
        return plain

    def read_line(self, plain):
        line = b""
        while not line.endswith(b"\n"):
            byte = plain.recv(1)
            if not byte:
                raise AssertionError(f"closed after {line!r}")
            line += byte
        return line

    def read_to_end(self, plain):
        """What comes until the server closes; a connection that is reset is closed too."""
        heard = b""
        try:
            while data := plain.recv(65536):
                heard += data
        except ConnectionError:
            pass
        return heard

    def stan(self, name):
        client = raw_stan.Stan(self.server.port, name)
        if client.error:
            raise AssertionError(client.error)
        self.open.append(client)
        return client

    def leave(self):
        for connection in self.open:
            connection.close()
        self.open.clear()


def half_frames(siege, test):
    """They stay to the end of the test."""
    for begun in (b"PU", b"PUB foo 5\r\nab", b"PUB foo", b"CONNECT {", b"SUB a 1\r\nHPUB a 3",
                  b"PUB foo 1000000\r\n" + bytes(500000), b"PING\r", b"PUB foo 2\r\nab\r"):
        siege.connect().sendall(begun)


def giants(siege, test):
    for size, error in (("999999999", b"-ERR 'Maximum Payload Violation'\r\n"),
                        ("1048577", b"-ERR 'Maximum Payload Violation'\r\n"),
                        ("9999999999", b""), ("-1", b""), ("0x10", b"")):
        giant = siege.connect()
        giant.sendall(b'CONNECT {"verbose":false}\r\n' + f"PUB foo {size}\r\n".encode())
        test.assertEqual(siege.read_to_end(giant), error, size)


def long_lines(siege, test):
    for line in (b"PUB " + b"x" * 5000, b"SUB " + b"y" * 9000 + b" 1\r\n",
                 b"CONNECT {" + b" " * 100000, b"PUB " + b" x" * 4000 + b"\r\n"):
        talker = siege.connect()
        try:
            talker.sendall(line)
        except ConnectionError:
            pass  # closed while it was still being sent
        heard = siege.read_to_end(talker)
        test.assertIn(heard, (b"-ERR 'maximum control line exceeded'\r\n", b""), line[:9])


def garbage(siege, test):
    """Whatever the bytes are, they end the connection or leave it waiting for more."""
    for _ in range(200):
        talker = siege.connect()
        try:
            talker.sendall(siege.random.randbytes(siege.random.randrange(1, 3000)))
        except ConnectionError:
            pass
    for verb in (b"PUB", b"HPUB", b"SUB", b"UNSUB", b"CONNECT", b"PING", b"MSG", b"INFO", b"-ERR"):
        for rest in (b"\r\n", b" \r\n", b" \0\xff\r\n", b" a b c d e f\r\n", b" {\r\n",
                     b"\t-1\r\n"):
            talker = siege.connect()
            talker.sendall(verb + rest + siege.random.randbytes(50))


def vanishers(siege, test):
    """Half of them with RST, at every stage of a client's life; some as clients of STAN."""
    connect = b'CONNECT {"verbose":false}\r\n'
    stages = [b"", connect, connect + b"SUB a.> 1\r\n", connect + b"PUB foo 10\r\nabc",
              connect + b"SUB _STAN.pub.> 1\r\nPING\r\n", None]
    for number in range(VANISHING):
        plain = siege.connect(greet=number % 4 == 0)
        siege.open.pop()
        stage = stages[number % len(stages)]
        if stage is None:
            request = raw_stan.encode({1: f"gone-{number}", 2: "_INBOX.gone", 3: 1})
            stage = connect + f"PUB {REQUESTS[0]} {len(request)}\r\n".encode() + request + b"\r\n"
        plain.sendall(stage)
        if number % 8 >= 4:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        plain.close()


def half_open(siege, test):
    for _ in range(HALF_OPEN):
        siege.connect(greet=False)


def slow_consumers(siege, test):
    """One of a busy subject, one of everything, one that a STAN channel is sent to: none reads."""
    def cut_off():
        return siege.server.log_text().count("Slow Consumer Detected")
    for subject in ("busy", ">"):
        lazy = siege.connect()
        lazy.sendall(f'CONNECT {{"verbose":false}}\r\nSUB {subject} 1\r\n'.encode())
    flood = raw_stan.Nats(siege.server.port)
    siege.open.append(flood)
    message = b"PUB busy 65536\r\n" + bytes(65536) + b"\r\n"
    sent = 0
    while cut_off() < 2 and sent < FLOOD_MAX:
        flood.send(message * 16)
        sent += 16 * len(message)
    flood.flush()
    test.assertEqual(cut_off(), 2)
    siege.stan("lazy").subscribe("busy", in_flight=1000000)
    writer = siege.stan("writer")
    published = 0
    # A server may close it for its queue, or hold back at a part of that and close it for the time
    # that it takes nothing.
    while cut_off() < 3 and published < 2 * MAX_PENDING:
        test.assertEqual(writer.publish("busy", bytes(524288)), "")
        published += 524288
    wait_until("the slow subscriber is cut off", lambda: cut_off() >= 3)
    test.assertEqual(cut_off(), 3)


def mutated(siege, valid):
    data = bytearray(valid)
    for _ in range(siege.random.randrange(1, 5)):
        kind = siege.random.randrange(3)
        at = siege.random.randrange(len(data)) if data else 0
        if kind == 0 and data:
            data[at] = siege.random.randrange(256)
        elif kind == 1:
            data[at:at] = siege.random.randbytes(siege.random.randrange(1, 4))
        else:
            del data[at:at + siege.random.randrange(1, 6)]
    return bytes(data)


def garbage_requests(siege, test):
    """To every subject of the protocol, with and without somebody who waits for an answer."""
    client = siege.stan("garbage")
    _, ack_inbox = client.subscribe("foo", start=0)
    nats = client.nats
    answers = nats.subscribe("_INBOX.garbage.>")
    valid = raw_stan.encode({1: "garbage", 2: "_INBOX.garbage.x", 3: "foo", 4: "_INBOX.garbage.y",
                             5: 5, 6: 30, 7: "durable", 10: 4})
    for subject in REQUESTS + [ack_inbox]:
        for payload in (b"", b"\0", b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05ab"):
            nats.publish(subject, payload, "_INBOX.garbage.z")
            nats.publish(subject, payload)
        for number in range(100):
            payload = mutated(siege, valid) if number % 2 else siege.random.randbytes(number)
            nats.publish(subject, payload, "_INBOX.garbage.z")
        nats.publish(subject, siege.random.randbytes(MIB), "_INBOX.garbage.z")
    nats.flush()
    wait_until("some garbage is answered", lambda: nats.flush() or nats.messages[answers])
    test.assertEqual(siege.stan("after-garbage").publish("foo", b"x"), "")


def loops(siege, test):
    """Inboxes and reply subjects that are the server's own."""
    client = siege.stan("looper")
    nats = client.nats
    inboxes = REQUESTS + [f"_STAN.pub.{CLUSTER}.loop", "_INBOX.loop.*", "_INBOX.>", ">", "*",
                          "a..b", "loop"]
    answers = nats.subscribe("_INBOX.looping.*")
    for inbox in inboxes:
        for channel in ("loop", "foo"):
            nats.publish(client.subjects[2], raw_stan.encode(
                {1: "looper", 2: channel, 4: inbox, 5: 100, 6: 1, 10: 4}), "_INBOX.looping.sub")
        nats.publish(f"_STAN.discover.{CLUSTER}", raw_stan.encode(
            {1: f"hb-{inboxes.index(inbox)}", 2: inbox, 3: 1, 4: f"c{inbox}"}), inbox)
        message = raw_stan.encode({1: "looper", 2: "g", 3: "loop", 5: b"x", 6: "conn-looper"})
        nats.publish(f"_STAN.pub.{CLUSTER}.loop", message, inbox)
        nats.publish(f"_STAN.pub.{CLUSTER}.loop", b"\x0a\x01x", inbox)
    wait_until("the subscriptions are answered",
               lambda: nats.flush() or len(nats.messages[answers]) >= 2 * len(inboxes))
    test.assertEqual(client.publish("loop", b"after"), "")


SILENT = {"silent": "_INBOX.silent", "deaf": "_INBOX.nobody"}


def silent_heartbeats(siege, test):
    """One never answers, one has nobody who could."""
    nats = raw_stan.Nats(siege.server.port)
    siege.open.append(nats)
    nats.subscribe(SILENT["silent"])
    for name, inbox in SILENT.items():
        answer = nats.request(f"_STAN.discover.{CLUSTER}", raw_stan.encode(
            {1: name, 2: inbox, 3: 1, 4: name}))
        test.assertNotIn(5, raw_stan.decode(answer))


def dropped_for_silence(siege, test):
    for name in SILENT:
        wait_until(f"{name} is dropped", lambda gone=name:
                   f"[Client:{gone}] Timed out on heartbeats" in siege.server.log_text())


ATTACKS = [silent_heartbeats, half_frames, giants, long_lines, half_open, garbage,
           garbage_requests, loops, slow_consumers, vanishers, dropped_for_silence]


class HostileTest(unittest.TestCase):
    def test_siege(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        config = f"max_pending: {MAX_PENDING}\nwrite_deadline: \"2s\"\n"
        options = ["-st", "FILE", "-dir", "store", "-encrypt", "-encryption_key", "k",
                   "-mc", len(CHANNELS) + 2, "-hbi", "500ms", "-hbt", "2s", "-hbf", "1",
                   "-c", "server.conf"]
        server = Server(PROGRAM, options)
        (server.folder / "server.conf").write_text(config, encoding="utf-8")
        with server:
            self.warm_up(server)
            clients = self.start_clients(server)
            try:
                self.besiege(server, clients)
            finally:
                clients.kill()
                clients.communicate()
            server.stop()

    def warm_up(self, server):
        """The channels are there, so that attacks cannot make any: -mc is used up."""
        client = raw_stan.Stan(server.port, "warm-up")
        for channel in CHANNELS:
            self.assertEqual(client.publish(channel, b"first"), "")
        client.nats.request(client.subjects[4], raw_stan.encode({1: "warm-up"}))
        client.close()

    def start_clients(self, server):
        clients = subprocess.Popen(
            [LOAD, "--port", str(server.port), "--run", "good", "--connections", "4",
             "--channels", "2", "--subscribers", "4", "--rate", "500", "--burst", "1",
             "--seconds", "600"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for stage in clients.stderr:
            if stage.strip() == "loading":
                break
        return clients

    def besiege(self, server, clients):
        siege = Siege(server, clients)
        wait_until("the good channels are written", lambda: 2 == sum(
            name.endswith(("good.0/msgs.1.idx", "good.1/msgs.1.idx"))
            for name in server.descriptors()))
        descriptors, memory = server.descriptors(), server.resident_bytes()
        for attack in ATTACKS:
            began = time.monotonic()
            with self.subTest(attack.__name__):
                attack(siege, self)
                self.assertIsNone(server.process.poll(), server.log_text()[-2000:])
                self.assertIsNone(clients.poll(), "the well-behaved clients gave up")
            print(f"{attack.__name__}: {time.monotonic() - began:.1f} s, "
                  f"{server.resident_bytes() // MIB} MiB", flush=True)
        siege.leave()
        with contextlib.suppress(AssertionError):
            wait_until("all is closed", lambda: len(server.descriptors()) <= len(descriptors))
        self.assertEqual(sorted(set(server.descriptors()) - set(descriptors)), [])
        self.assertLess(server.resident_bytes() - memory, MEMORY_GROWTH_MAX)
        self.check_clients(clients)
        self.check_serving(server)

    def check_clients(self, clients):
        clients.send_signal(signal.SIGTERM)
        printed, _ = clients.communicate(timeout=2 * WAIT_S)
        self.assertEqual(clients.returncode, 0, printed)
        seen = json.loads(printed)
        self.assertGreater(seen["published"], 0)
        self.assertEqual(seen["delivered"], 2 * seen["published"])

    def check_serving(self, server):
        client = raw_stan.Stan(server.port, "last")
        self.assertEqual(client.error, "")
        sid, _ = client.subscribe("foo", start=0)
        self.assertEqual(client.publish("foo", b"the end"), "")
        self.assertEqual(client.receive(sid)[4], b"the end")
        client.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
