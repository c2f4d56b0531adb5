#!/usr/bin/env python3
"""Runs the project's jobs: ci/run.py JOB [JOB...]. `ci/run.py --list` names them.

Every job is the same here, on a developer's machine and in CI. A job prints each command before it
runs and its duration after it; the first command that fails ends the run and is named again at the
end. Exit code: 0 when every job passed, else that of the failing command; `demo` passes on the exit
code of atrest, and gives 70 (the harness itself failed) when there was nothing to run it with.

Only Python's standard library is used.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
GB_PER_COMPILER = 1.5
USAGE = 64
HARNESS_FAILED = 70
# Properties draw the same cases in every run of a job; RC_PARAMS in the environment overrides it.
RAPIDCHECK_PARAMS = "seed=20220601"
CTEST_CLOSING = re.compile(r"\d+% tests passed, \d+ tests failed out of \d+")


class Failed(Exception):
    """A command failed, or a job could not begin (then `code` is 1)."""

    def __init__(self, what, code=1):
        super().__init__(what)
        self.code = code


def say(text=""):
    print(text, flush=True)


def cores():
    return len(os.sched_getaffinity(0))


def compilers():
    """How many compilers may run at once: one a core, as long as memory lasts."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return max(1, min(cores(), int(int(line.split()[1]) / 2**20 / GB_PER_COMPILER)))
    return cores()


def execute(command, watch):
    if watch is None:
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True,
                          errors="replace") as process:
        for line in process.stdout:
            print(line, end="", flush=True)
            watch(line)
    return process.returncode


class Run:
    """One run of one job: its steps, how long each took, and what the test runners closed with."""

    def __init__(self, options):
        self.options = options
        self.steps = []
        self.closings = []
        self.began = time.monotonic()

    def step(self, *command, title=None, watch=None, ok=(0,)):
        """Runs a command in the root of the checkout. Returns its exit code, which is in `ok`;
        raises Failed for any other. `watch` is called with every line of its output; `title`
        stands for the command in the summary."""
        command = [str(part) for part in command]
        text = " ".join(shlex.quote(part) for part in command)
        say(f"\n$ {text}")
        text = title or text
        began = time.monotonic()
        try:
            code = execute(command, watch)
        except OSError as error:
            raise Failed(f"{text} ({error.strerror})", 127) from error
        seconds = time.monotonic() - began
        say(f"[{seconds:.1f} s]")
        self.steps.append((seconds, text))
        if code not in ok:
            raise Failed(f"{text} (exit {code}, after {seconds:.1f} s)", code if code > 0 else 1)
        return code

    def install(self, *groups):
        if not self.options.no_install:
            self.step(ROOT / "ci/install.sh", "build", *groups)

    def build(self, preset, *targets):
        self.step("cmake", "--preset", preset)
        of = ["--target", *targets] if targets else []
        self.step("cmake", "--build", "--preset", preset, "-j", compilers(), *of)

    def test(self, preset, *labels):
        what = f"{preset}, {' '.join(labels) or 'all'} tests:"

        def watch(line):
            if CTEST_CLOSING.match(line):
                self.closings.append((what, line.strip()))
        only = [part for label in labels for part in ("-L", f"^{label}$")]
        # Tests of servers and adapters wait more than they compute.
        self.step("ctest", "--preset", preset, "-j", cores() + 1, *only, watch=watch)

    def summary(self, name, outcome):
        say(f"\n== {name}: {outcome} after {time.monotonic() - self.began:.1f} s")
        for seconds, text in self.steps:
            say(f"{seconds:8.1f} s  {text}")
        for what, closing in self.closings:
            say(f"{what}\n{closing}")


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True,
                          text=True).stdout


def sources(*suffixes, since=None):
    """Our files with one of these suffixes, tracked or new; with `since` (a revision) those that
    changed after it."""
    names = git("ls-files", "-z", "--others", "--exclude-standard")
    names += git("diff", "--name-only", "-z", since) if since else git("ls-files", "-z")
    return sorted(name for name in set(names.split("\0"))
                  if name.endswith(suffixes) and (ROOT / name).exists())


