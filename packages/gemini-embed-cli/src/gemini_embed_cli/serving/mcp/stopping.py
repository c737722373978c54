"""SIGTERM and Ctrl-C for who reads stdin, which no signal interrupts: they end it, as a client does that is done.

What stdin brings goes through a pipe of ours, which is closed when a signal comes. The server then ends as it always
does: what is under way is given up, the store is let go of, what was spent is written down.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_STDIN = 0
_PIECE = 2**16
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stdin_until_stopped() -> Iterator[None]:
    """Stdin ends at SIGTERM or Ctrl-C, which are raised as KeyboardInterrupt when the block is left. A second one ends
    the process at once. On Windows, where nobody sends SIGTERM, all is as it was."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    stopped = False
    awake, wake = os.pipe()
    wire, (read_end, write_end) = os.dup(_STDIN), os.pipe()
    os.dup2(read_end, _STDIN)
    os.close(read_end)
    os.set_blocking(write_end, False)

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        os.write(wake, b".")

    before = {one: signal.signal(one, stop) for one in _SIGNALS}
    copying = threading.Thread(target=_copied, args=(wire, write_end, awake), name="stdin", daemon=True)
    copying.start()
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        os.write(wake, b".")
        copying.join()
        os.dup2(wire, _STDIN)
        for end in (wire, awake, wake):
            os.close(end)
    if stopped:
        raise KeyboardInterrupt


def _copied(wire: int, out: int, awake: int) -> None:
    """All of `wire` into `out`, which is closed at its end or when `awake` can be read."""
    with suppress(BrokenPipeError):  # the server has ended
        while awake not in select.select([wire, awake], [], [])[0] and (rest := os.read(wire, _PIECE)):
            while rest:
                if awake in select.select([awake], [out], [])[0]:
                    break
                with suppress(BlockingIOError):
                    rest = rest[os.write(out, rest) :]
            if rest:
                break
    os.close(out)
