"""What jobs and runs are called: `gemini-embed/<run>/<part>/<digest of the keys>`, by which a job is found again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from secrets import token_hex
from typing import NamedTuple

from gemini_embed.errors import ConfigurationError

OURS = "gemini-embed/"
KEY_BYTES = 32

_RUN = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?"


class JobName(NamedTuple):
    """The parts of a job's display name. `digest` is 16 hex digits."""

    run: str
    part: int
    digest: str

    def __str__(self) -> str:
        return f"{OURS}{self.run}/{self.part}/{self.digest}"

    @classmethod
    def parse(cls, display_name: str) -> JobName | None:
        """None for a job that is not ours."""
        found = re.fullmatch(rf"{OURS}({_RUN})/(\d{{1,9}})/([0-9a-f]{{16}})", display_name)
        return cls(found[1], int(found[2]), found[3]) if found else None


def digest_of(keys: Iterable[bytes]) -> str:
    """16 hex digits that stand for a set of keys, in any order."""
    return hashlib.sha256(b"".join(sorted(keys))).hexdigest()[:16]


def new_run_name() -> str:
    """Dated and random, such as "2026-11-21-4f2a9c01"."""
    return f"{datetime.now(UTC):%Y-%m-%d}-{token_hex(4)}"


def checked_run_name(name: str | None) -> str:
    """`name` as told, or a new one. ConfigurationError: characters or a length that a run's name cannot have."""
    if name is None:
        return new_run_name()
    if not re.fullmatch(_RUN, str(name)):
        raise ConfigurationError(
            f"name={name!r} must be 1 to 64 letters, digits, '.', '_' or '-', with a letter or digit at either end"
        )
    return name
