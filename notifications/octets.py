"""Where may a long line of UTF-8 be cut? Between characters, and no later than the standards count octets."""

from collections.abc import Iterator

_WITHIN = {bytes((byte,)) for byte in range(0x80, 0xC0)}  # not the first byte of a character (RFC 3629, 3)


def pieces(coded: bytes, *, first: int, others: int) -> Iterator[bytes]:
    """Cut into pieces of whole characters: the first of at most `first` bytes, the others of at most `others`."""
    start, size = 0, first
    while start < len(coded):
        end = start + size
        while coded[end : end + 1] in _WITHIN:
            end -= 1
        yield coded[start:end]
        start, size = end, others