# The jobs. The first line of the docstring is what --list prints.


def job_test(run):
    """What ./ci/test does: all tests of the release build, then the codecs under asan and ubsan."""
    run.install()
    install_node_client(run)
    run.build("release")
    run.test("release")
    run.build("asan", "tests_codec")
    run.test("asan", "codec")


def install_node_client(run):
    """The public Node client, where Node is there, for the test node_client. It may be out of reach
    (no network); the test then says that it was skipped."""
    if not (shutil.which("node") and shutil.which("npm")):
        return
    folder = ROOT / "build" / "npm"
    wanted = (ROOT / "reference" / "server" / "node_client" / "package.json").read_text()
    here = folder / "package.json"
    if (folder / "node_modules").exists() and here.exists() and here.read_text() == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    here.write_text(wanted)
    run.step("npm", "install", "--prefix", folder.relative_to(ROOT), "--no-audit", "--no-fund",
             "--no-package-lock", "--silent", ok=range(256))


def job_demo(run):
    """What ./ci/demo does: the scenarios against the reference's store, with reports."""
    try:
        run.install()
        run.build("release", "atrest")
    except Failed as failed:
        raise Failed(str(failed), HARNESS_FAILED) from failed
    REPORTS.mkdir(parents=True, exist_ok=True)
    junit, json = REPORTS / "inproc.xml", REPORTS / "inproc.json"
    for report in (junit, json):
        report.unlink(missing_ok=True)
    code = run.step("build/release/bin/atrest", "run", "--target", "inproc",
                    "--junit", junit.relative_to(ROOT), "--json", json.relative_to(ROOT),
                    ok=range(256))
    for report in (junit, json):
        say(f"report: {report.relative_to(ROOT)}" if report.exists() else f"no report: {report}")
    if code != 0:
        raise Failed(f"atrest run ended with {code}; the exit codes are in README.md", code)
    if not (junit.exists() and json.exists()):
        raise Failed("atrest run ended with 0 but left no report", HARNESS_FAILED)


def job_dev(run):
    """Debug build and all tests: the quickest round."""
    run.install()
    run.build("dev")
    run.test("dev")


def job_asan(run):
    """All tests under the address, leak and undefined-behaviour sanitizers."""
    run.install()
    run.build("asan")
    run.test("asan")


def job_ladder(run):
    """Golden files cut at every byte, every byte changed, under asan and ubsan: takes an hour."""
    run.install()
    run.build("ladder")
    run.step("ctest", "--preset", "ladder", "-j", cores(), "-R", "DamageLadder")


def job_seeds(run):
    """The scenarios on the reference under --seeds N (200) seeds of its entropy."""
    run.install()
    run.build("release", "atrest")
    for seed in range(1, run.options.seeds + 1):
        run.step("build/release/bin/atrest", "run", "--target", "inproc", "--quiet", "--seed", seed)


def job_tsan(run):
    """All tests under the thread sanitizer."""
    run.install()
    run.build("tsan")
    run.test("tsan")


def job_clang(run):
    """Release build with clang, and all tests."""
    run.install("clang")
    run.build("clang")
    run.test("clang")


def job_compilers(run):
    """20 simulated clusters by g++ and by clang++: equal hashes, and equal files of all nodes."""
    run.install("clang")
    programs = []
    for preset in ("release", "clang"):
        run.build(preset, "atrest")
        programs.append(f"build/{preset}/bin/atrest")
    run.step(sys.executable, "harness/cli/simulated_hashes.py", programs[0],
             "--against", programs[1], "--seeds", "1..20")


def job_simulate(run):
    """Clusters under faults, seeds 1..2000 of a swarm, and 200 of it with each damaging fault."""
    run.install()
    run.build("release", "atrest")
    simulate = ["build/release/bin/atrest", "simulate", "--jobs", cores()]
    run.step(*simulate, "--seeds", "1..2000", "--faults", "swarm")
    for fault in damaging_faults():
        run.step(*simulate, "--seeds", f"1..{run.options.seeds}", "--faults", f"swarm,{fault}")


