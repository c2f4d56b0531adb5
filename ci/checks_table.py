#!/usr/bin/env python3
"""Writes scenarios/CHECKS.md from scenarios/checks.json: `ci/checks_table.py [--write]`.

Without --write it prints the document. checks.json says which scenarios and properties catch the
bugs that shipped elsewhere, which answer the ranked checks and the catalogue's findings, and what
nats-streaming-server 0.25.6 does in each cell of the matrix of tampering; ci/checks_test.py holds
it to the scenarios that there are and to what they show.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "scenarios" / "checks.json"
DOCUMENT = ROOT / "scenarios" / "CHECKS.md"

HEAD = """# What is checked, by name

Made by `ci/checks_table.py --write` from `checks.json`; do not edit.

Ids are those of scenarios (`atrest run ID`), of folders of them (ending in `/`), and of properties
(`property/...`, `atrest fuzz`).

## The matrix of tampering

What somebody with the disk changes while the server is stopped, and what 0.25.6 makes of it. With
the checksum *repaired* it is an attacker; with a *wrong* one it may be an accident.

- **detected**: nothing wrong is delivered, and whatever is missing is reported.
- **refused**: the server does not start, and says why.
- **accepted silently**: something is delivered that was not published so, or was acked before.
- **data lost**: a message is missing, and nobody was told.
- **crashed**: the server ends by itself. No cell of 0.25.6 is one.

| changed | requirement | checksum repaired | checksum wrong |
|---|---|---|---|
"""


def cell(value):
    if "why_not" in value:
        return f"n/a: {value['why_not']}"
    return f"**{value['outcome']}** `{value['scenario'].rsplit('/', 1)[-1]}`"


def ids(names):
    return ", ".join(f"`{name}`" for name in names) or "none"


def answer(row):
    """The ids that answer a row, and what there is to say of them."""
    parts = []
    if "not_here" in row:
        parts.append(f"not checked: {row['not_here']}")
    if row.get("by"):
        parts.append(ids(row["by"]))
    if "note" in row:
        parts.append(row["note"])
    return ". ".join(part.rstrip(".") for part in parts)


def document(data):
    lines = [HEAD]
    for row in data["matrix"]:
        lines.append(f"| {row['kind']} | {row['requirement']} | {cell(row['repaired'])} "
                     f"| {cell(row['wrong'])} |\n")
    lines.append("\n`n/a` says why there is no such cell. Scenarios are in `crypto/tampering`.\n")
    lines.append("\n## Bugs that shipped\n\nBugs of encryption at rest that were released, "
                 "and what finds such a bug here.\n\n| bug | source | found by |\n"
                 "|---|---|---|\n")
    for row in data["shipped"]:
        found = answer(row)
        if "without" in row:
            found = f"{row['without']} {found}"
        lines.append(f"| {row['bug']} | {row['source']} | {found} |\n")
    lines.append("\n## The thirty ranked checks\n\n| rank | check | by |\n|---|---|---|\n")
    for row in data["ranked"]:
        lines.append(f"| {row['rank']} | {row['check']} | {answer(row)} |\n")
    lines.append("\n## Findings of the catalogue about this server\n\n| id | finding | by |\n"
                 "|---|---|---|\n")
    for row in data["catalogue"]:
        lines.append(f"| {row['id']} | {row['finding']} | {answer(row)} |\n")
    return "".join(lines)


def main():
    text = document(json.loads(DATA.read_text(encoding="utf-8")))
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
