"""What a Xet client sends, read: xorbs (blocks of compressed chunks) and shards (which chunks make which file).

The layouts are those of the Xet protocol as the Hub documents it (huggingface.co/docs/xet: "Xorb formation and
serialization", "Shard format"), as far as an upload needs them.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow

_HEADER = 48
"""Bytes of a shard's header, and of each entry in it."""

_VERIFIED, _TELLS_SHA256 = 1 << 31, 1 << 30
_END_OF_FILES = b"\xff" * 32


@dataclass(frozen=True)
class Segment:
    """The chunks from `first` up to, without, `last` of one xorb: a part of a file."""

    xorb: str
    first: int
    last: int


@dataclass(frozen=True)
class XetFile:
    """One file of a shard: its SHA-256 in hexadecimal, and the parts that it is put together from."""

    sha256: str
    segments: tuple[Segment, ...]


def hexadecimal(digest: bytes) -> str:
    """A hash as Xet writes it in addresses: four little-endian numbers of 8 bytes."""
    return b"".join(digest[begin : begin + 8][::-1] for begin in range(0, 32, 8)).hex()


def chunks_of(xorb: bytes) -> list[bytes]:
    """The chunks of a xorb. Each has 8 bytes before it: version, size, kind of compression, size without it.

    Raises:
        ValueError: it is cut off, or compressed otherwise.
    """
    found: list[bytes] = []
    place = 0
    while place < len(xorb):
        size = int.from_bytes(xorb[place + 1 : place + 4], "little")
        kind = xorb[place + 4]
        length = int.from_bytes(xorb[place + 5 : place + 8], "little")
        packed = xorb[place + 8 : place + 8 + size]
        place += 8 + size
        if len(packed) != size:
            raise ValueError("a xorb that is cut off")
        content = packed if kind == 0 else pyarrow.decompress(packed, length, codec="lz4", asbytes=True)
        if kind == 2:
            content = _ungrouped(content)
        if kind > 2 or len(content) != length:
            raise ValueError(f"a chunk of another compression, {kind}")
        found.append(content)
    return found


def _ungrouped(content: bytes) -> bytes:
    """The order before every fourth byte was put together (byte grouping of 4)."""
    found = bytearray(len(content))
    place = 0
    for number in range(4):
        size = len(found[number::4])
        found[number::4] = content[place : place + size]
        place += size
    return bytes(found)


def files_of(shard: bytes) -> Iterator[XetFile]:
    """The files that a shard describes.

    Raises:
        ValueError: it is no shard, or a file without its SHA-256.
    """
    if not shard.startswith(b"HFRepoMetaData"):
        raise ValueError("no shard")
    place = _HEADER
    while shard[place : place + 32] != _END_OF_FILES:
        flags, count = struct.unpack_from("<II", shard, place + 32)
        segments = []
        for _ in range(count):
            place += _HEADER
            _, _, first, last = struct.unpack_from("<IIII", shard, place + 32)
            segments.append(Segment(hexadecimal(shard[place : place + 32]), first, last))
        if flags & _VERIFIED:
            place += _HEADER * count
        if not flags & _TELLS_SHA256:
            raise ValueError("a file without its SHA-256")
        place += _HEADER
        yield XetFile(hexadecimal(shard[place : place + 32]), tuple(segments))
        place += _HEADER


def put_together(file: XetFile, xorbs: Mapping[str, bytes]) -> bytes:
    """The content of a file.

    Raises:
        ValueError: it names a xorb or chunk that is not there.
    """
    parts: list[bytes] = []
    for segment in file.segments:
        if segment.xorb not in xorbs:
            raise ValueError(f"no xorb {segment.xorb}")
        chunks = chunks_of(xorbs[segment.xorb])
        if not segment.first < segment.last <= len(chunks):
            raise ValueError(f"no such chunks in xorb {segment.xorb}")
        parts += chunks[segment.first : segment.last]
    return b"".join(parts)
