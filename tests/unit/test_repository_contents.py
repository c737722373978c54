"""`.ci/contents.py` says what in a wheel or an sdist is not ours to publish."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "packages/gemini-embed-emulator"
VERSION = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]["version"]
STEM = f"gemini_embed_emulator-{VERSION}"
README = (PACKAGE / "README.md").read_bytes()
KEY = b"AIza" + b"x" * 35


def complaints(folder: Path, files: dict[str, bytes], **environment: str) -> list[str]:
    """Of an sdist and a wheel with those files, without what is said of the other distributions."""
    with tarfile.open(folder / f"{STEM}.tar.gz", "w:gz") as sdist:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{STEM}/{name}")
            member.size = len(content)
            sdist.addfile(member, io.BytesIO(content))
    with zipfile.ZipFile(folder / f"{STEM}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{STEM}.dist-info/METADATA", "")
        for name, content in files.items():
            if name.startswith("src/"):
                wheel.writestr(name.removeprefix("src/"), content)
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / ".ci/contents.py", folder],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1  # the other distributions are not there
    return [line.partition(": ")[2] for line in done.stdout.splitlines() if line.startswith(STEM)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("README.md", README, [], id="as git knows it"),
        pytest.param("PKG-INFO", b"Name: gemini-embed-emulator", [], id="written by the build"),
        pytest.param("README.md", README + b".", ["README.md: differs from the repository's"], id="changed"),
        pytest.param("notes.md", b"", ["notes.md: git does not know it"], id="left lying about"),
        pytest.param(
            "src/gemini_embed_emulator/a.sqlite",
            b"",
            [
                "src/gemini_embed_emulator/a.sqlite: no kind of source; is it ours to publish?",
                "src/gemini_embed_emulator/a.sqlite: git does not know it",
            ]
            * 2,
            id="data, in both",
        ),
        pytest.param("PKG-INFO", KEY, ["PKG-INFO: looks like a key of Google's"], id="a key"),
        pytest.param(
            "PKG-INFO",
            b"x" * 9 + b"a-key-of-some-other-form" + b"x" * 9,
            ["PKG-INFO: looks like the GEMINI_API_KEY of this environment"],
            id="the key in use",
        ),
    ],
)
def test_what_is_not_ours(name: str, content: bytes, said: list[str], tmp_path: Path) -> None:
    found = complaints(tmp_path, {name: content}, GEMINI_API_KEY="a-key-of-some-other-form")
    assert found == said


def test_what_is_missing(tmp_path: Path) -> None:
    """Every distribution, as a wheel and an sdist."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, ROOT / ".ci/contents.py", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert [line.endswith(": is not there") for line in done.stdout.splitlines()] == [True] * 10
