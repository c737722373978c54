"""Faults told in JSON, in the words of `Fault`: null, "drop_before", {"status": 503}, {"html": 502, "after": 0.5}."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.faults import Fault
from gemini_embed_emulator.http import ReceivedRequest

from .typed import arguments, checked

_KINDS = (
    *("latency", "status", "rate_limited", "vertex_exhausted", "bad_key", "drop_before", "drop_mid_body", "raw_body"),
    *("garbage", "html", "truncated_gzip", "not_a_number", "zeros", "missing_values", "short_rows", "extra_rows"),
    *("wrong_size", "lost", "queue_full"),
)


@dataclass
class Rule:
    """A fault for every so many of the requests that are `action`, such as batchEmbedContents; "" is any of them."""

    told: Mapping[str, Any]
    """What it was made of."""
    fault: Fault
    every: int
    action: str
    met: int = 0
    """Requests so far that were of the action."""

    @classmethod
    def of(cls, told: Any) -> Rule:
        """The rule that `{"fault": ..., "every": 3, "action": "..."}` tells, both of the latter optional."""
        if not isinstance(told, dict) or {*told} - {"fault", "every", "action"}:
            raise _no_rule()
        fault = fault_of(told.get("fault"), "rule.fault")
        if fault is None:
            raise _no_rule()
        every = checked(int, told.get("every", 1), "rule.every")
        if every < 1:
            raise ApiError(400, f"rule.every: {every} is too small: 1 is every request.")
        return cls(told, fault, every, checked(str, told.get("action", ""), "rule.action"))

    def __call__(self, request: ReceivedRequest) -> Fault | None:
        """What befalls this request, as `FaultScript.rule` is asked."""
        if self.action not in ("", request.action):
            return None
        self.met += 1
        return self.fault if self.met % self.every == 0 else None


def _no_rule() -> ApiError:
    return ApiError(400, 'rule: {"fault": ..., "every": 3, "action": "batchEmbedContents"} is wanted.')


def fault_of(told: Any, where: str = "fault") -> Fault | None:
    """The fault that is told, None for null: an ordinary answer. Raises ApiError 400 that lists the words."""
    if told is None:
        return None
    if isinstance(told, str):
        told = {told: {}}
    kinds = [name for name in told if name != "after"] if isinstance(told, dict) else []
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        raise ApiError(400, f'{where}: one fault is wanted, such as {{"status": 503}}. There are: {", ".join(_KINDS)}.')
    fault = _made(kinds[0], told[kinds[0]], f"{where}.{kinds[0]}")
    return fault.after(checked(float, told["after"], f"{where}.after")) if "after" in told else fault


def _made(kind: str, told: Any, where: str) -> Fault:
    maker = getattr(Fault, kind)
    parameters = inspect.signature(maker).parameters
    if not parameters and told != {}:
        raise ApiError(400, f"{where}: this takes no arguments.")
    if not isinstance(told, dict):  # the first argument alone
        told = {next(iter(parameters)): told}
    given = arguments(maker, told, where)
    missing = [name for name, one in parameters.items() if one.default is one.empty and name not in given]
    if missing:
        raise ApiError(400, f"{where}: {', '.join(missing)} is wanted.")
    try:
        made: Fault = maker(**given)
    except ValueError as error:
        raise ApiError(400, f"{where}.{error}") from None
    return made
