#!/usr/bin/env python3
"""Checks of the tree itself, run as the CTest test `tidy`: prints `file:line: error: why`.

The tables below are the rules; CONTRIBUTING.md explains them. A tree is a dict of file name (from
the root of the checkout) to text, so that ci/tidy_test.py can give every check a small bad one.
"""
import os
import pathlib
import re
import subprocess
import sys

LINE_MAX = 100
FILE_LINES_MAX = 600
TEST_LINES_MAX = 800
ROOT_CMAKE_LINES_MAX = 120
SCRIPT_TESTS = "cmake/script_tests.cmake"

REFERENCE = {f"reference/{name}" for name in (
    "base", "env", "wire", "crypto", "store", "raftlog", "raft", "stan", "broker", "tls", "server",
    "sim")}
HARNESS = {f"harness/{name}" for name in (
    "verdict", "scenario", "tamper", "driver", "oracle", "inspect", "disktruth", "simcheck",
    "runner", "generate", "shrink", "capture", "campaign", "prove", "compare", "report", "load",
    "cli")}


def reference(names):
    return {f"reference/{name}" for name in names.split()}


def harness(names):
    return {f"harness/{name}" for name in names.split()}


# Folder -> the folders that its files may include and that its library may link. A folder may
# always include itself.
LAYERS = {
    "reference/base": set(),
    "reference/env": reference("base"),
    "reference/wire": reference("base"),
    "reference/crypto": reference("base"),
    "reference/tls": reference("base"),
    "reference/raft": reference("base"),
    "reference/store": reference("base env crypto wire"),
    "reference/raftlog": reference("base env crypto wire store"),
    "reference/stan": reference("base wire store raftlog raft"),
    "reference/broker": reference("base env wire tls"),
    "reference/server": REFERENCE - reference("sim"),
    "reference/sim": reference("base env wire crypto store raftlog raft stan"),
    "harness/verdict": reference("base"),
    "harness/scenario": reference("base") | harness("verdict"),
    "harness/tamper": reference("base env") | harness("verdict scenario disktruth"),
    "harness/driver": reference("base env") | harness("verdict scenario"),
    "harness/oracle": harness("verdict scenario"),  # the model shares nothing with reference/
    "harness/inspect": reference("base env crypto wire store raftlog") | harness("verdict"),
    "harness/disktruth": reference("base") | harness("verdict"),  # Status and Bytes, nothing more
    "harness/simcheck": reference("base env sim") | harness("verdict disktruth"),
    "harness/runner": reference("base env") | harness(
        "verdict scenario tamper driver oracle inspect disktruth report"),
    "harness/generate": reference("base") | harness("verdict scenario"),
    "harness/compare": reference("base env crypto") | harness(
        "verdict scenario tamper driver generate"),
    "harness/campaign": reference("base env") | harness(
        "verdict scenario driver oracle runner generate shrink"),
    "harness/shrink": reference("base env") | harness("verdict scenario driver oracle runner"),
    "harness/capture": reference("base env crypto store") | harness(
        "verdict scenario driver runner inspect"),
    "harness/prove": reference("base env") | harness(
        "verdict scenario driver oracle runner generate campaign"),
    "harness/report": reference("base") | harness("verdict"),
    "harness/load": reference("base wire"),  # a client of any server, so nothing of ours
    "harness/cli": reference("base crypto env sim") | HARNESS - harness("load"),
}
# Files that may include more than their folder: of the drivers only the one whose target runs in
# this process sees the reference.
MORE_EDGES = [
    (r"harness/driver/inproc_\w+\.(h|cc)", reference("crypto store raftlog stan sim")),
    (r"harness/driver/\w+_test\.cc", reference("crypto store") | harness("tamper")),
    (r"harness/prove/sim_\w+\.(h|cc)", reference("sim") | harness("simcheck")),
    (r"harness/shrink/\w+_test\.cc", harness("compare")),
    (r"reference/stan/(\w+_test|\w+_fuzz)\.cc|reference/stan/(stan|cluster)_fixture\.h",
     reference("env crypto")),
]
# Edges that end at one header, the folder's interface. Tests may go behind it.
INTERFACES = {
    ("harness/runner", "harness/driver"): "harness/driver/driver.h",
    ("harness/runner", "harness/report"): "harness/report/printable.h",
    ("harness/compare", "harness/driver"): "harness/driver/driver.h",
    # Snapshots name clients and subscriptions as the store's records do.
    ("reference/raftlog", "reference/store"): "reference/store/journal.h",
}

