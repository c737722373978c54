"""Folders that an earlier commit made (`made_earlier/make.py`), unpacked for a test."""

import zipfile
from pathlib import Path
from typing import IO

import pytest

HERE = Path(__file__).parent / "made_earlier"


@pytest.fixture
def made_earlier(tmp_path: Path) -> Path:
    """`google/index-query`, `google/index-none`, `google/cache.db` and `proxy/cache.db` of http://proxy.example:4000."""
    folder = tmp_path / "made_earlier"
    with zipfile.ZipFile(HERE / "b09f588.zip") as kept:
        for name in kept.namelist():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with kept.open(name) as source, target.open("wb") as file:
                _copy_with_holes(source, file)
    return folder


def _copy_with_holes(source: IO[bytes], file: IO[bytes]) -> None:
    """The engine's files are 32 MB of zeros each, which take no room on the disk."""
    while block := source.read(2**20):
        if block.count(0) == len(block):
            file.seek(len(block), 1)
        else:
            file.write(block)
    file.truncate()
