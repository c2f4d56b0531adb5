"""Pages of a bolt database file (specification, cluster.md 1.1).

`read` walks the tree from the newest good meta and gives the elements of the top bucket's buckets,
and the leaf pages that nothing reaches. Nothing here raises for foreign bytes: a page that is not
what it should be is damage, and reading goes on beside it.
"""
import struct
from typing import Iterator, NamedTuple

MAGIC, VERSION = 0xED0CDAED, 2
BRANCH, LEAF = 1, 2
HEADER = struct.Struct("<QHHI")      # id, flags, count, overflow
META = struct.Struct("<IIIIQQQQQQ")  # up to the checksum, which is included
NO_FREELIST = (1 << 64) - 1
PAGE_SIZES = [1024 << shift for shift in range(15)]
DEPTH_MAX = 64
BUCKET_FLAG = 1
FNV_BASIS, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


class Meta(NamedTuple):
    page_size: int
    root: int
    freelist: int | None
    high_water: int
    transaction: int


class Item(NamedTuple):
    flags: int
    key: bytes
    value: bytes


class Damage(NamedTuple):
    page: int | None
    why: str


class Bad(Exception):
    """A page is not what it should be."""


class Contents(NamedTuple):
    metas: list[Meta | None]
    buckets: dict[bytes, list[tuple[int, Item]]]  # name -> (page, element), by key
    free_leaves: list[tuple[int, list[Item]]]
    damage: list[Damage]


def fnv(data: bytes) -> int:
    value = FNV_BASIS
    for byte in data:
        value = (value ^ byte) * FNV_PRIME & (1 << 64) - 1
    return value


def meta_at(data: bytes, offset: int) -> Meta | None:
    raw = data[offset + HEADER.size:offset + HEADER.size + META.size]
    if len(raw) < META.size:
        return None
    (magic, version, page_size, _, root, _, freelist, high_water, transaction,
     checksum) = META.unpack(raw)
    if (magic, version) != (MAGIC, VERSION) or checksum != fnv(raw[:-8]):
        return None
    if page_size not in PAGE_SIZES:
        return None
    return Meta(page_size, root, None if freelist == NO_FREELIST else freelist, high_water,
                transaction)


def metas(data: bytes) -> list[Meta | None]:
    """Both metas; where the first is bad, the second is wherever a page may begin."""
    first = meta_at(data, 0)
    if first:
        return [first, meta_at(data, first.page_size)]
    found = (meta_at(data, size) for size in PAGE_SIZES)
    return [None, next((meta for meta in found if meta), None)]


def elements(page: bytes, header: tuple[int, int, int, int]) -> Iterator[tuple[Item, int]]:
    """The elements of a node, with the child's page (0 in a leaf)."""
    _, flags, count, _ = header
    if HEADER.size + 16 * count > len(page):
        raise Bad("has more elements than it holds")
    for number in range(count):
        at = HEADER.size + 16 * number
        child = marks = 0
        if flags == LEAF:
            marks, position, key_size, value_size = struct.unpack_from("<IIII", page, at)
        else:
            position, key_size, child = struct.unpack_from("<IIQ", page, at)
            value_size = 0
        start, middle = at + position, at + position + key_size
        if middle + value_size > len(page):
            raise Bad("an element lies outside")
        if not key_size:
            raise Bad("an element has no key")
        yield Item(marks, page[start:middle], page[middle:middle + value_size]), child


def inline(value: bytes) -> list[Item]:
    """The elements of an inline bucket's value."""
    page = value[16:]
    if len(page) < HEADER.size or HEADER.unpack_from(page)[1] != LEAF:
        raise Bad("an inline bucket is no leaf")
    return [item for item, _ in elements(page, HEADER.unpack_from(page))]


def with_inline(items: list[Item]) -> Iterator[Item]:
    """The plain elements, with those of inline buckets among them."""
    for item in items:
        if not item.flags & BUCKET_FLAG:
            yield item
        elif len(item.value) >= 16 and not any(item.value[:8]):
            try:
                yield from inline(item.value)
            except Bad:
                continue


class Walk:
    """One pass over the pages of a file."""

    def __init__(self, data: bytes, meta: Meta) -> None:
        self.data, self.meta = data, meta
        self.reached: set[int] = set()
        self.damage: list[Damage] = []

    def pages(self, number: int, count: int) -> bytes:
        size = self.meta.page_size
        if number < 2 or number + count > self.meta.high_water:
            raise Bad("is not among the pages of the file")
        if (number + count - 1) * size >= len(self.data):
            raise Bad("lies behind the end of the file")
        return self.data[number * size:(number + count) * size].ljust(count * size, b"\0")

    def node(self, number: int) -> tuple[int, int, list[tuple[Item, int]]]:
        """Flags, number of pages and elements of a page."""
        header = HEADER.unpack_from(self.pages(number, 1))
        identity, flags, _, overflow = header
        if identity != number:
            raise Bad(f"says that it is page {identity}")
        if flags not in (BRANCH, LEAF):
            raise Bad("is neither a branch nor a leaf")
        return flags, overflow + 1, list(elements(self.pages(number, overflow + 1), header))

    def leaves(self, number: int, depth: int = 1) -> Iterator[tuple[int, Item]]:
        """(page, element) of every leaf element below page `number`."""
        try:
            if depth > DEPTH_MAX:
                raise Bad("is too deep")
            flags, count, found = self.node(number)
            if not self.reached.isdisjoint(range(number, number + count)):
                raise Bad("is reached twice")
        except Bad as error:
            self.damage.append(Damage(number, f"page {number} {error}"))
            return
        self.reached.update(range(number, number + count))
        for item, child in found:
            if flags == LEAF:
                yield number, item
            else:
                yield from self.leaves(child, depth + 1)

    def bucket(self, page: int, value: bytes) -> list[tuple[int, Item]]:
        """The elements of the bucket that an element on `page` describes."""
        try:
            if len(value) < 16:
                raise Bad("a bucket is cut short")
            root = int.from_bytes(value[:8], "little")
            if root:
                return list(self.leaves(root))
            return [(page, item) for item in inline(value)]
        except Bad as error:
            self.damage.append(Damage(page, f"page {page}: {error}"))
            return []

    def free_leaves(self) -> Iterator[tuple[int, list[Item]]]:
        """The leaf pages that nothing reaches."""
        last = min(self.meta.high_water, len(self.data) // self.meta.page_size + 1)
        for number in range(2, last):
            if number in self.reached:
                continue
            try:
                flags, _, found = self.node(number)
            except Bad:
                continue
            if flags == LEAF:
                yield number, [item for item, _ in found]


def read(data: bytes) -> Contents:
    """What is in the file `data`."""
    both = metas(data)
    good = [meta for meta in both if meta]
    if not good:
        return Contents(both, {}, [], [Damage(None, "no meta page is good")])
    walk = Walk(data, max(good, key=lambda meta: meta.transaction))
    buckets: dict[bytes, list[tuple[int, Item]]] = {}
    for page, item in list(walk.leaves(walk.meta.root)):
        if item.flags & BUCKET_FLAG:
            buckets[item.key] = walk.bucket(page, item.value)
    if walk.meta.freelist is not None:
        walk.reached.add(walk.meta.freelist)
    return Contents(both, buckets, list(walk.free_leaves()), walk.damage)
