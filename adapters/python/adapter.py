"""An adapter of the protocol in harness/driver/PROTOCOL.md over the store in file_store.py:

    atrest run --target 'stdio:python3 adapters/python/adapter.py'
"""
import base64
import json
import sys
import time

import file_store
from file_store import StoreError

CAPABILITIES = ["file", "memory", "kill", "format:stan-file-1", "interrupt"]
DEFAULT_POLYNOMIAL = 3988292384


class Unimplemented(Exception):
    """What is asked for cannot be done here: the scenario is skipped."""


class MemoryChannel:
    """As file_store.Channel, without a file. Sealed like the others."""

    def __init__(self, name, sealer):
        self.name, self.sealer, self.stored, self.first = name, sealer, [], 1

    @property
    def last(self):
        return len(self.stored)

    def add(self, payload):
        self.stored.append(self.sealer.seal(payload) if self.sealer and payload else payload)

    def messages(self, first):
        for sequence, payload in enumerate(self.stored[max(first, 1) - 1:], max(first, 1)):
            yield sequence, self.name, self.sealer.open(payload) if self.sealer and payload else \
                payload


class MemoryStore:
    """As file_store.FileStore."""

    def __init__(self, key, code):
        self.key, self.code, self.channels = key, code, {}

    def channel(self, name):
        sealer = self.key and file_store.Sealer(self.key, self.code, name, 1)
        return self.channels.setdefault(name, MemoryChannel(name, sealer))

    def close(self):
        self.channels = {}


class Adapter:
    """One method for each request; each returns the members of its answer."""

    def __init__(self):
        self.store, self.log = None, []

    def note(self, level, text):
        self.log.append({"level": level, "text": text})

    def hello(self, _):
        return {"protocol": 1, "name": "python-store", "version": "1",
                "capabilities": CAPABILITIES}

    def start(self, request):
        settings = request["settings"]
        if settings.get("crc_polynomial", DEFAULT_POLYNOMIAL) != DEFAULT_POLYNOMIAL:
            raise Unimplemented("another polynomial of checksums")
        if settings.get("truncate_bad_eof"):
            raise Unimplemented("cutting files that end within a record")
        key = self.key_of(settings)
        if settings["store"] == "memory":
            if settings.get("max_messages") or settings.get("max_bytes"):
                raise Unimplemented("limits of the memory store")
            code = file_store.CODES[settings.get("cipher", "").upper()] if key else 0
            self.store = MemoryStore(key, code)
        else:
            self.store = file_store.FileStore(request["directory"], settings, key, self.note)
        return {}

    @staticmethod
    def key_of(settings):
        """The bytes of the key, None for no encryption."""
        variable = base64.b64decode(settings.get("key_variable", ""))
        option = base64.b64decode(settings.get("key_option", ""))
        if not settings.get("encrypt") and not option:
            return None
        if settings.get("cipher", "").upper() not in file_store.CODES:
            raise StoreError("encryption cipher not supported")
        if not variable and not option:
            raise StoreError("encryption key required")
        return variable or option

    def publish(self, request):
        acked = 0
        try:
            for payload in request["payloads"]:
                self.store.channel(request["channel"]).add(base64.b64decode(payload))
                acked += 1
        except (StoreError, OSError) as error:
            return {"acked": acked, "error": str(error)}
        return {"acked": acked}

    def read(self, request):
        channel = self.store.channel(request["channel"])
        first = {"first": 0, "last": channel.last, "new": channel.last + 1,
                 "sequence": request.get("sequence", 0)}[request["from"]]
        messages = []
        try:
            for sequence, subject, payload in channel.messages(first):
                messages.append({"sequence": sequence, "subject": subject,
                                 "payload": base64.b64encode(payload).decode()})
                if len(messages) >= request.get("max", 1 << 64):
                    break
        except StoreError as error:
            # As the real server: one line, and the subscription waits here for good.
            self.note("ERR", str(error))
        return {"messages": messages}

    def stop(self, _):
        try:
            self.store.close()
        except OSError as error:  # as on a full disk: a stop cannot be refused
            self.note("ERR", str(error))
        self.store = None
        return {}

    def wait(self, request):
        time.sleep(request["ms"] / 1000)
        for channel in self.store.channels.values() if self.store else []:
            if hasattr(channel, "apply_limits"):
                channel.apply_limits()
        return {}

    def answer(self, request):
        self.log = []
        members = {"unimplemented": "no such request"}
        if request["do"] in ("hello", "start", "publish", "read", "stop", "wait"):
            try:
                members = getattr(self, request["do"])(request)
            except Unimplemented as lacking:
                members = {"unimplemented": str(lacking)}
            except (StoreError, OSError) as error:
                if request["do"] == "start":
                    self.note("FTL", f"Failed to start: {error}")
                members = {"error": str(error)}
        return {"id": request["id"], **members, **({"log": self.log} if self.log else {})}


def main():
    adapter = Adapter()
    for line in sys.stdin:
        print(json.dumps(adapter.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
