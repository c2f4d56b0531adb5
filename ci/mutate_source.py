"""Mutant schemata: rewrites C++ so that many small defects ("mutants") are in one program at once,
each behind its number, and one is chosen when the program runs. Used by ci/mutate.py.

A site is a piece of a file, an expression or a statement, with the mutants that stand in its place:
`a < b` becomes `(MUTANT_(7) ? (a) <= (b) : MUTANT_(8) ? (a) >= (b) : (a < b))`. Only one mutant is
on at a time, so that a mutant repeats the original text of its operands, and the mutated text of
inner sites stands in the last branch. No line begins anywhere else than in the original.

Where something is comes from clang's AST (libclang, of python3-clang); what it says comes from the
text. Texts are read as Latin-1, so that clang's offsets, which count bytes, are indices.

Code of reference/base/fault.h is no code of the product, so it is not mutated: what is not
executed, or comes to the same, where every `fault::On` is false is left alone, and so are functions
that only such code calls. The rest of a condition in which a fault is asked for is mutated as any
other.
"""
import ctypes
import dataclasses
import re
import sys

try:
    import clang.cindex as clang
except ImportError:
    # Debian's packages belong to Debian's Python; this may be another.
    sys.path.append("/usr/lib/python3/dist-packages")
    try:
        import clang.cindex as clang
    except ImportError:
        sys.exit("ci/mutate_source.py: libclang for Python is not installed: "
                 "run ci/install.sh")

Kind = clang.CursorKind

COMPARISONS = {"<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
               "==": ("!=",), "!=": ("==",)}
OPERATORS = COMPARISONS | {
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",), "&&": ("||",), "||": ("&&",),
    "&": ("|",), "|": ("&",), "^": ("|",), "<<": (">>",), ">>": ("<<",), "+=": ("-=",),
    "-=": ("+=",), "|=": ("&=",), "&=": ("|=",), "^=": ("|=",)}
FUNCTIONS = {"std::min": "std::max", "std::max": "std::min"}
# Nothing in these is evaluated at run time.
CONSTANT = {Kind.STATIC_ASSERT, Kind.ENUM_DECL, Kind.PARM_DECL, Kind.TYPE_ALIAS_DECL,
            Kind.TYPEDEF_DECL, Kind.USING_DECLARATION, Kind.DECL_REF_EXPR, Kind.TYPE_REF,
            Kind.TEMPLATE_REF, Kind.TEMPLATE_TYPE_PARAMETER, Kind.TEMPLATE_NON_TYPE_PARAMETER}
FUNCTION_KINDS = {Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR,
                  Kind.FUNCTION_TEMPLATE, Kind.CONVERSION_FUNCTION}
LOOPS = {Kind.WHILE_STMT, Kind.FOR_STMT, Kind.CXX_FOR_RANGE_STMT, Kind.DO_STMT}
# Checks, which only end the program; what depends on the preprocessor; memory set aside, which
# nobody sees.
LEFT_ALONE = re.compile(r"\bATREST_CHECK\b|\bCheckFailed\b|\n[ \t]*#")
FAULT = re.compile(r"\bfaults?::|\bOn\(\s*Fault::")
ASKS = re.compile(r"(?:(?:\w+::)*fault::)?(?:On\(\s*(?:\w+::)*Fault::|IsAny\()|"
                  r"(?:\w+::)*fault::On\(")
CAPACITY = re.compile(r"[\w.]+\.reserve\(")
INTEGER = re.compile(r"(0[xX][0-9a-fA-F']+|[0-9][0-9']*)([uUlL]*)$")
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*.*?\*/', re.S)


@dataclasses.dataclass(frozen=True)
class Mutant:
    says: str  # what stands there now, in one line; "" where the statement is gone
    text: str  # the C++ of it


@dataclasses.dataclass
class Site:
    file: str
    start: int
    end: int  # behind a statement's semicolon
    is_statement: bool
    function: str
    mutants: list
    is_condition: bool = False


