#!/usr/bin/env python3
"""Every check of tidy.py finds what it is for, and nothing in a tree that keeps the rules."""
import unittest

import tidy

HEADER = "// What this is.\n#pragma once\n"


def folder(name, **files):
    """The tree of one folder that builds its files; stem__suffix=text names a file stem.suffix."""
    tree = {f"{name}/{key.replace('__', '.')}": text for key, text in files.items()}
    built = " ".join(file.rpartition("/")[2] for file in tree if file.endswith(".cc"))
    library = name.replace("/", "_")
    return {f"{name}/CMakeLists.txt": f"atrest_library({library} SOURCES {built})\n"} | tree


def include(*names):
    return "".join(f'#include "{name}"\n' for name in names)


class TidyTest(unittest.TestCase):
    def assertClean(self, tree):
        self.assertEqual(tidy.errors_in(tree), [])

    def assertError(self, tree, name, number, why):
        self.assertEqual(tidy.errors_in(tree), [(name, number, why)])

    def test_a_tree_that_keeps_the_rules(self):
        self.assertClean(
            folder("reference/base", bytes__h=HEADER, bytes__cc=include("reference/base/bytes.h"))
            | folder("reference/crypto", envelope__cc="#include <botan/aead.h>\n")
            | folder("reference/env", posix_env__cc="auto t = std::chrono::system_clock::now();\n")
            | folder("harness/oracle", model__cc=include("harness/verdict/verdict.h"))
            | {"CMakeLists.txt": "project(atrest)\n", "README.md": "x" * 200 + "\n"})


class LayerTest(TidyTest):
    def test_reference_never_includes_harness(self):
        self.assertError(
            folder("reference/base", status__cc="\n" + include("harness/verdict/verdict.h")),
            "reference/base/status.cc", 2, "reference/base must not include harness/verdict")

    def test_the_oracle_sees_nothing_of_the_reference(self):
        self.assertError(
            folder("harness/oracle", model__cc=include("reference/base/status.h")),
            "harness/oracle/model.cc", 1, "harness/oracle must not include reference/base")

    def test_only_the_inproc_driver_sees_the_store(self):
        store = include("reference/store/store.h")
        self.assertClean(folder("harness/driver", inproc_driver__cc=store))
        self.assertError(
            folder("harness/driver", wire_driver__cc=store),
            "harness/driver/wire_driver.cc", 1, "harness/driver must not include reference/store")

    def test_the_simulator_has_no_broker(self):
        self.assertError(
            folder("reference/sim", world__cc=include("reference/broker/broker.h")),
            "reference/sim/world.cc", 1, "reference/sim must not include reference/broker")

    def test_the_runner_knows_the_driver_interface_only(self):
        self.assertClean(folder("harness/runner", runner__cc=include("harness/driver/driver.h")))
        self.assertError(
            folder("harness/runner", runner__cc=include("harness/driver/inproc_driver.h")),
            "harness/runner/runner.cc", 1,
            "harness/runner may include only harness/driver/driver.h of harness/driver")

    def test_includes_are_written_from_the_root(self):
        self.assertError(
            folder("reference/base", status__cc=include("status.h")), "reference/base/status.cc", 1,
            '"status.h" must be written from the root of the checkout')

    def test_a_folder_that_the_table_does_not_know(self):
        self.assertError(
            folder("reference/extra", new__cc="#include <map>\n"), "reference/extra/new.cc", 1,
            "reference/extra is not in the layer table of ci/tidy.py")

    def test_every_edge_names_a_folder_of_the_table(self):
        for name, edges in tidy.LAYERS.items():
            self.assertLessEqual(edges, set(tidy.LAYERS), name)

    def test_libraries_are_linked_along_the_same_edges(self):
        tree = {"reference/raft/CMakeLists.txt":
                "atrest_library(reference_raft DEPS reference_base)  # not reference_env\n"}
        self.assertClean(tree)
        self.assertError(
            {"reference/raft/CMakeLists.txt":
             "atrest_library(reference_raft\n  DEPS reference_env)\n"},
            "reference/raft/CMakeLists.txt", 2, "reference/raft must not link reference/env")


