"""What the outcomes of mutants come to: which of those alive are explained, which explanations are
stale, whether ci/mutate.py passes. For ci/mutate.py."""
import json

ALIVE_MAX = 0.10  # of those that ran, unexplained
RAN_MIN = 0.90  # of all, where all were to run


class Failed(Exception):
    pass


def read_explanations(text):
    """The text of ci/mutants.json as a dict of Mutant.place() -> how many sites there are covered.
    It is a list of {"file", "function", "line": the text of the line, "mutants": as they are
    listed, "why", and "count" if that is not 1}; edits elsewhere in the file do not matter."""
    covered = {}
    for entry in json.loads(text):
        if set(entry) - {"count"} != {"file", "function", "line", "mutants", "why"} or \
                not all(entry.values()):
            raise Failed("ci/mutants.json: file, function, line, mutants and why are needed: "
                         f"{entry}")
        for change in entry["mutants"]:
            place = (entry["file"], entry["function"], entry["line"], change)
            if place in covered:
                raise Failed(f"ci/mutants.json: twice: {place}")
            covered[place] = entry.get("count", 1)
    return covered


def is_alive(mutant):
    return mutant.outcome in ("survived", "not reached")


def unexplained(mutants, covered):
    """Those alive for which there is no explanation, or which are more than it covers; in the order
    of the text."""
    left = dict(covered)
    for mutant in sorted(mutants, key=lambda mutant: (mutant.file, mutant.start, mutant.number)):
        if is_alive(mutant):
            left[mutant.place()] = left.get(mutant.place(), 0) - 1
            if left[mutant.place()] < 0:
                yield mutant


def stale(covered, mutants):
    """What is stale in the explanations, one line each."""
    found = {}
    for mutant in mutants:
        found.setdefault(mutant.place(), []).append(mutant)
    for place, count in covered.items():
        here = found.get(place, [])
        living = sum(is_alive(mutant) or mutant.outcome == "not run" for mutant in here)
        where = "{}: {}: {}: {}".format(*place)
        if not here:
            yield f"{where}: there is no such mutant"
        elif not living:
            yield f"{where}: the tests kill it"
        elif living < count:
            yield f"{where}: covers {count}, but {living} live"


def verdict(mutants, alive, stale_lines, is_full):
    """The exit code. ALIVE are not explained."""
    ran = sum(mutant.outcome != "not run" for mutant in mutants)
    if is_full and ran < RAN_MIN * len(mutants):
        print(f"only {ran} of {len(mutants)} mutants ran: that says nothing of all of them")
        return 2
    return 1 if alive > ALIVE_MAX * max(ran, 1) or (is_full and stale_lines) else 0