TEST = r".*_test\.cc"
# (what is included, the files that may, why)
LIBRARIES = [
    (r"botan/", r"reference/(crypto|tls)/.*", "Botan stays in reference/crypto and reference/tls"),
    (r"openssl/", r"harness/disktruth/.*",
     "OpenSSL is the cipher of harness/disktruth, and of nothing that it judges"),
    (r"boost/process", r"harness/driver/child_process.*",
     "Boost.Process stays in harness/driver/child_process"),
    (r"boost/asio|boost/beast", r"reference/(broker|server)/.*",
     "Boost.Asio stays in reference/broker and reference/server"),
    (r"nlohmann/", rf"harness/(?!verdict/|oracle/).*|{TEST}",
     "JSON stays in harness (not verdict, not oracle) and in tests"),
    (r"CLI/", r"harness/cli/.*|harness/load/load_main\.cc",
     "CLI11 stays in the command lines of programs"),
    (r"pugixml", r"harness/report/.*", "pugixml stays in harness/report"),
    (r"google/protobuf|(.*/)?\w+\.pb\.h", TEST, "protobuf is the independent check in tests"),
    (r"(nats/)?nats\.h", r"harness/driver/.*", "libnats stays in harness/driver"),
    (r"rapidcheck", rf"harness/generate/.*|{TEST}",
     "RapidCheck stays in harness/generate and in tests"),
    (r"gtest/|gmock/", TEST, "GoogleTest stays in tests"),
]

OUTSIDE_WORLD = r"reference/env/posix_.*|harness/driver/.*|harness/load/event_loop.*"
# (regular expression, the files that may use it, what to use instead)
BANNED_IN_CODE = [
    (r"\b(system|steady|high_resolution|utc|file)_clock\b|\bclock_gettime\b|\bgettimeofday\b"
     r"|\bstd::time\(|[^\w.>]time\((nullptr|NULL|0|&)", OUTSIDE_WORLD, "the Env's clock"),
    (r"\brandom_device\b|\bgetrandom\b|\bgetentropy\b|/dev/u?random|\bAutoSeeded_RNG\b"
     r"|\bSystem_RNG\b", OUTSIDE_WORLD, "the Env's entropy"),
    (r"\bs?rand\(|\bstd::mt19937|\bstd::\w+_distribution\b|\bstd::shuffle\b", r"$^",
     "reference/base/random.h: the library's differ between compilers"),
    (r"\bstd::unordered_", r"$^", "std::map or a sorted vector: iteration order leaks"),
    (r"\bstd::(jthread|thread|async)\b|\bstd::this_thread\b",
     rf"reference/(broker|server)/.*|{OUTSIDE_WORLD}|{TEST}", "events and ticks"),
    (r"\bgetenv\b", r"reference/server/.*|harness/.*", "an option that the program passes in"),
    (r"\busing namespace std\b", r"$^", "qualified names"),
    (r"\bstd::(ranges::)?views::|\bstd::ranges::(subrange|unique|remove|remove_if|rotate|partition"
     r"|search|find_end|equal_range)\b", r"$^", "iterators: clang 14 rejects libstdc++ 12's views"),
]

# What a header must include, itself or by one of ours, when it uses the name: which standard header
# brings in which other differs between compilers.
OWN_INCLUDES = [
    (r"\bu?int(8|16|32|64)_t\b", "cstdint"),
    (r"\bstd::array\b", "array"),
    (r"\bstd::function\b", "functional"),
    (r"\bstd::map\b", "map"),
    (r"\bstd::(unique_ptr|shared_ptr)\b", "memory"),
    (r"\bstd::optional\b", "optional"),
    (r"\bstd::set\b", "set"),
    (r"\bstd::span\b", "span"),
    (r"\bstd::string\b", "string"),
    (r"\bstd::string_view\b", "string_view"),
    (r"\bstd::variant\b", "variant"),
    (r"\bstd::vector\b", "vector"),
]

