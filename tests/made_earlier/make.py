"""What made `b09f588.zip`: run with the packages of that commit on PYTHONPATH, it writes the zip beside itself.

    PYTHONPATH=packages/gemini-embed/src:packages/gemini-embed-emulator/src python tests/made_earlier/make.py

Google's address leads to an emulator here, so that keys of the cache and records say what they say for Google.
"""

import socket
import struct
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

from gemini_embed import EdgeStore, Embedder, Image, MilvusStore, MultimodalIndex, QdrantStore
from gemini_embed_emulator import Emulator

TEXTS = ["a red bicycle", "a green car", "a sentence about boats"]


def png() -> bytes:
    """A red pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixel = zlib.compress(b"\0\xff\0\0")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")


def items() -> list[Any]:
    """A text, an image, and both in one content."""
    return [*TEXTS, Image(png()), ["beside a picture", Image(png())]]


def made(folder: Path, base_url: str) -> None:
    """An index of each kind and its cache."""
    for media in ("query", "none"):
        embedder = Embedder(dimensions=8, base_url=base_url, condition_media=media, cache=folder / "cache.db")
        with embedder:
            for store in (
                EdgeStore(folder / f"index-{media}"),
                QdrantStore(path=folder / f"qdrant-{media}"),
                MilvusStore(folder / f"milvus-{media}.db"),
            ):
                with MultimodalIndex(embedder, store) as index:
                    index.add(items())


if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    genuine = socket.getaddrinfo
    with Emulator() as emulator:

        def here(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            """The emulator's address for every other."""
            return genuine("127.0.0.1", emulator.port, *args, **options)

        socket.getaddrinfo = here
        made(folder / "google", f"http://generativelanguage.googleapis.com:{emulator.port}")
        made(folder / "proxy", "http://proxy.example:4000")
    with zipfile.ZipFile(Path(sys.argv[0]).with_name("b09f588.zip"), "w", zipfile.ZIP_LZMA) as target:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and ("google" in file.parts or file.name == "cache.db"):
                target.write(file, file.relative_to(folder))
