"""A guide's bytes, unpacked as they are read: gzip, xz, bzip2 and zip, told by their first bytes; memory and what comes
out have an end.

Of a zip file the first member is read, as it comes, without its directory.
"""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from voicemark.errors import GuideError

BLOCK = 1 << 16  # bytes read at a time
MAX_RATIO = 200  # bytes unpacked for each packed one; guides have 5 to 40
FREE_BYTES = 16 << 20  # unpacked whatever the ratio
MAX_UNPACKED = 2 << 30  # bytes, at most
MAX_DICTIONARY = 128 << 20  # bytes of memory for xz; its strongest preset takes 65 MiB
ZIP_HEADER = 30  # bytes of a local file header (APPNOTE.TXT, 4.3.7)
MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"PK\x03\x04": "zip"}
NOT_READ = {b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar", b"\x04\x22\x4d\x18": "lz4"}


class _Unpacker(Protocol):
    """As the standard library's are."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def packing_of(head: bytes) -> str | None:
    """How a file that begins with `head` is packed; None for one that is not."""
    known = {**MAGIC, **NOT_READ}
    return next((name for magic, name in known.items() if head.startswith(magic)), None)


def unpacked(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    """The guide's text in blocks. Raises `GuideError` where it is broken, packed otherwise, or unpacks to more than any
    guide does; what comes before is given first."""
    packing = packing_of(raw.read(8))
    raw.seek(0)
    if packing is None:
        while block := raw.read(BLOCK):
            yield block
        return
    if packing in NOT_READ.values():
        raise GuideError(f"is packed with {packing}, which is not read", path=path, hint="unpack it, or use gzip or xz")
    size = 0
    try:
        for block in _blocks(raw, packing, path):
            size += len(block)
            if size > min(MAX_UNPACKED, FREE_BYTES + MAX_RATIO * raw.tell()):
                raise GuideError("unpacks to more than any guide does", path=path)
            yield block
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, ValueError):
        raise GuideError(f"is broken or not complete ({packing})", path=path) from None
    except GuideError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise GuideError(f"is broken or not complete ({packing})", path=path) from None  # bzip2's way of saying it


def _blocks(raw: BinaryIO, packing: str, path: Path) -> Iterator[bytes]:
    match packing:
        case "gzip":
            file = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
            while block := file.read(BLOCK):
                yield block
        case "xz":
            yield from _streams(raw, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY))
        case "bzip2":
            yield from _streams(raw, bz2.BZ2Decompressor)
        case _:
            yield from _first_member(raw, path)


def _streams(raw: BinaryIO, make: Callable[[], _Unpacker]) -> Iterator[bytes]:
    """What one packed stream after another gives; zeros between them are padding."""
    unpacker, data = make(), raw.read(BLOCK)
    while True:
        if block := unpacker.decompress(data, BLOCK):
            yield block
        data = b""
        if unpacker.eof:
            data = unpacker.unused_data.lstrip(b"\0")
            while not data and (more := raw.read(BLOCK)):
                data = more.lstrip(b"\0")
            if not data:
                return
            unpacker = make()
        elif unpacker.needs_input:
            data = raw.read(BLOCK)
            if not data:
                raise EOFError


def _first_member(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    header = raw.read(ZIP_HEADER)
    if len(header) < ZIP_HEADER:
        raise EOFError
    flags, method = (int.from_bytes(header[at : at + 2], "little") for at in (6, 8))
    size = int.from_bytes(header[18:22], "little")
    raw.seek(ZIP_HEADER + sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28)))
    if flags & 1:
        raise GuideError("is a zip file with a password", path=path, hint="unpack it")
    if method == 0 and not flags & 8:
        while size > 0 and (block := raw.read(min(size, BLOCK))):
            size -= len(block)
            yield block
        return
    if method != 8:
        raise GuideError(f"is a zip file of a kind that is not read (method {method})", path=path, hint="unpack it")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or raw.read(BLOCK)
        if not data:
            raise EOFError
        if block := unpacker.decompress(data, BLOCK):
            yield block