def without_comments(text):
    return COMMENT.sub(lambda match: " " if match[0][0] == "/" else match[0], text)


def one_line(text):
    return " ".join(without_comments(text).split())


def blanked(text):
    """TEXT with the insides of comments, strings and characters blank, at the same length."""
    def blank(match):
        keep = "" if match[0][0] == "/" else match[0][0]
        inside = re.sub(r"[^\n]", " ", match[0][len(keep):len(match[0]) - len(keep)])
        return keep + inside + keep
    # A ' between two digits of a number is no quotation mark.
    return COMMENT.sub(blank, re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F]{3})", "_", text))


def closing(code, opening):
    """Where the bracket at OPENING of blanked text closes, or -1."""
    depth = 0
    for at in range(opening, len(code)):
        if code[at] in "([{":
            depth += 1
        elif code[at] in ")]}":
            depth -= 1
            if depth == 0:
                return at
    return -1


def is_balanced(code):
    depth = 0
    for character in code:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def file_offset(location):
    """Where LOCATION is written: for an argument of a macro, where the argument stands."""
    file, line, column, offset = (ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint(),
                                  ctypes.c_uint())
    call = clang.conf.lib.clang_getFileLocation
    call.argtypes = [clang.SourceLocation] + [ctypes.c_void_p] * 4
    call(location, *(ctypes.byref(part) for part in (file, line, column, offset)))
    return offset.value