class LibraryTest(TidyTest):
    def check(self, included, good, bad, why):
        line = f"#include <{included}>\n"
        for name, errors in ((good, []), (bad, [(bad, 1, f"<{included}>: {why}")])):
            path, _, base = name.rpartition("/")
            self.assertEqual(
                tidy.errors_in(folder(path, **{base.replace(".", "__"): line})), errors)

    def test_botan(self):
        self.check("botan/aead.h", "reference/tls/session.cc", "reference/store/msgs.cc",
                   "Botan stays in reference/crypto and reference/tls")

    def test_openssl(self):
        self.check("openssl/evp.h", "harness/disktruth/sealing.cc", "reference/crypto/aead.cc",
                   "OpenSSL is the cipher of harness/disktruth, and of nothing that it judges")

    def test_boost_process(self):
        self.check("boost/process.hpp", "harness/driver/child_process.cc",
                   "harness/driver/wire_driver.cc",
                   "Boost.Process stays in harness/driver/child_process")

    def test_boost_asio(self):
        self.check("boost/asio.hpp", "reference/broker/listener.cc", "reference/stan/server.cc",
                   "Boost.Asio stays in reference/broker and reference/server")

    def test_json(self):
        why = "JSON stays in harness (not verdict, not oracle) and in tests"
        self.check("nlohmann/json.hpp", "harness/scenario/load.cc", "reference/store/msgs.cc", why)
        self.check("nlohmann/json.hpp", "reference/store/golden_test.cc", "harness/oracle/model.cc",
                   why)

    def test_cli11(self):
        self.check("CLI/CLI.hpp", "harness/cli/options.cc", "harness/runner/runner.cc",
                   "CLI11 stays in the command lines of programs")

    def test_pugixml(self):
        self.check("pugixml.hpp", "harness/report/junit.cc", "harness/cli/main.cc",
                   "pugixml stays in harness/report")

    def test_protobuf(self):
        self.check("google/protobuf/message.h", "reference/wire/proto_test.cc",
                   "reference/wire/proto.cc", "protobuf is the independent check in tests")

    def test_libnats(self):
        self.check("nats/nats.h", "harness/driver/wire_driver.cc", "harness/cli/main.cc",
                   "libnats stays in harness/driver")

    def test_rapidcheck(self):
        self.check("rapidcheck.h", "harness/generate/steps.cc", "harness/runner/runner.cc",
                   "RapidCheck stays in harness/generate and in tests")

    def test_googletest(self):
        self.check("gtest/gtest.h", "reference/base/status_test.cc", "reference/base/status.cc",
                   "GoogleTest stays in tests")


class BannedTest(TidyTest):
    def check(self, line, found, instead, place="reference/store/msgs.cc"):
        path, _, base = place.rpartition("/")
        key = base.replace(".", "__")
        self.assertError(folder(path, **{key: f"\n{line}\n"}), place, 2,
                         f"{found} is banned here, use {instead}")
        self.assertClean(folder(path, **{key: f"// {line}\n"}))

    def test_clocks(self):
        self.check("auto t = std::chrono::steady_clock::now();", "steady_clock", "the Env's clock")
        self.check("auto t = time(nullptr);", "time(nullptr", "the Env's clock")
        self.check("std::time(&t);", "std::time(", "the Env's clock", "harness/report/junit.cc")

    def test_entropy(self):
        self.check("std::random_device d;", "random_device", "the Env's entropy")
        self.check("Botan::AutoSeeded_RNG rng;", "AutoSeeded_RNG", "the Env's entropy")

    def test_randomness_of_the_library(self):
        self.check("std::uniform_int_distribution<int> d;", "std::uniform_int_distribution",
                   "reference/base/random.h: the library's differ between compilers")

    def test_unordered_containers(self):
        self.check("std::unordered_map<int, int> m;", "std::unordered_",
                   "std::map or a sorted vector: iteration order leaks")

    def test_threads(self):
        self.check("std::thread t;", "std::thread", "events and ticks")

    def test_environment(self):
        self.check('getenv("KEY");', "getenv", "an option that the program passes in")

    def test_using_namespace_std(self):
        self.check("using namespace std;", "using namespace std", "qualified names")

    def test_views(self):
        why = "iterators: clang 14 rejects libstdc++ 12's views"
        self.check("for (int i : v | std::views::reverse) f(i);", "std::views::", why)
        self.check("std::ranges::unique(v);", "std::ranges::unique", why)
        self.assertClean(folder("reference/base", bytes__cc="std::ranges::sort(v);\n"))

    def test_the_outside_world_has_its_places(self):
        clock = "auto t = std::chrono::steady_clock::now();\n"
        self.assertClean(folder("harness/driver", child_process__cc=clock)
                         | folder("reference/env", posix_clock__cc=clock))