CODE_SUFFIXES = (".h", ".cc")
TEXT_SUFFIXES = CODE_SUFFIXES + (".py", ".cmake", ".sh", "CMakeLists.txt", "ci/demo", "ci/test")
UNFINISHED = re.compile(r"\b(FIX" r"ME|TO" r"DO)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|root|farm)/")


def folder_of(name):
    return name.rpartition("/")[0]


def is_ours(name):
    return name.startswith(("reference/", "harness/"))


def is_test(name):
    return re.search(r"_test\.(cc|py)$", name) is not None


def code_lines(tree):
    """(file, line number, line) of every line of C++ in reference/ and harness/."""
    for name, text in tree.items():
        if is_ours(name) and name.endswith(CODE_SUFFIXES):
            for number, line in enumerate(text.splitlines(), 1):
                yield name, number, line


def includes(tree):
    """(file, line number, quote, included) of every #include in reference/ and harness/."""
    for name, number, line in code_lines(tree):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
        if match:
            yield name, number, match[1], match[2]


def without_comments(line):
    """The line without its // comment; a // inside a string is taken for one too."""
    return line.partition("//")[0]


def check_layers(tree):
    for name, number, quote, included in includes(tree):
        folder, target = folder_of(name), folder_of(included)
        if folder not in LAYERS:
            yield name, number, f"{folder} is not in the layer table of ci/tidy.py"
        elif not is_ours(included):
            if quote == '"' and not included.endswith(".pb.h"):
                yield name, number, f'"{included}" must be written from the root of the checkout'
        elif target != folder and target not in edges_of(name):
            yield name, number, f"{folder} must not include {target}"
        elif not is_test(name) and INTERFACES.get((folder, target), included) != included:
            yield (name, number,
                   f"{folder} may include only {INTERFACES[folder, target]} of {target}")


def edges_of(name):
    edges = set(LAYERS[folder_of(name)])
    for pattern, more in MORE_EDGES:
        if re.fullmatch(pattern, name):
            edges |= more
    return edges


def check_links(tree):
    """A library may link only the folders that some file of it may include."""
    for name, text in tree.items():
        folder = folder_of(name)
        if folder not in LAYERS or not name.endswith("CMakeLists.txt"):
            continue
        allowed = {folder} | LAYERS[folder]
        for pattern, more in MORE_EDGES:
            if any(re.fullmatch(pattern, other) for other in tree if folder_of(other) == folder):
                allowed |= more
        for number, line in enumerate(text.splitlines(), 1):
            code = line.partition("#")[0]
            for part, rest in re.findall(r"\b(reference|harness)_([a-z]+)\b", code):
                target = f"{part}/{rest}"
                if target in LAYERS and target not in allowed:
                    yield name, number, f"{folder} must not link {target}"


def check_libraries(tree):
    for name, number, _, included in includes(tree):
        for what, where, why in LIBRARIES:
            if re.match(what, included) and not re.fullmatch(where, name):
                yield name, number, f"<{included}>: {why}"


def check_own_includes(tree):
    direct = {}
    for name, _, _, included in includes(tree):
        direct.setdefault(name, set()).add(included)
    for name, number, line in code_lines(tree):
        for word, header in OWN_INCLUDES if name.endswith(".h") else []:
            if re.search(word, without_comments(line)) and header not in reached(name, direct):
                direct.setdefault(name, set()).add(header)  # said once a file
                yield name, number, f"uses what <{header}> declares and does not include it"


def reached(name, direct):
    """All that a file includes, itself or by files of ours."""
    found, pending = set(), [name]
    while pending:
        new = direct.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def check_banned(tree):
    for name, number, line in code_lines(tree):
        for word, where, instead in BANNED_IN_CODE:
            match = re.search(word, without_comments(line))
            if match and not re.fullmatch(where, name):
                yield name, number, f"{match[0].strip()} is banned here, use {instead}"


