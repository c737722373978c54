#!/usr/bin/env python3
"""What is in the files that would be published: ours, all of it, and nothing else. Prints what is not; exits with 1.

    .ci/contents.py build/dist

A wheel and an sdist of each distribution, of one version. Every file in them is a file of this repository as git knows
it, byte for byte (or metadata that the build wrote), of a kind that is source, and holds nothing that looks like a key.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = {".css", ".html", ".js", ".json", ".md", ".py", ".svg", ".toml", ".typed"}
SOURCE_NAMES = {".gitignore", "Dockerfile", "LICENSE", "PKG-INFO"}
SECRETS = {
    "a key of Google's": rb"AIza[0-9A-Za-z_-]{35}",
    "an access token of Google's": rb"ya29\.[0-9A-Za-z_-]{20}",
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token of GitHub's": rb"gh[pousr]_[0-9A-Za-z]{36}",
    "a token of the index": rb"pypi-AgE[0-9A-Za-z_-]{20}",
    "a key of AWS's": rb"AKIA[0-9A-Z]{16}",
}


def main(folder: Path) -> int:
    """The exit code."""
    wrong = []
    for pyproject in sorted(ROOT.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
        stem = f"{project['name'].replace('-', '_')}-{project['version']}"
        for archive in (folder / f"{stem}.tar.gz", folder / f"{stem}-py3-none-any.whl"):
            wrong += [f"{archive.name}: {line}" for line in complaints(archive, pyproject.parent)]
    print("\n".join(wrong) or f"{len([*folder.iterdir()])} files in {folder}: sources of this repository, and no key")
    return bool(wrong)


def complaints(archive: Path, package: Path) -> Iterator[str]:
    """What is wrong with the archive of the distribution whose folder is `package`."""
    if not archive.exists():
        yield "is not there"
        return
    ours = tracked(package)
    for name, content in members(archive):
        path = Path(name)
        if path.suffix not in SOURCE and path.name not in SOURCE_NAMES:
            yield f"{name}: no kind of source; is it ours to publish?"
        if name not in ours and path.name != "PKG-INFO":
            yield f"{name}: git does not know it"
        elif name in ours and ours[name].read_bytes() != content:
            yield f"{name}: differs from the repository's"
        yield from (f"{name}: looks like {what}" for what in secrets(content))


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """(path in the distribution's folder, content) of every file but the metadata of a wheel."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if ".dist-info/" not in name:
                    yield f"src/{name}", wheel.read(name)
        return
    with tarfile.open(archive) as sdist:
        for member in sdist:
            file = sdist.extractfile(member) if member.isfile() else None
            yield member.name.partition("/")[2], file.read() if file else b""


def secrets(content: bytes) -> Iterator[str]:
    """Names of what is in it: by form, and the key of this environment, should one be set."""
    yield from (what for what, form in SECRETS.items() if re.search(form, content))
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        key = os.environ.get(name, "")
        if len(key) >= 20 and key.encode() in content:
            yield f"the {name} of this environment"


def tracked(package: Path) -> dict[str, Path]:
    """Files of a distribution's folder that git knows, and the list of what it ignores, which builds take along."""
    command = ["git", "ls-files", "-z"]
    done = subprocess.run(command, cwd=package, capture_output=True, text=True, check=True)  # noqa: S603 - a constant command
    return {name: package / name for name in done.stdout.split("\0") if name} | {".gitignore": ROOT / ".gitignore"}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
