"""The hooks of an attached server (harness/targets/README.md), here for a server program:

    H='python3 adapters/hooks/hook.py PROGRAM'
    atrest run --target attach:127.0.0.1:4333 --dir /tmp \\
        --start-hook "$H start" --stop-hook "$H stop" --kill-hook "$H kill"
"""
import base64
import json
import os
import signal
import subprocess
import sys
import time

LIMIT_S = 30
READY = "Streaming Server is ready"
OPTIONS = {
    "cipher": "-encryption_cipher", "max_messages": "-max_msgs", "max_bytes": "-max_bytes",
    "slice_max_messages": "-file_slice_max_msgs", "slice_max_bytes": "-file_slice_max_bytes",
    "buffer_size": "-file_buffer_size", "read_buffer_size": "-file_read_buffer_size",
    "crc_polynomial": "-file_crc_poly", "cluster_id": "-cluster_id",
}
SWITCHES = {"encrypt": "-encrypt", "check_crc": "-file_crc",
            "truncate_bad_eof": "-file_truncate_bad_eof"}


def arguments(settings):
    given = ["-a", os.environ["ATREST_HOST"], "-p", os.environ["ATREST_PORT"],
             "-store", settings["store"]]
    if settings["store"] == "file":
        given += ["-dir", os.environ["ATREST_DIRECTORY"]]
    for name, option in OPTIONS.items():
        given += [option, str(settings[name])] if name in settings else []
    for name, option in SWITCHES.items():
        given += [f"{option}={str(settings[name]).lower()}"] if name in settings else []
    if "max_age_ms" in settings:
        given += ["-max_age", f"{settings['max_age_ms']}ms"]
    if "key_option" in settings:
        given += ["-encryption_key", base64.b64decode(settings["key_option"])]
    return given


def start(program):
    with open(os.environ["ATREST_SETTINGS"], encoding="utf-8") as file:
        settings = json.load(file)
    environment = {os.fsencode(name): os.fsencode(value) for name, value in os.environ.items()}
    environment.pop(b"NATS_STREAMING_ENCRYPTION_KEY", None)
    if "key_variable" in settings:
        environment[b"NATS_STREAMING_ENCRYPTION_KEY"] = base64.b64decode(settings["key_variable"])
    with open(os.environ["ATREST_LOG"], "ab") as log:
        server = subprocess.Popen([program, *arguments(settings)], env=environment, stderr=log,
                                  stdout=subprocess.DEVNULL, start_new_session=True)
    with open(os.environ["ATREST_LOG"] + ".pid", "w", encoding="utf-8") as file:
        file.write(str(server.pid))
    for _ in range(LIMIT_S * 100):
        with open(os.environ["ATREST_LOG"], encoding="utf-8", errors="replace") as log:
            if READY in log.read():
                return 0
        if server.poll() is not None:
            return server.returncode or 1
        time.sleep(0.01)
    return 1


def runs(pid):
    """Whether a process is there, and no zombie that nobody has waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def end(how):
    """Ends the server, and returns when it is gone."""
    try:
        with open(os.environ["ATREST_LOG"] + ".pid", encoding="utf-8") as file:
            server = int(file.read())
        os.kill(server, how)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for _ in range(LIMIT_S * 100):
        if not runs(server):
            return 0
        time.sleep(0.01)
    return 1


def main():
    program, what = sys.argv[1:]
    if what == "start":
        return start(program)
    return end(signal.SIGKILL if what == "kill" else signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
