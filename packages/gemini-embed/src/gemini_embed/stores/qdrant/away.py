"""Requests to a server that may be away for a while: repeated, for a bounded time, where repeating changes nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 4.0


def persist(request: Callable[[], T], passing: Callable[[Exception], bool], for_s: float) -> T:
    """The answer to `request`, asked again after 0.25 s, 0.5 s, ... 4 s while it fails for a `passing` reason.

    The last error is raised when the next wait would end later than `for_s` seconds after the first failure.
    """
    wait_s, give_up_at = FIRST_WAIT_S, None
    while True:
        try:
            return request()
        except Exception as error:
            now = time.monotonic()
            give_up_at = give_up_at or now + for_s
            if not passing(error) or now + wait_s > give_up_at:
                raise
            logger.warning("the store does not answer (%s); next try in %.2g s", error, wait_s)
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
