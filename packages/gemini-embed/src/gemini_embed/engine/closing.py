"""`with` and `async with`, for what has to be closed."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Closing:
    """A block closes it at its end."""

    def close(self) -> None:
        """Give back what it holds; closing twice is fine."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """`close`, without blocking the loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()