class Walk:
    """Finds the sites of one file below the cursors of one translation unit."""

    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.code = blanked(text)
        self.function = ""
        self.sites = {}
        self.faulty = []  # (start, end) of code that only runs, or only matters, with a fault
        self.internal = []  # (name, start, end) of functions that only this file can call
        self.skipped = set()  # (start, end) of what would be a site, but for a fault in it

    def span(self, cursor):
        return file_offset(cursor.extent.start), file_offset(cursor.extent.end)

    def add(self, start, end, mutants, is_statement=False, around_faults=False):
        text = self.text[start:end]
        if start >= end or LEFT_ALONE.search("\n" + text) or not is_balanced(self.code[start:end]):
            return
        if FAULT.search(text) and not around_faults:
            self.skipped.add((start, end))
            return
        site = self.sites.setdefault((start, end, is_statement), Site(
            self.name, start, end, is_statement, self.function, []))
        site.mutants += [mutant for mutant in mutants if mutant not in site.mutants]

    def add_texts(self, start, end, *texts, around_faults=False):
        self.add(start, end, [Mutant(one_line(text), one_line(text)) for text in texts],
                 around_faults=around_faults)

    def add_condition(self, start, end, *texts):
        self.add_texts(start, end, *texts, around_faults=True)
        if (start, end, False) in self.sites:
            self.sites[start, end, False].is_condition = True

    # What is declared.

    def declaration(self, cursor):
        """A namespace, a class, a function, a constant."""
        if cursor.kind in FUNCTION_KINDS:
            self.definition(cursor)
        elif cursor.kind in (Kind.VAR_DECL, Kind.FIELD_DECL):
            self.function = self.scope_of(cursor)
            self.constant(cursor)
        elif cursor.kind not in CONSTANT:
            for child in cursor.get_children():
                self.declaration(child)

    def scope_of(self, cursor):
        parent = cursor.semantic_parent
        of_class = parent is not None and parent.kind in (Kind.CLASS_DECL, Kind.STRUCT_DECL)
        return (parent.spelling + "::" if of_class else "") + cursor.spelling

    def definition(self, cursor):
        start, end = self.span(cursor)
        children = list(cursor.get_children())
        if not any(child.kind == Kind.COMPOUND_STMT for child in children):
            return
        if re.search(r"\b(constexpr|consteval)\b", self.code[start:end].partition("{")[0]):
            return
        self.function = self.scope_of(cursor)
        if cursor.linkage in (clang.LinkageKind.INTERNAL, clang.LinkageKind.UNIQUE_EXTERNAL):
            self.internal.append((cursor.spelling, start, end))
        for child in children:
            if child.kind.is_expression() or child.kind == Kind.COMPOUND_STMT:
                self.node(child, None)

    def constant(self, cursor):
        """`constexpr T kName = LITERAL;` and a member's initial value. Where the value is needed
        when compiling, the check of the rewritten file finds out."""
        start, end = self.span(cursor)
        declared = re.match(r"constexpr\b", self.code[start:end])
        if "constexpr" in self.code[start:end] and not declared:
            return
        before = len(self.sites)
        for child in cursor.get_children():
            if child.kind.is_expression():
                self.node(child, None)
        if declared and len(self.sites) > before:
            self.sites[start, start + len("constexpr"), None] = Site(
                self.name, start, start + len("constexpr"), None, self.function, [])

    # What is executed.

    def node(self, cursor, parent):
        kind = cursor.kind
        start, end = self.span(cursor)
        if kind in CONSTANT or self.text.startswith("ATREST_CHECK", start):
            return
        if CAPACITY.match(self.text[start:end]):
            return
        if self.text.startswith("ATREST_TRY(", start):
            self.attempt(cursor, start)
            return
        if kind == Kind.VAR_DECL and re.search(r"\bconstexpr\b", self.code[start:end]):
            return
        if kind in (Kind.IF_STMT, Kind.CONDITIONAL_OPERATOR) and self.decided(cursor):
            return
        if kind.is_expression() and self.without_faults(cursor) is not None:
            self.faulty.append((start, end))
            return
        visit = VISITS.get(kind)
        if visit is not None:
            visit(self, cursor, start, end)
        for child in self.children_of(cursor):
            self.node(child, cursor)

    def children_of(self, cursor):
        children = list(cursor.get_children())
        if cursor.kind == Kind.COMPOUND_STMT:
            return children[:self.executed(children)]
        return children[1:] if cursor.kind == Kind.CASE_STMT else children

    # Faults.

    def without_faults(self, cursor):
        """What a condition comes to, whatever else is in it, where no fault is on: True, False, or
        None where that depends on something else or no fault is asked for."""
        children = list(cursor.get_children())
        start, end = self.span(cursor)
        if cursor.kind == Kind.CALL_EXPR and ASKS.match(self.code[start:end]):
            return False
        if cursor.kind in (Kind.UNEXPOSED_EXPR, Kind.PAREN_EXPR) and len(children) == 1:
            return self.without_faults(children[0])
        if cursor.kind == Kind.UNARY_OPERATOR and self.code[start] == "!":
            value = self.without_faults(children[0])
            return None if value is None else not value
        if cursor.kind == Kind.BINARY_OPERATOR and len(children) == 2:
            sign = self.code[self.span(children[0])[1]:self.span(children[1])[0]].strip()
            values = [self.without_faults(child) for child in children]
            if sign in ("&&", "||"):
                decides = sign == "||"
                same = values[0] if values[0] == values[1] else None
                return decides if decides in values else same
        if cursor.kind == Kind.DECL_REF_EXPR:
            return self.variable_without_faults(cursor.referenced)
        return None

    def variable_without_faults(self, variable):
        if variable is None or variable.kind != Kind.VAR_DECL or \
                not variable.type.is_const_qualified() or \
                variable.type.get_canonical().kind != clang.TypeKind.BOOL:
            return None
        values = [child for child in variable.get_children() if child.kind.is_expression()]
        return self.without_faults(values[-1]) if values else None

    def branches(self, cursor):
        """(condition, what is executed if so, or None, if not, or None) of an `if` or a ?:."""
        children = list(cursor.get_children())
        if cursor.kind == Kind.IF_STMT:
            opening = self.code.find("(", self.span(cursor)[0])
            close = closing(self.code, opening) if opening >= 0 else -1
            head = [child for child in children if self.span(child)[0] < close]
            parts = [head[-1]] + children[len(head):] if head else []
        else:
            parts = children
        return (parts + [None, None, None])[:3]

    def decided(self, cursor):
        """Walks the branch that is executed without faults, where that does not depend on anything
        else; says whether it was so."""
        condition, yes, no = self.branches(cursor)
        value = self.without_faults(condition) if condition is not None else None
        if value is None:
            return False
        kept, lost = (yes, no) if value else (no, yes)
        self.faulty += [self.span(part) for part in (condition, lost) if part is not None]
        if kept is not None:
            if cursor.kind == Kind.IF_STMT:
                self.statement(kept)
            self.node(kept, cursor)
        return True

    def executed(self, statements):
        """How many of the statements are executed without faults: behind `if (!fault::On(...))
        return` no more are."""
        for i, statement in enumerate(statements):
            if statement.kind != Kind.IF_STMT:
                continue
            condition, yes, no = self.branches(statement)
            if no is None and yes is not None and yes.kind == Kind.RETURN_STMT and \
                    condition is not None and self.without_faults(condition):
                self.faulty += [self.span(other) for other in statements[i + 1:]]
                return i + 1
        return len(statements)

    def drop_faulty(self):
        """Takes out the functions that only code of faults calls, and what else is such code."""
        while True:
            code = self.code
            for start, end in self.faulty:
                code = code[:start] + " " * (end - start) + code[end:]
            more = [(start, end) for name, start, end in self.internal
                    if (start, end) not in self.faulty and self.only_faulty(name, code)]
            if not more:
                break
            self.faulty += more
        self.sites = {key: site for key, site in self.sites.items()
                      if not any(start <= site.start < end for start, end in self.faulty)}
        self.skipped = {place for place in self.skipped
                        if not any(start <= place[0] < end for start, end in self.faulty)}

    def only_faulty(self, name, code):
        """Whether NAME is called in the file, but not in CODE, which has the calls of no fault."""
        def calls(text):
            for _, start, end in (one for one in self.internal if one[0] == name):
                text = text[:start] + " " * (end - start) + text[end:]
            return len(re.findall(r"\b" + name + r"\b", text))
        return calls(code) == 0 < calls(self.code)

    def attempt(self, cursor, start):
        """ATREST_TRY(x): not done at all, and its failure ignored."""
        opening = start + len("ATREST_TRY")
        close = closing(self.code, opening)
        end = close + 1 + self.code[close + 1:close + 2].count(";")
        inside = one_line(self.text[opening + 1:close])
        self.add(start, end, [Mutant("", ""), Mutant(f"(void)({inside});",
                                                     f"static_cast<void>({inside});")], True)

        def descend(node):
            for child in node.get_children():
                at, to = self.span(child)
                if opening < at and to <= close:
                    self.node(child, node)
                elif at == start:
                    descend(child)
        descend(cursor)

    def statement(self, cursor):
        """An expression, a break, a continue or a bare return as a statement: left out."""
        start, end = self.span(cursor)
        dropped = cursor.kind.is_expression() or cursor.kind in (Kind.BREAK_STMT,
                                                                 Kind.CONTINUE_STMT)
        if cursor.kind == Kind.RETURN_STMT and not list(cursor.get_children()):
            dropped = True
        semicolon = re.compile(r"\s*;").match(self.code, end)
        if CAPACITY.match(self.text[start:end]) or self.text.startswith("ATREST_", start):
            return
        if dropped and semicolon:
            self.add(start, semicolon.end(), [Mutant("", "")], True)

    def compound(self, cursor, start, end):
        for child in self.children_of(cursor):
            self.statement(child)

    def labelled(self, cursor, start, end):
        self.statement(list(cursor.get_children())[-1])

    def controlled(self, cursor, start, end):
        """if, while, for: the condition is forced, what is executed may be left out."""
        opening = self.code.find("(", start)
        close = closing(self.code, opening)
        if opening < 0 or close < 0 or self.code[start:opening].endswith("constexpr "):
            return
        head = self.code[opening + 1:close]
        conditions = []
        for child in cursor.get_children():
            at, to = self.span(child)
            if at > close:
                self.statement(child)
            elif child.kind.is_expression() and self.is_condition(cursor.kind, head,
                                                                  at - opening - 1):
                conditions.append((at, to))
        declares = cursor.kind == Kind.IF_STMT and ";" not in head and any(
            child.kind == Kind.VAR_DECL for child in cursor.get_children())
        if declares or not conditions or cursor.kind == Kind.CXX_FOR_RANGE_STMT:
            return
        at, to = conditions[-1]
        forced = ["false", "true"] if cursor.kind == Kind.IF_STMT else ["false"]
        self.add_condition(at, to, *forced)

    def is_condition(self, kind, head, at):
        return kind != Kind.FOR_STMT or head[:at].count(";") == 1

    def choice(self, cursor, start, end):
        children = list(cursor.get_children())
        if len(children) == 3:
            at, to = self.span(children[0])
            self.add_condition(at, to, f"!({one_line(self.text[at:to])})")

    def binary(self, cursor, start, end):
        children = list(cursor.get_children())
        if len(children) != 2:
            return
        left, right = (self.span(child) for child in children)
        self.operator(start, end, left, self.code[left[1]:right[0]].strip(), right)

    def overloaded(self, cursor, start, end):
        """A comparison of a class, std::min and std::max. What else `+` may be is left alone."""
        children = list(cursor.get_children())
        if len(children) == 3:
            left, middle, right = (self.span(child) for child in children)
            sign = self.text[middle[0]:middle[1]]
            if sign in COMPARISONS and left[1] <= middle[0] and middle[1] <= right[0]:
                self.operator(start, end, left, sign, right)
        text = one_line(self.text[start:end])
        for name, other in FUNCTIONS.items():
            if re.match(name + r"\b\s*[(<]", text):
                self.add_texts(start, end, other + text[len(name):])

    def operator(self, start, end, left, sign, right):
        operands = [one_line(self.text[at:to]) for at, to in (left, right)]
        self.add(start, end, [
            Mutant(f"{operands[0]} {other} {operands[1]}",
                   f"({operands[0]}) {other} ({operands[1]})")
            for other in OPERATORS.get(sign, ())])

    def unary(self, cursor, start, end):
        text = one_line(self.text[start:end])
        for sign, other in (("++", "--"), ("--", "++")):
            if text.startswith(sign):
                self.add_texts(start, end, other + text[2:])
            elif text.endswith(sign):
                self.add_texts(start, end, text[:-2] + other)
        if text.startswith("!") and not text.startswith("!="):
            self.add(start, end, [Mutant(text[1:], f"static_cast<bool>({text[1:]})")])
        if re.match(r"-\s*[\w(]", text):
            self.add_texts(start, end, text[1:])

    def integer(self, cursor, start, end):
        text = self.text[start:end]
        match = INTEGER.match(text)
        if match:
            value = int(match[1].replace("'", ""), 0 if match[1][:2] in ("0x", "0X") else 10)
            others = {0: (1,), 1: (0, 2)}.get(value, (value + 1,))
            self.add_texts(start, end, *(f"{other}{match[2]}" for other in others))

    def boolean(self, cursor, start, end):
        text = self.text[start:end]
        if text in ("true", "false"):
            self.add_texts(start, end, "false" if text == "true" else "true")

    def returned(self, cursor, start, end):
        for child in cursor.get_children():
            at, to = self.span(child)
            text = one_line(self.text[at:to])
            if self.without_faults(child) is not None:
                continue
            if child.type.kind == clang.TypeKind.BOOL and text not in ("true", "false"):
                self.add(at, to, [Mutant(f"!({text})", f"!({text})")], around_faults=True)