def job_sim_bench(run):
    """How fast the simulator is, idle and under load, on one core: fails below its bounds."""
    run.install()
    run.build("release", "atrest")
    run.step(sys.executable, "ci/bench/sim_speed.py", "build/release/bin/atrest")


def damaging_faults():
    """By name, as the fault atlas has them."""
    listed = subprocess.run(["build/release/bin/atrest", "simulate", "--list-faults"], cwd=ROOT,
                            check=True, capture_output=True, text=True).stdout
    names = re.findall(r"^(\w+) +damaging ", listed, re.MULTILINE)
    if not names:
        raise Failed("atrest names no damaging fault")
    return names


def job_tidy(run):
    """ci/tidy.py, clang-format and clang-tidy; --base REV limits the last to what changed."""
    run.install("tidy")
    run.step(sys.executable, "ci/tidy.py")
    run.step("clang-format", "--dry-run", "-Werror", *sources(".h", ".cc"))
    run.build("dev")  # for compile_commands.json and generated headers
    clang_tidy(run, sources(".cc", since=run.options.base))


def clang_tidy(run, files):
    began = time.monotonic()
    say(f"\n$ clang-tidy -p build/dev --quiet FILE, for {len(files)} files")

    def check(name):
        return name, subprocess.run(["clang-tidy", "-p", "build/dev", "--quiet", name], cwd=ROOT,
                                    check=False, capture_output=True, text=True)
    bad = []
    with concurrent.futures.ThreadPoolExecutor(compilers()) as pool:
        for name, result in pool.map(check, files):
            if result.returncode != 0:
                bad.append(name)
                say(result.stdout + result.stderr)
    seconds = time.monotonic() - began
    say(f"[{seconds:.1f} s]")
    run.steps.append((seconds, f"clang-tidy of {len(files)} files"))
    if bad:
        raise Failed("clang-tidy -p build/dev " + " ".join(bad))


def job_mutate(run):
    """Small defects put into three folders: which do their unit tests let live? Ten minutes."""
    run.install()
    run.step(sys.executable, "ci/mutate.py")


def job_fuzz(run):
    """Each fuzz target under libFuzzer with asan and ubsan, for --seconds N (60)."""
    run.install("clang")
    fuzzers, work = ROOT / "build/fuzz/fuzzers", ROOT / "build/fuzz/work"
    for stale in fuzzers.glob("*.seeds"):
        stale.unlink()
    run.build("fuzz", "fuzzers")
    targets = sorted(path.stem for path in fuzzers.glob("*.seeds"))
    if not targets:
        raise Failed("no fuzz target was built")
    for name in targets:
        corpus = work / name
        corpus.mkdir(parents=True, exist_ok=True)
        seeds = (fuzzers / f"{name}.seeds").read_text().split()
        run.step(f"build/fuzz/fuzzers/{name}", f"-max_total_time={run.options.seconds}",
                 "-timeout=10", "-print_final_stats=1",
                 f"-artifact_prefix={work.relative_to(ROOT)}/{name}-",
                 corpus.relative_to(ROOT), *seeds)


def job_soak(run):
    """--server (ours) for --seconds N (60) under 1,000 clients: nothing lost, nothing grows."""
    load, server = server_and_load(run)
    run.step(sys.executable, "ci/bench/soak.py", "--load", load, "--server", server,
             "--seconds", run.options.seconds)


def job_bench(run):
    """Start, stop and throughput of --server (ours), beside --against if given: figures only."""
    load, server = server_and_load(run)
    against = ["--against", run.options.against] if run.options.against else []
    run.step(sys.executable, "ci/bench/bench.py", "--load", load, "--server", server, *against)


