"""A STAN client in a few lines, over a plain socket, for tests of a server's process.

It knows the protobuf fields by number (specification: wire.md 2.1) and shares nothing with the
server under test. Every wait is bounded by WAIT_S.
"""
import socket
import time

WAIT_S = 10


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(fields):
    """{number: int, str or bytes} as a protobuf message; zero values are left out."""
    out = b""
    for number, value in sorted(fields.items()):
        if isinstance(value, int):
            if value:
                out += varint(number << 3) + varint(value)
        elif value:
            data = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def decode(data):
    """A protobuf message as {number: int or bytes}."""
    fields = {}
    at = 0

    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        key = take()
        if key & 7:
            size = take()
            fields[key >> 3] = data[at:at + size]
            at += size
        else:
            fields[key >> 3] = take()
    return fields


class Nats:
    """One connection. Messages come as (subject, reply, payload)."""

    def __init__(self, port, connect='{"verbose":false,"pedantic":false,"headers":true,'
                                     '"no_responders":true}'):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.buffer = b""
        self.handlers = {}
        self.messages = {}
        self.next_sid = 1
        self.info = self.line()
        self.send(b"CONNECT " + connect.encode() + b"\r\n")

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def fill(self, deadline):
        # Not select(): a test may have more than 1,024 sockets.
        self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
        data = self.socket.recv(65536)
        self.socket.settimeout(WAIT_S)
        if not data:
            raise ConnectionError("closed by the server")
        self.buffer += data

    def line(self):
        deadline = time.monotonic() + WAIT_S
        while b"\r\n" not in self.buffer:
            self.fill(deadline)
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def take(self, size):
        deadline = time.monotonic() + WAIT_S
        while len(self.buffer) < size:
            self.fill(deadline)
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def subscribe(self, subject):
        sid = str(self.next_sid)
        self.next_sid += 1
        self.messages[sid] = []
        self.send(f"SUB {subject} {sid}\r\n".encode())
        return sid

    def publish(self, subject, payload, reply=""):
        self.send(f"PUB {subject} {reply} {len(payload)}\r\n".encode() + payload + b"\r\n")

    def read(self):
        """Takes one thing from the server; True if it was a PONG."""
        line = self.line()
        words = line.split()
        if words[0] in ("MSG", "HMSG"):
            header = int(words[-2]) if words[0] == "HMSG" else 0
            body = self.take(int(words[-1]) + 2)[:-2]
            extra = len(words) - (4 if words[0] == "MSG" else 5)
            reply = words[3] if extra else ""
            heard = (words[1], reply, body[header:])
            if words[2] in self.handlers:
                self.handlers[words[2]](heard)
            else:
                self.messages[words[2]].append(heard)
        elif words[0] == "PING":
            self.send(b"PONG\r\n")
        elif words[0] == "-ERR":
            raise ConnectionError(line)
        return words[0] == "PONG"

    def flush(self):
        """Returns when the server has taken everything that was sent."""
        self.send(b"PING\r\n")
        while not self.read():
            pass

    def next(self, sid):
        while not self.messages[sid]:
            self.read()
        return self.messages[sid].pop(0)

    def request(self, subject, payload):
        inbox = f"_INBOX.raw.{self.next_sid}"
        sid = self.subscribe(inbox)
        self.publish(subject, payload, inbox)
        return self.next(sid)[2]


class Stan:
    """A STAN client named NAME on its own connection."""

    def __init__(self, port, name, cluster="test-cluster"):
        self.name = name
        self.nats = Nats(port)
        heartbeats = self.nats.subscribe(f"_INBOX.hb.{name}")
        self.nats.handlers[heartbeats] = lambda heard: self.nats.publish(heard[1], b"")
        request = encode({1: name, 2: f"_INBOX.hb.{name}", 3: 1, 4: f"conn-{name}", 5: 5, 6: 3})
        answer = decode(self.nats.request(f"_STAN.discover.{cluster}", request))
        self.error = answer.get(5, b"").decode()
        self.subjects = {number: value.decode() for number, value in answer.items()
                         if isinstance(value, bytes)}

    def close(self):
        self.nats.close()

    def publish(self, channel, payload, guid="g"):
        """The error of the ack, "" if there is none."""
        message = encode({1: self.name, 2: guid, 3: channel, 5: payload, 6: f"conn-{self.name}"})
        ack = decode(self.nats.request(f"{self.subjects[1]}.{channel}", message))
        return ack.get(2, b"").decode()

    def subscribe(self, channel, start=4, sequence=0, durable="", group="", in_flight=1024,
                  ack_wait=30):
        """(sid of the deliveries, ack inbox); start 4 is the first message, 0 new ones only."""
        inbox = f"_INBOX.sub.{self.name}.{self.nats.next_sid}"
        sid = self.nats.subscribe(inbox)
        request = encode({1: self.name, 2: channel, 3: group, 4: inbox, 5: in_flight, 6: ack_wait,
                          7: durable, 10: start, 11: sequence})
        answer = decode(self.nats.request(self.subjects[2], request))
        if 3 in answer:
            raise ValueError(answer[3].decode())
        return sid, answer[2].decode()

    def receive(self, sid):
        """The next delivery as {number: value}: 1 sequence, 4 payload, 6 redelivered, 7 count."""
        return decode(self.nats.next(sid)[2])

    def ack(self, inbox, channel, sequence):
        self.nats.publish(inbox, encode({1: channel, 2: sequence}))