class FileTest(TidyTest):
    def test_columns_are_counted_in_characters(self):
        good = "// " + "\u00e9" * 97 + "\n"
        self.assertClean(folder("reference/base", status__cc=good))
        self.assertError(folder("reference/base", status__cc="\n" + "x" * 101 + "\n"),
                         "reference/base/status.cc", 2, "line exceeds 100 columns")

    def test_file_sizes(self):
        self.assertClean(folder("reference/base", bytes__cc="\n" * 600, bytes_test__cc="\n" * 800))
        self.assertError(folder("reference/base", status__cc="\n" * 601),
                         "reference/base/status.cc", 601, "file exceeds 600 lines")
        self.assertError(folder("reference/base", status_test__cc="\n" * 801),
                         "reference/base/status_test.cc", 801, "file exceeds 800 lines")
        self.assertError({"CMakeLists.txt": "\n" * 121}, "CMakeLists.txt", 121,
                         "file exceeds 120 lines")

    def test_headers(self):
        self.assertError(folder("reference/base", status__h="#pragma once\n"),
                         "reference/base/status.h", 1,
                         "header must open with a comment that says what it is")
        self.assertError(folder("reference/base", status__h="// What it is.\n"),
                         "reference/base/status.h", 1, "header has no #pragma once")

    def test_headers_include_what_they_use(self):
        body = HEADER + "uint64_t a;\nuint8_t b;\n"
        self.assertError(folder("reference/base", bytes__h=body), "reference/base/bytes.h", 3,
                         "uses what <cstdint> declares and does not include it")
        self.assertClean(folder("reference/base", bytes__h=body + "#include <cstdint>\n"))
        self.assertClean(folder("reference/base", bytes__cc="uint64_t a;\n"))
        self.assertClean(folder("reference/base", bytes__h=body + include("reference/base/more.h"),
                                more__h=HEADER + "#include <cstdint>\n"))

    def test_unbuilt_sources(self):
        for base in ("status.cc", "status_test.cc", "status_fuzz.cc"):
            name = f"reference/base/{base}"
            lists = {"reference/base/CMakeLists.txt": f"atrest_library(x)  # {base} is left out\n"}
            self.assertError({name: ""} | lists, name, 1,
                             "is not built: reference/base/CMakeLists.txt does not name it")

    def test_python_tests_that_nobody_runs(self):
        name = "harness/pyreader/reader_test.py"
        self.assertClean({name: "", "CMakeLists.txt": f"atrest_python_test(x SCRIPT {name})\n"})
        self.assertError({name: "", "CMakeLists.txt": f"# {name}\n"}, name, 1,
                         "is not run: cmake/script_tests.cmake does not name it")

    def test_a_name_that_only_contains_another(self):
        tree = folder("reference/base", my_status__cc="") | {"reference/base/status.cc": ""}
        self.assertError(tree, "reference/base/status.cc", 1,
                         "is not built: reference/base/CMakeLists.txt does not name it")

    def test_duplicate_names(self):
        tree = folder("reference/base", names__cc="") | folder("harness/cli", names__cc="")
        self.assertError(tree, "reference/base/names.cc", 1,
                         "has the same name as harness/cli/names.cc")
        self.assertClean({"reference/store/FORMAT.md": "", "reference/raftlog/FORMAT.md": ""})

    def test_skipped_tests(self):
        skip = 'GTEST_SKIP() << "no disk";\n'
        why = "a skipped test needs a comment, here or just above, that says why"
        self.assertError(folder("reference/base", status_test__cc="\n" + skip),
                         "reference/base/status_test.cc", 2, why)
        self.assertError(folder("reference/base", status_test__cc="TEST(A, DISABLED_B) {}\n"),
                         "reference/base/status_test.cc", 1, why)
        self.assertClean(folder("reference/base", status_test__cc="// Needs a full disk.\n" + skip))

    def test_unfinished_work(self):
        for word in ("FIX" "ME", "TO" "DO"):
            self.assertError({"ci/job.py": f"\n# {word} later\n"}, "ci/job.py", 2,
                             f"{word}: finish it, or open an issue")

    def test_paths_of_one_machine(self):
        for place in ("work", "root", "farm"):
            self.assertError({"README.md": f"see /{place}/x\n"}, "README.md", 1,
                             f"/{place}/ is a path of one machine")
        self.assertClean({"README.md": "http://host.example/homework/root/x and ./work/y\n"})


if __name__ == "__main__":
    unittest.main()