def server_and_load(run):
    """The programs atrest-load and that of --server, built if they are ours."""
    run.install()
    programs = ROOT / "build/release/bin"
    server = run.options.server
    run.build("release", "atrest-load", *([] if server else ["atrest-server"]))
    return programs / "atrest-load", server or programs / "atrest-server"


def job_harness_bench(run):
    """How fast the harness is: generated scenarios a second, the suite on the server: figures."""
    run.install()
    run.build("release", "atrest", "atrest-server")
    atrest = "build/release/bin/atrest"
    fuzz = [atrest, "fuzz", "--target", "inproc", "--cases", 20000, "--jobs", 1, "--keep", ""]
    run.step(*fuzz, ok=range(2))
    run.step(*fuzz, "--no-oracles", ok=range(2))
    suite = [atrest, "run", "--target", "reference", "--jobs", 2, "--quiet"]
    run.step(*suite, "--suite", "conformance")
    run.step(*suite, "--suite", "conformance", "--quick")
    run.step(*suite)


def job_campaign(run):
    """Generated scenarios on the reference's store for --seconds N (60); failures are kept."""
    run.install()
    run.build("release", "atrest")
    run.step("build/release/bin/atrest", "fuzz", "--target", "inproc", "--cases", 10**9,
             "--time", run.options.seconds, "--jobs", cores(), "--keep", "build/reports/campaign")


def job_prove(run):
    """Every fault of the reference against all checks: the kill matrix, into build/reports."""
    run.install()
    run.build("release", "atrest", "atrest-server")
    REPORTS.mkdir(parents=True, exist_ok=True)
    page, json = REPORTS / "kill_matrix.md", REPORTS / "kill_matrix.json"
    # Most of a fault's time on the server is spent waiting for it: more at once than processors.
    try:
        run.step("build/release/bin/atrest", "prove", "--jobs", 4 * cores(), "--quiet",
                 "--markdown", page.relative_to(ROOT), "--json", json.relative_to(ROOT))
    finally:
        say(f"reports: {page.relative_to(ROOT)}, {json.relative_to(ROOT)}; "
            "ci/kill_figure.py puts them into the tree")


def job_variants(run):
    """Every lawful variant of the reference over 20 seeds: no check of the law may blame one."""
    run.install()
    run.build("release", "atrest", "atrest-server")
    prove = ["build/release/bin/atrest", "prove", "--faults", "variant/*", "--jobs", 4 * cores(),
             "--quiet", "--seeds", 20]
    run.step(*prove)


def job_package(run):
    """What is shipped has no faults to switch on, and does what the release build does."""
    run.install()
    run.build("package", "atrest", "atrest-server")
    # An unknown option, after which the usage is printed, as by the real server; with faults built
    # in it is an unknown fault, and exit code 1.
    run.step("build/package/bin/atrest-server", "--fault", "no/such-fault", ok=(0,))
    atrest = "build/package/bin/atrest"
    run.step(atrest, "prove", ok=(USAGE,))
    run.step(atrest, "list", "--faults", ok=(USAGE,))
    run.step(atrest, "run", "--target", "inproc", "--fault", "key/without-channel", ok=(USAGE,))
    for target in ("inproc", "reference"):
        run.step(atrest, "run", "--target", target, "--jobs", cores(), "--quiet")


def job_fault_cost(run):
    """What the faults cost where none is chosen: release against package, as a ratio."""
    run.install()
    for preset in ("release", "package"):
        run.build(preset, "atrest")
    run.step(sys.executable, "ci/bench/fault_cost.py", "build/package/bin/atrest",
             "build/release/bin/atrest")


def job_flake(run):
    """No verdict may change under stress-ng, in 1,000 runs in-process and 50 of atrest-server."""
    run.install("flake")
    run.build("release", "atrest", "atrest-server")
    flake = [sys.executable, "ci/bench/flake.py", "--atrest", "build/release/bin/atrest"]
    run.step(*flake, "--target", "inproc", "--runs", 1000)
    run.step(*flake, "--target", "reference", "--runs", 50, "--", "--jobs", 4)


