"""Scripted chat models: what generateContent answers, in order. The emulator thinks of nothing itself.

    server.chat.push("A red key on a hook.", {"promptFeedback": {"blockReason": "SAFETY"}})
    server.chat.rule = lambda request: json.dumps(heard_in(request))

The queue is asked first; when it is empty the rule is. Where neither answers the call is not built (501).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from .http import ReceivedRequest

Answer: TypeAlias = str | dict[str, Any]
"""The text of the one candidate, or a whole reply as the service would send it."""
ChatRule: TypeAlias = Callable[[ReceivedRequest], Answer | None]


class ChatScript:
    """What is to be answered. Thread-safe as far as a deque is."""

    def __init__(self) -> None:
        self._queue: deque[Answer] = deque()
        self.rule: ChatRule | None = None

    def push(self, *answers: Answer) -> None:
        """Answer the next calls with these, one each."""
        self._queue.extend(answers)

    def clear(self) -> None:
        """Forget the queue and the rule."""
        self._queue.clear()
        self.rule = None

    def next(self, request: ReceivedRequest) -> Answer | None:
        """The answer to a request; None: there is none."""
        if self._queue:
            return self._queue.popleft()
        return self.rule(request) if self.rule else None

    def __len__(self) -> int:
        return len(self._queue)
