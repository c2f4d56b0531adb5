"""A STAN server program as a child process: started on a free port with a store of its own, watched
through /proc, stopped, and certain to be gone afterwards.

Only Python's standard library is used.
"""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

READY = "Streaming Server is ready"
PATIENCE_S = 30
TERMINATED = 143
FAST_FOLDER = pathlib.Path("/dev/shm")


class ServerFailed(Exception):
    """The server did not start, or did not stop as it should."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def temporary_folder():
    """A folder in memory where there is one, so that the disk decides nothing."""
    usable = FAST_FOLDER.is_dir() and os.access(FAST_FOLDER, os.W_OK)
    return pathlib.Path(tempfile.mkdtemp(prefix="atrest-", dir=FAST_FOLDER if usable else None))


class Server:
    """`with Server(program, options) as server:` starts it and waits until it serves. At the end
    it is stopped, if it was not before, and its folder is removed."""

    def __init__(self, program, options=()):
        self.program = program
        self.options = [str(option) for option in options]
        self.port = free_port()
        self.folder = temporary_folder()
        self.log = self.folder / "log"
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_):
        self.remove()

    def command(self):
        return [str(self.program), "-p", str(self.port), "-a", "127.0.0.1", *self.options]

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True)
        limit = time.monotonic() + PATIENCE_S
        while READY not in self.log_text():
            if self.process.poll() is not None or time.monotonic() > limit:
                raise ServerFailed(f"{self.program} does not serve:\n{self.log_text()[-2000:]}")
            time.sleep(0.01)

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self):
        """SIGTERM. Raises ServerFailed unless it ends as the real server does, and alone."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as error:
            raise ServerFailed(f"{self.program} does not stop") from error
        if code != TERMINATED:
            raise ServerFailed(f"{self.program} ended with {code}, not {TERMINATED}:\n"
                               f"{self.log_text()[-2000:]}")
        if self.group_lives():
            raise ServerFailed(f"{self.program} left processes behind")

    def group_lives(self):
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def remove(self):
        if self.process is not None:
            if self.group_lives():
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resident_bytes(self):
        pages = int(self.proc("statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        """What is open, each as "socket:[12345]" or the path of a file."""
        links = []
        for descriptor in os.listdir(self.proc("fd")):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                links.append(os.readlink(self.proc(f"fd/{descriptor}")))
        return links

    def cpu_seconds(self):
        """User and system time so far."""
        fields = self.proc("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}")
