#!/usr/bin/env python3
"""unity_groups.py deals files with a name in common into different groups, and only those."""
import unittest

import unity_groups


def unnamed(*lines):
    return "\n".join(["namespace atrest {", "namespace {", *lines, "}  // namespace", "",
                      "}  // namespace atrest", ""])


def together(first, second):
    dealt = unity_groups.deal({"a": first, "b": second})
    return dealt["a"] == dealt["b"]


class UnityGroupsTest(unittest.TestCase):
    def test_the_same_name_twice_does_not_compile(self):
        for line in ("constexpr size_t kMax = 3;", "std::string Text(int value) {",
                     "const char kName[] = \"x\";", "struct Seen {", "enum class Kind { kOne };",
                     "using Map = std::map<int, int>;", "MATCHER_P(Holds, what, \"\") {",
                     "template <typename T>\nT Twice(T value) {", "class Fixture : public Base {"):
            self.assertFalse(together(unnamed(line), unnamed(line)), line)
            self.assertTrue(together(unnamed(line), unnamed("int Own();")), line)

    def test_macros_and_static_functions_count_as_unnamed(self):
        for line in ("#define TWICE(x) x", "static int Count(int value) {"):
            self.assertFalse(together(line, line), line)

    def test_what_others_take_from_a_header_is_not_to_be_hidden(self):
        self.assertFalse(together(unnamed("class Search {"), "void Drop(Search& search) {}"))
        self.assertTrue(together(unnamed("class Search {"), "void Drop(Walk& walk) {}"))

    def test_a_using_declaration_clashes_with_another_meaning_only(self):
        self.assertTrue(together("using verdict::Kind;", "using verdict::Kind;"))
        self.assertFalse(together("using verdict::Kind;", "using fault::Kind;"))

    def test_names_of_named_namespaces_members_and_comments_are_everybodys(self):
        for line in ("int Count(int value);", "int Store::Count() {", "// class Search {",
                     "const char* text = \"class Search {\";"):
            text = "namespace atrest {\n" + line + "\n}  // namespace atrest\n"
            self.assertTrue(together(text, text.replace("text", "other")), line)

    def test_groups_are_of_one_size_and_main_stands_alone(self):
        files = {f"{number}.cc": unnamed(f"int F{number}();") for number in range(40)}
        dealt = unity_groups.deal({"main.cc": "int main() {}", **files})
        self.assertIsNone(dealt.pop("main.cc"))
        sizes = [list(dealt.values()).count(group) for group in range(3)]
        self.assertEqual(sorted(sizes), [13, 13, 14])


if __name__ == "__main__":
    unittest.main()
