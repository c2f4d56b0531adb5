#!/usr/bin/env python3
"""atrest-server as a process: server_test.py PATH-TO-ATREST-SERVER.

Command line and exit codes, log lines, signals, files, the control channel, recording and
replaying, an outside NATS server. What clients see in detail is tested beside the state machines
and by the scenarios. Specification: options.md 1, 4, 5, 6; wire.md 3; standalone.md 3.6.
"""
import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import raw_stan

SERVER = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else ""
WAIT_S = 20
KEY = "the key of this test"
KEY_VARIABLE = "NATS_STREAMING_ENCRYPTION_KEY"


def environment(key=None):
    clean = {name: value for name, value in os.environ.items() if name != KEY_VARIABLE}
    return clean if key is None else {**clean, KEY_VARIABLE: key}


def run(*arguments, key=None, cwd=None):
    """A start that must end by itself."""
    return subprocess.run([SERVER, *map(str, arguments)], capture_output=True, text=True,
                          timeout=WAIT_S, env=environment(key), cwd=cwd, check=False)


def plain(line):
    """A log line without process id and time."""
    return re.sub(r"^\[\d+\] (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} )?", "", line)


class Server:
    """A running server; its log is read from a file, its port from its log."""

    def __init__(self, folder, *arguments, key=None, ready="Streaming Server is ready"):
        self.log_path = pathlib.Path(folder, f"stderr.{time.monotonic_ns()}")
        with open(self.log_path, "wb") as log:
            # Python ignores SIGXFSZ, and so does the server then: a file that may not grow is an
            # error of a write.
            self.process = subprocess.Popen(
                [SERVER, "-a", "127.0.0.1", *map(str, arguments)], stdout=log, stderr=log,
                env=environment(key), cwd=folder, restore_signals=False)
        self.wait_for(ready)

    def log(self):
        return [plain(line) for line in self.log_path.read_text().splitlines()]

    def wait_for(self, text):
        deadline = time.monotonic() + WAIT_S
        while text not in self.log_path.read_text():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"no '{text}' in:\n{self.log_path.read_text()}")
            time.sleep(0.002)

    @property
    def port(self):
        found = re.search(r"Listening for client connections on 127\.0\.0\.1:(\d+)",
                          self.log_path.read_text())
        return int(found[1])

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(WAIT_S)