def check_skipped_tests(tree):
    previous = ""
    for name, number, line in code_lines(tree):
        if re.search(r"\bGTEST_SKIP\b|\bDISABLED_", line) and "//" not in line + previous:
            yield name, number, "a skipped test needs a comment, here or just above, that says why"
        previous = line


def check_sizes(tree):
    for name, text in tree.items():
        if not name.endswith(TEXT_SUFFIXES):
            continue
        limit = TEST_LINES_MAX if is_test(name) else FILE_LINES_MAX
        if name == "CMakeLists.txt":
            limit = ROOT_CMAKE_LINES_MAX
        lines = text.splitlines()
        if len(lines) > limit:
            yield name, limit + 1, f"file exceeds {limit} lines"
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_MAX:
                yield name, number, f"line exceeds {LINE_MAX} columns"


def check_headers(tree):
    for name, text in tree.items():
        if is_ours(name) and name.endswith(".h"):
            if not text.startswith("// "):
                yield name, 1, "header must open with a comment that says what it is"
            if "#pragma once" not in text.splitlines():
                yield name, 1, "header has no #pragma once"


def cmake_words(text):
    code = "\n".join(line.partition("#")[0] for line in text.splitlines())
    return re.split(r"[\s()]+", code)


def check_unbuilt(tree):
    listed = {}
    for name, text in tree.items():
        if name.rpartition("/")[2] == "CMakeLists.txt":
            listed[folder_of(name)] = cmake_words(text)
    scripts = listed.get("", []) + cmake_words(tree.get(SCRIPT_TESTS, ""))
    for name in tree:
        folder, _, base = name.rpartition("/")
        if is_ours(name) and name.endswith(".cc") and base not in listed.get(folder, []):
            yield name, 1, f"is not built: {folder}/CMakeLists.txt does not name it"
        if name.endswith("_test.py") and name not in scripts:
            yield name, 1, f"is not run: {SCRIPT_TESTS} does not name it"


def check_duplicate_names(tree):
    seen = {}
    for name in sorted(tree):
        if is_ours(name) and name.endswith((".h", ".cc", ".py")):
            base = name.rpartition("/")[2]
            if base in seen:
                yield name, 1, f"has the same name as {seen[base]}"
            seen.setdefault(base, name)


def check_unfinished(tree):
    for name, text in tree.items():
        if name.endswith(TEXT_SUFFIXES):
            for number, line in enumerate(text.splitlines(), 1):
                match = UNFINISHED.search(line)
                if match:
                    yield name, number, f"{match[0]}: finish it, or open an issue"


def check_machine_paths(tree):
    for name, text in tree.items():
        for number, line in enumerate(text.splitlines(), 1):
            match = MACHINE_PATH.search(line)
            if match:
                yield name, number, f"{match[0]} is a path of one machine"


CHECKS = [
    check_layers, check_links, check_libraries, check_own_includes, check_banned,
    check_skipped_tests, check_sizes, check_headers, check_unbuilt, check_duplicate_names,
    check_unfinished, check_machine_paths,
]


def errors_in(tree):
    """Sorted (file, line number, why) of everything that some check objects to."""
    return sorted(error for check in CHECKS for error in check(tree))


def file_names(root):
    """Names of the project's files: as git sees them, tracked or new; without git, all of them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=False, capture_output=True, text=True)
    if listed.returncode == 0:
        return sorted(set(filter(None, listed.stdout.split("\0"))))
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in ("build", ".git", "__pycache__")]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(names)


def read_tree(root):
    tree = {}
    for name in file_names(root):
        path = root / name
        if path.is_file() and b"\0" not in (data := path.read_bytes()):
            tree[name] = data.decode("utf-8", errors="replace")
    return tree


def main():
    errors = errors_in(read_tree(pathlib.Path(__file__).resolve().parent.parent))
    for name, number, why in errors:
        print(f"{name}:{number}: error: {why}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