def job_clean_root(run):
    """debootstrap --suite into --root DIR, clone HEAD there, run ./ci/demo and ./ci/test in it."""
    root, suite = run.options.root, run.options.suite
    if root is None:
        raise Failed("clean-root needs --root DIR, a folder that does not exist yet")
    root = root.resolve()
    if os.getuid() != 0:
        raise Failed("clean-root must be root: it uses debootstrap and chroot")
    if root.exists() and any(root.iterdir()):
        raise Failed(f"{root} is not empty")
    run.install("root")
    run.step("debootstrap", "--variant=minbase", suite, root)
    proxy = subprocess.run(["apt-config", "dump", "Acquire::http::Proxy"], check=True,
                           capture_output=True, text=True).stdout
    (root / "etc/apt/apt.conf.d/99proxy").write_text(proxy)
    in_root(run, root, "apt-get -q update && apt-get -q install -y --no-install-recommends git")
    in_root(run, root, "apt-get clean && rm -rf /var/lib/apt/lists/*")
    run.step("git", "clone", "--no-local", "--quiet", ROOT, root / "atrest")
    in_root(run, root, "/atrest/ci/demo")
    in_root(run, root, "/atrest/ci/test")
    say(f"the root is left in {root}")


def in_root(run, root, script):
    """Runs a shell script as in a fresh login of the root; its mounts end with it."""
    mounts = f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev"
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    enter = f"exec chroot {root} env -i HOME=/root TERM=dumb PATH={path} sh -c"
    run.step("unshare", "--mount", "sh", "-ec",
             f"{mounts} && {enter} {shlex.quote('cd / && ' + script)}", title=f"in it: {script}")


JOBS = {name.removeprefix("job_").replace("_", "-"): function
        for name, function in list(globals().items()) if name.startswith("job_")}


class Parser(argparse.ArgumentParser):
    """Ends with 64 on wrong usage, as atrest does: 2 would read as a verdict of ./ci/demo."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def parse(arguments):
    parser = Parser(
        description=__doc__.split("\n", maxsplit=1)[0],
        epilog="A job stops at the first command that fails. Jobs are described by --list.")
    parser.add_argument("jobs", nargs="*", metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--list", action="store_true", help="name the jobs and what they do")
    parser.add_argument("--no-install", action="store_true", help="install no packages")
    parser.add_argument("--seconds", type=int, default=60,
                        help="fuzz: for each target; soak: of the load (60)")
    parser.add_argument("--server", type=pathlib.Path, metavar="PROGRAM",
                        help="soak, bench: the server program (ours)")
    parser.add_argument("--against", type=pathlib.Path, metavar="PROGRAM",
                        help="bench: another server program, to compare with")
    parser.add_argument("--seeds", type=int, default=200, help="seeds, simulate: how many (200)")
    parser.add_argument("--base", metavar="REV", help="tidy: clang-tidy what changed since REV")
    parser.add_argument("--suite", choices=["bookworm", "trixie"], default="trixie",
                        help="clean-root: the Debian to install (trixie)")
    parser.add_argument("--root", type=pathlib.Path, metavar="DIR", help="clean-root: where to")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.jobs if name not in JOBS]
    if unknown:
        parser.error(f"no job is called {', '.join(unknown)}; there are {', '.join(JOBS)}")
    if not options.jobs and not options.list:
        parser.error("name a job, or --list")
    return options


def main(arguments):
    options = parse(arguments)
    if options.list:
        for name, function in JOBS.items():
            say(f"{name:14}{function.__doc__.splitlines()[0]}")
        return 0
    os.environ.setdefault("RC_PARAMS", RAPIDCHECK_PARAMS)
    for name in options.jobs:
        run = Run(options)
        try:
            JOBS[name](run)
        except Failed as failed:
            run.summary(name, "FAILED")
            say(f"failed: {failed}")
            return failed.code
        run.summary(name, "passed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