class Control:
    """The control channel."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw", newline="\n")

    def ask(self, command):
        self.file.write(command + "\n")
        self.file.flush()
        return self.file.readline().rstrip("\n")

    def close(self):
        self.file.close()
        self.socket.close()


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="atrest."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.clean_up = contextlib.ExitStack()
        self.addCleanup(self.clean_up.close)

    def start(self, *arguments, **options):
        return self.clean_up.enter_context(Server(self.folder, "-p", "-1", *arguments, **options))

    def client(self, server, name):
        client = raw_stan.Stan(server.port, name)
        self.addCleanup(client.close)
        return client

    def control(self, path):
        control = Control(path)
        self.addCleanup(control.close)
        return control

    def assert_refused(self, done, text, code=1):
        self.assertEqual((done.returncode, plain(done.stderr.strip().splitlines()[-1])),
                         (code, text))


class CommandLineTest(Case):
    def test_version_and_help(self):
        for words in (["-v"], ["--version"], ["version"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (0, "nats-streaming-server version 0.25.6, nats-server: v2.9.24\n",
                              ""))
        for words in (["-h"], ["--help"], ["help"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("\nUsage: nats-streaming-server [options]\n", done.stdout)

    def test_syntax_errors_print_usage_and_leave_with_0(self):
        for words, text in ((["-zzz"], "flag provided but not defined: -zzz"),
                            (["-p"], "flag needs an argument: -p"),
                            (["-p", "x"], 'invalid value "x" for flag -p: parse error'),
                            (["-SD=maybe"],
                             'invalid boolean value "maybe" for -SD: parse error')):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, text + "\n"))
            self.assertIn("Usage:", done.stdout)

    def test_other_errors_leave_with_1(self):
        self.assert_refused(run("foo"), 'unrecognized command: "foo"')
        self.assert_refused(run("-encrypt", "true"), 'unrecognized command: "true"')
        self.assert_refused(run("-mb", "abc"), "mb should be a size, got 'abc'")
        self.assert_refused(run("-c", "nope.conf", cwd=self.folder),
                            "open nope.conf: no such file or directory")
        self.assert_refused(run("-t"), "must specify [-c, --config] option to check configuration "
                                       "file syntax")

    def test_what_there_is_not_is_refused(self):
        for words in (["-m", "8222"], ["-clustered"], ["-ft_group", "a"], ["-tls"]):
            done = run(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(f"option {words[0]}" if words[0] != "-m" else "-http_port", done.stderr)

    def test_cluster_and_routes_are_accepted_with_a_warning(self):
        server = self.start("--cluster", "nats://localhost:6790", "--routes",
                            "nats://localhost:6790")
        warnings = [line for line in server.log() if line.startswith("[WRN]")]
        self.assertEqual(len(warnings), 2, server.log())

    def test_starts_that_fail(self):
        failed = "[FTL] STREAM: Failed to start: "
        self.assert_refused(run("-encrypt", "-p", "-1"), failed + "encryption key required")
        self.assert_refused(run("-encrypt", "-encryption_cipher", "none", "-p", "-1"),
                            failed + "encryption cipher not supported")
        self.assert_refused(run("-st", "FILE"),
                            failed + "for FILE stores, root directory must be specified")
        self.assert_refused(run("-st", "ZZZ"), failed + "unsupported store type: ZZZ")
        self.assert_refused(run("-mc", "-1"),
                            failed + "max channels limit cannot be negative (-1)")
        self.assert_refused(run("-P", "/nonexist/x.pid"),
                            "[FTL] Could not write pidfile: open /nonexist/x.pid: no such file or "
                            "directory")
        self.assert_refused(run("-a", "127.0.0.1", "-p", "99999"),
                            "[FTL] Error listening on port: 127.0.0.1:99999, "
                            '"listen tcp: address 99999: invalid port"')
        done = run("-l", "/nonexist/x.log")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d error opening file: open "
                                      r"/nonexist/x\.log: no such file or directory\n$")

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.assert_refused(
                run("-a", "127.0.0.1", "-p", port),
                f'[FTL] Error listening on port: 127.0.0.1:{port}, "listen tcp 127.0.0.1:{port}: '
                'bind: address already in use"')


class LogTest(Case):
    FIRST = [
        "[INF] STREAM: Starting nats-streaming-server[test-cluster] version 0.25.6",
        "[INF] STREAM: ServerID: <id>",
        "[INF] STREAM: Go version: go1.23.5",
        "[INF] STREAM: Git commit: [not set]",
        "[INF] Starting nats-server",
        "[INF]   Version:  2.9.24",
        "[INF]   Git:      [not set]",
        "[INF]   Name:     <nkey>",
        "[INF]   ID:       <nkey>",
        "[INF] Listening for client connections on 127.0.0.1:<port>",
        "[INF] Server is ready",
        "[INF] STREAM: Recovering the state...",
        "[INF] STREAM: No recovered state",
        "[INF] STREAM: Message store is FILE",
        "[INF] STREAM: Store location: store",
        "[INF] STREAM: ---------- Store Limits ----------",
        "[INF] STREAM: Channels:                  100 *",
        "[INF] STREAM: --------- Channels Limits --------",
        "[INF] STREAM:   Subscriptions:          1000 *",
        "[INF] STREAM:   Messages     :       1000000 *",
        "[INF] STREAM:   Bytes        :     976.56 MB *",
        "[INF] STREAM:   Age          :     unlimited *",
        "[INF] STREAM:   Inactivity   :     unlimited *",
        "[INF] STREAM: ----------------------------------",
        "[INF] STREAM: Streaming Server is ready",
    ]
    LAST = ["[INF] STREAM: Shutting down.", "[INF] Initiating Shutdown...",
            "[INF] Server Exiting.."]

    @staticmethod
    def masked(lines):
        text = "\n".join(lines)
        text = re.sub(r"ServerID: [0-9A-Za-z]{22}\b", "ServerID: <id>", text)
        text = re.sub(r"\bN[A-Z2-7]{55}\b", "<nkey>", text)
        return re.sub(r"(127\.0\.0\.1):\d+", r"\1:<port>", text).split("\n")

    def test_start_and_end_are_logged_as_the_real_server_does(self):
        server = self.start("-st", "FILE", "-dir", "store")
        self.assertEqual(server.end(), 143)
        self.assertEqual(self.masked(server.log()), self.FIRST + self.LAST)
        for line in server.log_path.read_text().splitlines():
            self.assertRegex(line, r"^\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[[A-Z]{3}\] ")

    def test_debug_lines_of_the_start(self):
        server = self.start("-SD")
        server.end()
        lines = server.log()
        for line in ("Did not detect another server instance",
                     "Discover subject:           _STAN.discover.test-cluster",
                     "Publish subject:            _STAN.pub.test-cluster.>",
                     'connection "_NSS-test-cluster-general" has been closed'):
            self.assertIn("[DBG] STREAM: " + line, lines)

    def test_log_file_pid_file_and_ports_file(self):
        path = self.folder / "server.log"
        path.touch()
        process = subprocess.Popen(
            [SERVER, "-a", "127.0.0.1", "-p", "-1", "-P", "server.pid", "-ports_file_dir", ".",
             "-l", "server.log", "-T=false"],
            cwd=self.folder, env=environment(), stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + WAIT_S
        while "Streaming Server is ready" not in path.read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        self.assertEqual((self.folder / "server.pid").read_text(), str(process.pid))
        ports = self.folder / f"{pathlib.Path(SERVER).name}_{process.pid}.ports"
        port = re.search(r"connections on 127\.0\.0\.1:(\d+)", path.read_text())[1]
        self.assertEqual(ports.read_text(), f'{{"nats":["nats://127.0.0.1:{port}"]}}')
        path.rename(self.folder / "old.log")
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + WAIT_S
        while not path.exists() or "re-opened" not in path.read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        self.assertEqual(path.read_text(),
                         f"[{process.pid}] [INF] STREAM: File log re-opened\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(WAIT_S), 0)
        self.assertEqual(process.stderr.read(), b"")
        self.assertFalse(ports.exists())
        self.assertTrue((self.folder / "server.pid").exists())

    def test_no_log_line_and_no_record_holds_the_key(self):
        server = self.start("-st", "FILE", "-dir", "store", "-encrypt", "-SDV", "-DV",
                            "-record-events", "session", key=KEY)
        self.client(server, "a").publish("foo", b"payload")
        server.end()
        for path in self.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes(), path)


class SignalTest(Case):
    def test_exit_codes(self):
        self.assertEqual(self.start().end(signal.SIGTERM), 143)
        self.assertEqual(self.start().end(signal.SIGINT), 0)

    def test_signals_that_do_not_end_it(self):
        server = self.start()
        for number, text in ((signal.SIGUSR1, "[INF] STREAM: File log re-open ignored, not a file "
                                              "logger"),
                             (signal.SIGHUP, "[ERR] STREAM: Reload: can only reload config when a "
                                             "file is provided using -c or --config")):
            server.process.send_signal(number)
            server.wait_for(text[6:])
            self.assertEqual(server.log()[-1], text)
        server.process.send_signal(signal.SIGUSR2)
        self.assertEqual(self.client(server, "a").publish("foo", b"x"), "")

    def test_the_signal_option(self):
        server = self.start("-P", "server.pid")
        done = run("-sl", f"term={self.folder}/server.pid")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertEqual(server.process.wait(WAIT_S), 143)
        self.assert_refused(run("-sl", "zzz"), 'unknown signal "zzz"')
        self.assert_refused(run("-sl", "quit=abc"), "invalid pid: abc")
        self.assert_refused(run("-sl", "quit=1=2"), "invalid signal parameters: [2]")
        self.assert_refused(run("-sl", f"quit={server.process.pid}"), "no such process")

    def test_a_killed_server_leaves_its_messages(self):
        server = self.start("-st", "FILE", "-dir", "store", "-encrypt", key=KEY)
        client = self.client(server, "a")
        for number in range(20):
            self.assertEqual(client.publish("foo", b"message %d" % number), "")
        self.assertEqual(server.end(signal.SIGKILL), -9)
        again = self.start("-st", "FILE", "-dir", "store", "-encrypt", key=KEY)
        reader = self.client(again, "b")
        sid, _ = reader.subscribe("foo")
        self.assertEqual([reader.receive(sid)[4] for _ in range(20)],
                         [b"message %d" % number for number in range(20)])

    def test_a_store_that_cannot_be_written_ends_it(self):
        server = self.start("-st", "FILE", "-dir", "store")
        client = self.client(server, "a")
        self.assertEqual(client.publish("foo", b"x"), "")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (60000, 60000))
        with self.assertRaises(ConnectionError):
            for _ in range(20):
                client.publish("foo", b"x" * 10000)
        self.assertEqual(server.process.wait(WAIT_S), 2)
        self.assertIn("panic: unable to flush msg store: ", server.log_path.read_text())

    def test_the_next_server_takes_over_port_and_store_at_once(self):
        first = self.start("-st", "FILE", "-dir", "store")
        port = first.port
        self.client(first, "a").publish("foo", b"x")
        first.process.send_signal(signal.SIGTERM)
        second = self.clean_up.enter_context(
            Server(self.folder, "-p", port, "-st", "FILE", "-dir", "store"))
        self.assertEqual(first.process.wait(WAIT_S), 143)
        sid, _ = self.client(second, "b").subscribe("foo")
        del sid


class VirtualTimeTest(Case):
    OPTIONS = ("-seed", "7", "-clock", "virtual", "-control", "control")

    def setUp(self):
        super().setUp()
        self.previous = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, self.previous)

    def test_time_stands_still_until_it_is_moved(self):
        self.start(*self.OPTIONS)
        control = self.control("control")
        start = int(control.ask("now").split()[1])
        self.assertEqual(control.ask("advance 1m30s"), "ok")
        self.assertEqual(control.ask("now"), f"ok {start + 90 * 10**9}")
        self.assertEqual(control.ask("barrier"), "ok")
        self.assertTrue(control.ask("advance -1s").startswith("err "))
        self.assertTrue(control.ask("dance").startswith("err unknown command"))

    def test_redelivery_after_an_ack_wait_costs_no_time(self):
        server = self.start(*self.OPTIONS)
        control = self.control("control")
        client = self.client(server, "a")
        client.publish("foo", b"x")
        sid, _ = client.subscribe("foo", ack_wait=25)
        self.assertNotIn(6, client.receive(sid))
        control.ask("advance 24s")
        client.nats.flush()
        self.assertEqual(client.nats.messages[sid], [])
        control.ask("advance 1s")
        redelivered = client.receive(sid)
        self.assertEqual((redelivered[6], redelivered[7]), (1, 1))

    def test_real_time_does_not_move_by_command(self):
        self.start("-control", "control")
        self.assertEqual(self.control("control").ask("advance 1s"), "err the clock is not virtual")

    def session(self, name, *more):
        """The store's files after one fixed session with one seed."""
        server = self.start(*self.OPTIONS, "-st", "FILE", "-dir", name, "-encrypt", *more, key=KEY)
        control = self.control("control")
        client = self.client(server, "a")
        client.publish("foo", b"one")
        sid, inbox = client.subscribe("foo", durable="d")
        client.receive(sid)
        client.ack(inbox, "foo", 1)
        control.ask("advance 40s")
        client.publish("foo", b"two")
        control.ask("barrier")
        server.end()
        return {path.relative_to(self.folder / name): path.read_bytes()
                for path in (self.folder / name).rglob("*") if path.is_file()}

    def test_the_same_seed_gives_the_same_bytes(self):
        first = self.session("first")
        self.assertEqual(len(first), 5)
        self.assertEqual(first, self.session("second"))

    def test_a_recorded_session_replays_byte_for_byte(self):
        recorded = self.session("store", "-record-events", "session")
        shutil.move("store", "kept")
        options = ("-a", "127.0.0.1", "-p", "-1", "-st", "FILE", "-dir", "store", "-encrypt",
                   "-replay-events", "session")
        done = run(*options, key=KEY, cwd=self.folder)
        self.assertEqual((done.returncode, [line for line in done.stderr.splitlines()
                                            if line.startswith("replay:")]), (0, []))
        replayed = {path.relative_to(self.folder / "store"): path.read_bytes()
                    for path in (self.folder / "store").rglob("*") if path.is_file()}
        self.assertEqual(replayed, recorded)
        # Another key gives other bytes on disk, but the same ones on the wire; another payload does
        # not.
        record = pathlib.Path("session").read_bytes()
        pathlib.Path("session").write_bytes(record.replace(b"one", b"ONE", 1))
        shutil.rmtree("store")
        done = run(*options, key=KEY, cwd=self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("replay: at byte ", done.stderr)

    def test_real_time_sessions_replay_too(self):
        server = self.start("-record-events", "session", "-st", "FILE", "-dir", "store")
        client = self.client(server, "a")
        for number in range(50):
            client.publish("foo", b"%d" % number)
        server.end()
        recorded = {path.name: path.read_bytes() for path in pathlib.Path("store").rglob("*.*")}
        shutil.rmtree("store")
        done = run("-a", "127.0.0.1", "-st", "FILE", "-dir", "store", "-replay-events", "session",
                   cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({path.name: path.read_bytes()
                          for path in pathlib.Path("store").rglob("*.*")}, recorded)


    def test_a_record_cut_short_by_a_kill_replays(self):
        server = self.start("-record-events", "session", "-st", "FILE", "-dir", "store", "-encrypt",
                            key=KEY)
        client = self.client(server, "a")
        for number in range(20):
            client.publish("foo", b"%d" % number)
        server.end(signal.SIGKILL)
        recorded = pathlib.Path("store/foo/msgs.1.dat").read_bytes()
        whole = pathlib.Path("session").read_bytes()
        ends = []  # of the records
        at = len("atrest events 1\n")
        while at + 29 <= len(whole):
            at += 29 + int.from_bytes(whole[at + 25:at + 29], "little")
            ends.append(at)
        before_entropy = [end for end in ends if whole[end:end + 1] == bytes([13])]
        self.assertGreater(len(before_entropy), 1)
        for end in [*before_entropy, ends[-1]]:
            shutil.rmtree("store", ignore_errors=True)
            pathlib.Path("session").write_bytes(whole[:end])
            done = run("-a", "127.0.0.1", "-p", "-1", "-st", "FILE", "-dir", "store", "-encrypt",
                       "-replay-events", "session", key=KEY, cwd=self.folder)
            self.assertEqual(done.returncode, 0, (end, done.stderr))
        self.assertEqual(pathlib.Path("store/foo/msgs.1.dat").read_bytes(), recorded)


@unittest.skipUnless(shutil.which("nats-server"), "there is no nats-server here")
class OutsideNatsTest(Case):
    def nats(self, *arguments, port=-1):
        log = self.folder / f"nats.{time.monotonic_ns()}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(["nats-server", "-a", "127.0.0.1", "-p", str(port),
                                        *arguments], stdout=file, stderr=file)
        self.addCleanup(process.wait, WAIT_S)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + WAIT_S
        while "Server is ready" not in log.read_text():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        found = re.search(r"client connections on 127\.0\.0\.1:(\d+)", log.read_text())
        return process, int(found[1])

    def outside(self, url, *arguments):
        return self.clean_up.enter_context(Server(self.folder, "-ns", url, *arguments))

    def stan(self, port, name):
        client = raw_stan.Stan(port, name)
        self.addCleanup(client.close)
        return client

    def test_clients_are_served_through_it(self):
        _, port = self.nats()
        server = self.outside(f"nats://127.0.0.1:{port}")
        self.assertNotIn("[INF] Starting nats-server", server.log())
        client = self.stan(port, "a")
        self.assertEqual(client.publish("foo", b"x"), "")
        sid, _ = client.subscribe("foo")
        self.assertEqual(client.receive(sid)[4], b"x")
        self.assertEqual(server.end(), 143)
        self.assertEqual(server.log()[-1], "[INF] STREAM: Shutting down.")

    def test_it_comes_back_after_the_outside_server_was_away(self):
        process, port = self.nats()
        server = self.outside(f"nats://127.0.0.1:{port}")
        self.stan(port, "a").publish("foo", b"x")
        process.kill()
        process.wait(WAIT_S)
        self.nats(port=port)
        server.wait_for("reconnected to NATS Server")
        client = self.stan(port, "b")
        sid, _ = client.subscribe("foo")
        self.assertEqual(client.receive(sid)[4], b"x")

    def test_two_servers_with_one_cluster_id(self):
        _, port = self.nats()
        url = f"nats://127.0.0.1:{port}"
        self.outside(url)
        self.assert_refused(run("-ns", url), "[FTL] STREAM: Failed to start: discovered another "
                                             'streaming server with cluster ID "test-cluster"')
        self.outside(url, "-cid", "another")

    def test_credentials(self):
        _, port = self.nats("--user", "u", "--pass", "p")
        failed = "[FTL] STREAM: Failed to start: "
        self.assert_refused(run("-ns", f"nats://u:no@127.0.0.1:{port}"),
                            failed + "nats: Authorization Violation")
        self.outside(f"nats://u:p@127.0.0.1:{port}")
        self.outside(f"nats://127.0.0.1:{port}", "-user", "u", "-pass", "p", "-cid", "second")

    def test_urls_that_lead_nowhere(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        failed = "[FTL] STREAM: Failed to start: "
        self.assert_refused(run("-ns", f"nats://127.0.0.1:{port}"),
                            failed + "nats: no servers available for connection")
        self.assert_refused(run("-ns", "foo"), failed + "malformed url: foo")


if __name__ == "__main__":
    unittest.main()
