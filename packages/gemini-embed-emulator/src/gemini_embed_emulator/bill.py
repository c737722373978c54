"""What was billed: contents and tokens, online and by batch, and how often each distinct content was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_MOST_CONTENTS = 1_000_000
_DIGEST_BYTES = 16


class Account:
    """One price's side of the bill."""

    def __init__(self) -> None:
        self.items = 0
        """Contents embedded."""
        self.tokens = 0
        self._times: dict[bytes, int] = {}

    def add(self, contents: Iterable[bytes], tokens: int) -> None:
        """Bill these contents, by their `content_digest`."""
        self.tokens += tokens
        for content in contents:
            self.items += 1
            self._times[content] = self._times.get(content, 0) + 1
        while len(self._times) > _MOST_CONTENTS:  # so that one that runs for weeks holds so much and no more
            del self._times[next(iter(self._times))]

    @property
    def distinct(self) -> int:
        """Different contents; of more than a million the latest."""
        return len(self._times)

    @property
    def repeated(self) -> int:
        """Contents that were billed more than once."""
        return sum(times > 1 for times in [*self._times.values()])  # at once: it may be added to meanwhile

    def times(self, content: bytes) -> int:
        """How often one content was billed, by its digest."""
        return self._times.get(content, 0)

    def shared(self, other: Account) -> int:
        """Contents that were billed on both accounts."""
        return len({*self._times} & {*other._times})

    def clear(self) -> None:
        """Begin again."""
        self.items = self.tokens = 0
        self._times.clear()


class Bill:
    """`online` at full price, `batch` at half of it."""

    def __init__(self) -> None:
        self.online = Account()
        self.batch = Account()

    @property
    def both(self) -> int:
        """Contents that were billed online and by batch: those that were compared, if nothing is paid twice."""
        return self.online.shared(self.batch)

    def times(self, text: str, *, model: str = "gemini-embedding-2", task_type: str = "", title: str = "") -> int:
        """How often this text was billed, online or by batch. The prefix of gemini-embedding-2 is part of the text."""
        content = content_digest(model, [text], task_type, title)
        return self.online.times(content) + self.batch.times(content)

    def clear(self) -> None:
        """Begin again."""
        self.online.clear()
        self.batch.clear()

    def told(self) -> dict[str, object]:
        """The bill as JSON."""
        accounts = {"online": self.online, "batch": self.batch}
        sums = ("items", "tokens", "distinct", "repeated")
        return {name: {one: getattr(account, one) for one in sums} for name, account in accounts.items()} | {
            "both": self.both
        }


def content_digest(model: str, parts: Iterable[str], task_type: str = "", title: str = "") -> bytes:
    """What tells contents apart on the bill: all that is embedded, but not the size of the vector.

    A medium is the digest of its bytes after a NUL.
    """
    told = "\x1f".join((model, task_type, title, *parts))
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
