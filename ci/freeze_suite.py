#!/usr/bin/env python3
"""Freezes the suite as it is: freeze_suite.py VERSION writes scenarios/suites/VERSION.json.

A version lists every scenario with a hash of its content, and the requirements that count in it
(harness/runner/RUNS.md). One that is there is never written again.
"""
import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
USAGE = 64


def scenario_files(root):
    """{id: path} of every scenario below the root of a checkout."""
    folder = root / "scenarios"
    files = {}
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if "/" in name and not name.startswith("suites/"):
            files[name] = path
    return files


def content_hash(document):
    """Of a JSON value, whatever its formatting; harness/runner/suite_version.h has the same."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def frozen(root, version):
    """What the file of a version of the suite below `root` holds."""
    requirements = json.loads((root / "scenarios/requirements.json").read_text())
    return {
        "version": version,
        "requirements": sorted(each["id"] for each in requirements),
        "scenarios": {name: content_hash(json.loads(path.read_text()))
                      for name, path in scenario_files(root).items()},
    }


def freeze(root, version):
    """Writes a version and returns the path of its file; raises FileExistsError for an old one."""
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z.-]*", version):
        raise ValueError(f"{version!r} is not the name of a version")
    path = root / "scenarios/suites" / f"{version}.json"
    text = json.dumps(frozen(root, version), indent=2, ensure_ascii=False) + "\n"
    path.parent.mkdir(exist_ok=True)
    with path.open("x") as file:
        file.write(text)
    return path


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: freeze_suite.py VERSION", file=sys.stderr)
        return USAGE
    try:
        path = freeze(ROOT, arguments[0])
    except (FileExistsError, ValueError) as error:
        print(f"freeze_suite.py: {error}", file=sys.stderr)
        return 1
    print(f"wrote {path.relative_to(ROOT)}: {len(json.loads(path.read_text())['scenarios'])} "
          "scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