VISITS = {
    Kind.COMPOUND_STMT: Walk.compound, Kind.CASE_STMT: Walk.labelled,
    Kind.DEFAULT_STMT: Walk.labelled, Kind.IF_STMT: Walk.controlled,
    Kind.WHILE_STMT: Walk.controlled, Kind.FOR_STMT: Walk.controlled,
    Kind.CXX_FOR_RANGE_STMT: Walk.controlled, Kind.CONDITIONAL_OPERATOR: Walk.choice,
    Kind.BINARY_OPERATOR: Walk.binary, Kind.COMPOUND_ASSIGNMENT_OPERATOR: Walk.binary,
    Kind.CALL_EXPR: Walk.overloaded, Kind.UNARY_OPERATOR: Walk.unary,
    Kind.INTEGER_LITERAL: Walk.integer, Kind.CXX_BOOL_LITERAL_EXPR: Walk.boolean,
    Kind.RETURN_STMT: Walk.returned,
}


def parse(path, arguments, text=None):
    """The translation unit PATH, with TEXT for what stands in the file if it is given."""
    unsaved = [(path, text.encode("latin-1").decode("utf-8"))] if text is not None else None
    return clang.Index.create().parse(path, args=arguments, unsaved_files=unsaved)


def sites_of(unit, names, skipped=None):
    """The sites of those files of a translation unit that NAMES, a dict of path to the name to
    report, holds; in the order of the text. Adds to the set SKIPPED the (name, start, end) of what
    is none because a fault is in it."""
    walks = {}
    for cursor in unit.cursor.get_children():
        path = cursor.location.file.name if cursor.location.file else None
        if path not in names:
            continue
        if path not in walks:
            with open(path, encoding="latin-1", newline="") as file:
                walks[path] = Walk(names[path], file.read())
        walks[path].declaration(cursor)
    for walk in walks.values():
        walk.drop_faulty()
        if skipped is not None:
            skipped |= {(walk.name, start, end) for start, end in walk.skipped}
    sites = [site for walk in walks.values() for site in walk.sites.values()
             if site.mutants or site.is_statement is None]
    return sorted(sites, key=lambda site: (site.file, site.start, -site.end, not site.is_statement))


