"""Faults told in JSON, in the words of `Fault`: null, "drop_before", {"status": 503}, {"html": 502, "after": 0.5}."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.faults import Fault
from gemini_embed_emulator.http import ReceivedRequest

from .typed import arguments, checked

_KINDS = (
    *("latency", "status", "rate_limited", "vertex_exhausted", "bad_key", "drop_before", "drop_mid_body", "raw_body"),
    *("garbage", "html", "truncated_gzip", "not_a_number", "zeros", "missing_values", "short_rows", "extra_rows"),
    "wrong_size",
)


@dataclass(frozen=True)
class Rule:
    """A fault for every so many of the requests that are `action`, such as batchEmbedContents; "" is any of them."""

    fault: Fault
    every: int
    action: str

    @classmethod
    def of(cls, told: Any) -> Rule:
        """The rule that `{"fault": ..., "every": 3, "action": "..."}` tells, both of the latter optional."""
        if not isinstance(told, dict) or told.get("fault") is None or {*told} - {"fault", "every", "action"}:
            raise ApiError(400, 'rule: {"fault": ..., "every": 3, "action": "batchEmbedContents"} is wanted.')
        fault = fault_of(told["fault"], "rule.fault")
        every = checked(int, told.get("every", 1), "rule.every")
        if every < 1 or fault is None:
            raise ApiError(400, f"rule.every: {every} is too small: 1 is every request.")
        return cls(fault, every, checked(str, told.get("action", ""), "rule.action"))

    def asked(self) -> Callable[[ReceivedRequest], Fault | None]:
        """The rule as `FaultScript.rule` takes it, counting from here."""
        numbers = itertools.count(1)

        def ask(request: ReceivedRequest) -> Fault | None:
            if self.action not in ("", request.action):
                return None
            return self.fault if next(numbers) % self.every == 0 else None

        return ask


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
    _check_http(given, where)
    made: Fault = maker(**given)
    return made


def _check_http(given: Mapping[str, Any], where: str) -> None:
    """Refuse what no HTTP client could read as a response."""
    for name in ("code", "status"):
        if name in given and not 200 <= given[name] <= 599:
            raise ApiError(400, f"{where}.{name}: {given[name]} is no status of a response: 200 to 599.")
    if any(mark in text for pair in given.get("headers", {}).items() for text in pair for mark in "\r\n"):
        raise ApiError(400, f"{where}.headers: a header is one line.")
