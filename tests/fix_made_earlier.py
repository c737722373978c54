"""What an earlier commit made (`made_earlier/make.py`), unpacked for a test."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

HERE = Path(__file__).parent / "made_earlier"


@pytest.fixture
def made_earlier(tmp_path: Path) -> Callable[[str], Path]:
    """`made_earlier(name)` is the folder or file of this name: `google/index-query` or `-none`, `google/qdrant-query`,
    `google/milvus-query.db`, `google/cache.db`, and `proxy/cache.db`, which was made at http://proxy.example:4000."""

    def unpacked(wanted: str) -> Path:
        with zipfile.ZipFile(HERE / "b09f588.zip") as kept:
            for name in kept.namelist():
                if name == wanted or name.startswith(f"{wanted}/"):
                    target = tmp_path / "made_earlier" / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with kept.open(name) as source, target.open("wb") as file:
                        _copy_with_holes(source, file)
        return tmp_path / "made_earlier" / wanted

    return unpacked


def _copy_with_holes(source: IO[bytes], file: IO[bytes]) -> None:
    """The engine's files are 32 MB of zeros each, which take no room on the disk."""
    while block := source.read(2**20):
        if block.count(0) == len(block):
            file.seek(len(block), 1)
        else:
            file.write(block)
    file.truncate()