def rewritten(text, sites, numbers):
    """TEXT with the mutants of SITES, in the order of the text, that NUMBERS, a dict of (index of
    the site, index of the mutant) to number, holds."""
    def render(start, end, inner):
        out, at = [], start
        while inner:
            index, site = inner[0]
            below = [(i, other) for i, other in inner[1:] if other.end <= site.end]
            out.append(text[at:site.start])
            out.append(wrapped(index, site, render(site.start, site.end, below)))
            at = site.end
            inner = inner[1 + len(below):]
        return "".join(out) + text[at:end]

    def wrapped(index, site, original):
        chosen = [(numbers[index, i], mutant) for i, mutant in enumerate(site.mutants)
                  if (index, i) in numbers]
        if site.is_statement is None:  # the `constexpr` of a constant that has mutants
            inside = [i for i, other in enumerate(sites) if other.file == site.file
                      and other.function == site.function and other.start > site.start]
            return "const" if any(key[0] in inside for key in numbers) else original
        if not chosen:
            return original
        if site.is_statement:
            parts = [f"if (MUTANT_({number})) {{ {mutant.text} }} else "
                     for number, mutant in chosen]
            return "{ " + "".join(parts) + original + " }"
        parts = [f"MUTANT_({number}) ? ({mutant.text}) : " for number, mutant in chosen]
        cast = "static_cast<bool>" if site.is_condition else ""
        return "(" + "".join(parts) + cast + "(" + original + "))"

    return render(0, len(text), list(enumerate(sites)))
