"""The parent's side of a child process that answers one request at a time."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import weakref
from typing import Any, BinaryIO, Protocol

from gemini_embed.errors import ConfigurationError
from gemini_embed.isolation.framing import packed, received

_STARTED_S = 60.0
"""What starting Python and importing the library may take beside the limit of the first request."""
_CODE = "from gemini_embed.isolation.child import main; main()"
_OVER = object()


class CrashedError(Exception):
    """The child has ended in the middle of a request; the message says how."""


class StalledError(Exception):
    """The child did not answer in time, and was killed."""


class Answers(Protocol):
    """What a child is."""

    def answer(self, *request: Any) -> Any:
        """What becomes of a request."""


class Process:
    """A child that serves by the method `answer` of a class, `served`, made there with `arguments`.

    It is started with the first request, and anew after it has crashed or was killed. Any thread may ask; requests wait
    for each other. It ends with `close`, with this object, or with this process.

    Raises, when it is asked:
        ConfigurationError: `arguments` or a request cannot be sent, such as a function that has no name in a module.
    """

    def __init__(self, served: type[Answers], *arguments: Any) -> None:
        self._made = (served, arguments)
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.starts = 0
        """How often a child was started."""

    def ask(self, *request: Any, limit_s: float) -> Any:
        """What the child answers.

        Raises:
            CrashedError: the child ended.
            StalledError: it took longer than `limit_s`.
            Whatever the child raised.
        """
        message = _packed(request)
        with self._lock:
            if self._child is not None and self._child.is_over:  # ended in between: no fault of what is asked now
                self._end()
            if self._child is None:
                self._child = _Child(_packed(self._made))
                self.starts += 1
                limit_s += _STARTED_S
            try:
                worked, answer = self._child.ask(message, limit_s)
            except (CrashedError, StalledError):
                self._end()
                raise
            except BaseException:  # Ctrl-C: its answer would be taken for that of the next request
                self._end()
                raise
        if worked:
            return answer
        raise answer

    def close(self) -> None:
        """End the child; another request starts a new one."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    def __init__(self, made: bytes) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where libraries complain of files without naming them
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # as this process finds modules
        )
        self._replies: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.end = weakref.finalize(self, _ended, self._process)
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        self._requests: Any = self._process.stdin
        arguments = (self._process.stdout, self._replies)
        threading.Thread(target=_collect, args=arguments, name="gemini-embed-isolated", daemon=True).start()
        self._send(made)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def ask(self, message: bytes, limit_s: float) -> Any:
        self._send(message)
        try:
            reply = self._replies.get(timeout=limit_s)
        except queue.Empty:
            raise StalledError(f"it took longer than {limit_s:.0f} s") from None
        if reply is _OVER:
            raise CrashedError(_last_words(self._process.wait()))
        return reply

    def _send(self, message: bytes) -> None:
        try:
            self._requests.write(message)
            self._requests.flush()
        except OSError:  # it has ended, which the reply will say
            return


def _packed(message: Any) -> bytes:
    try:
        return packed(message)
    except Exception as error:
        raise ConfigurationError(
            f"isolate= sends what it needs to a child process, and something cannot be sent: {error}; functions must "
            "have a name in a module"
        ) from error


def _collect(pipe: BinaryIO, replies: queue.SimpleQueue[Any]) -> None:
    """Replies as they come, in a thread of its own, since no pipe of Windows can be waited for with a limit."""
    try:
        while True:
            replies.put(received(pipe))
    except Exception:  # its end, or a half of a message before it
        replies.put(_OVER)
    finally:
        pipe.close()


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:  # what it had not read is lost with it
            return


def _last_words(code: int) -> str:
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}"
