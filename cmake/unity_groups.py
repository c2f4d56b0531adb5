#!/usr/bin/env python3
"""Deals the sources of a target into groups that can be compiled as one: unity_groups.py FILE...

Most of a compiler's time goes into headers and templates that a folder's files share, so sixteen of
them compiled as one take about as long as four. What stands in the way are names that two files of
a group both use for themselves: of unnamed namespaces, of macros, of using declarations. Files with
such a name in common come into different groups. Called by atrest.cmake; prints "GROUP FILE" a
line, where GROUP is a number, or - for a file that stays alone; the same for the same files.

Only what clang-format guarantees is read: namespaces do not indent, so what a namespace declares
begins in column 0. A name that this misses ends in a compiler's error, never in a wrong program.
"""
import pathlib
import re
import sys

GROUP_SIZE = 16
HAS_MAIN = re.compile(r"^int main\(", re.M)
NOISE = re.compile(r'R"(\w*)\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
END_OF_NAMESPACE = "}  // namespace"  # the comment tells it from the end of a function
NAMESPACE = re.compile(r"^(?:inline )?namespace\b([^{;=]*)\{")
USING = re.compile(r"^using\s+([\w:]+::(\w+));")
MACRO = re.compile(r"^#\s*define\s+(\w+)")
TYPE = re.compile(r"^(?:template\b.*>\s*)?(?:struct|class|enum(?: class)?|union)\s+(\w+)(?!.*;$)")
ALIAS = re.compile(r"^using\s+(\w+)\s*=")
MATCHER = re.compile(r"^MATCHER\w*\((\w+)")
# A function or a variable: a type, then a name that is no member of something.
VALUE = re.compile(r"^(?!using|namespace|template|return|TEST|INSTANTIATE|RC_GTEST|MATCHER|#|\s|\})"
                   r"[\w:<>,&*\s\[\]]*?[\s&*>](?<!::)(\w+)\s*(?:\(|=|\{|;|\[)")
TYPE_USED = re.compile(r"(?<![.:>\w])([A-Z]\w*)\b(?!\s*\()")


def without_noise(found):
    noise = found.group()
    return noise if noise.startswith("// namespace") else '""'


class File:
    """What matters of one file: `own` has the names that nobody else may use for something else,
    each with what it means; `shared` the others that it declares; `used` those it has from
    elsewhere."""

    def __init__(self, text):
        text = NOISE.sub(without_noise, text)
        self.own, self.shared = {}, set()
        nested = []
        for line in text.split("\n"):
            opened = NAMESPACE.match(line)
            if opened:
                nested.append(not opened.group(1).strip())
            elif line.startswith(END_OF_NAMESPACE) and nested:
                nested.pop()
            else:
                self.read(line, any(nested))
        self.used = set(TYPE_USED.findall(text)) - set(self.own)

    def read(self, line, is_unnamed):
        using = USING.match(line)
        if using:
            self.own[using.group(2)] = using.group(1)
            return
        for pattern in (MACRO, TYPE, ALIAS, MATCHER, VALUE):
            found = pattern.match(line)
            if found and (pattern is MACRO or is_unnamed or line.startswith("static ")):
                self.own[found.group(1)] = self
            elif found:
                self.shared.add(found.group(1))
            if found:
                return

    def clashes(self, other):
        own, others = self.own.keys(), other.own.keys()
        return (any(self.own[name] != other.own[name] for name in own & others) or
                own & (other.shared | other.used) or others & (self.shared | self.used))


def deal(files):
    """Group number or None for each of FILES, a dictionary of name to text."""
    groups, dealt = [], {}
    wanted = -(-len(files) // GROUP_SIZE)
    for name, text in files.items():
        dealt[name] = None
        if HAS_MAIN.search(text):
            continue
        file = File(text)
        free = [number for number, group in enumerate(groups) if len(group) < GROUP_SIZE and
                not any(file.clashes(other) for other in group)]
        if len(groups) < wanted or not free:
            free = [len(groups)]
            groups.append([])
        dealt[name] = min(free, key=lambda number: len(groups[number]))
        groups[dealt[name]].append(file)
    return dealt


def main():
    files = {name: pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]}
    for name, group in deal(files).items():
        print("-" if group is None else group, name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
