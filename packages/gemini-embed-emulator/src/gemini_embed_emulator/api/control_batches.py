"""Control of batch jobs over HTTP: what is scripted for them, the service's clock, and the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gemini_embed_emulator.batches import JobPlan, JobScript
from gemini_embed_emulator.bill import Bill
from gemini_embed_emulator.clock import Clock, timestamp
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.http import ReceivedRequest

from . import schema
from .service import Service
from .typed import checked

Calls = Mapping[str, Mapping[str, Callable[[ReceivedRequest], dict[str, Any]]]]


class BatchControl:
    """Answers at `batches`, `clock` and `bill`."""

    def __init__(self, script: JobScript, clock: Clock, bill: Bill, service: Service) -> None:
        self._script = script
        self._clock = clock
        self._bill = bill
        self._service = service
        self.calls: Calls = {
            "batches": {"GET": self._show, "POST": self._push, "DELETE": self._clear},
            "clock": {"GET": self._show_clock, "POST": self._advance, "DELETE": self._reset_clock},
            "bill": {"GET": self._show_bill, "DELETE": self._clear_bill},
        }

    def reset(self) -> None:
        """As at the start."""
        self._script.clear()
        self._clock.reset()
        self._bill.clear()

    def _show(self, _: ReceivedRequest) -> dict[str, Any]:
        return {"queued": len(self._script), "rule": self._script.rule is not None, "jobs": self._service.told_jobs()}

    def _push(self, request: ReceivedRequest) -> dict[str, Any]:
        told = schema.parse_json(request.body)
        if not isinstance(told, dict) or not told or {*told} - {"push", "times", "rule"}:
            raise ApiError(400, 'batches: {"push": [{"end": "FAILED"}, null], "times": 1} is wanted, or {"rule": ...}.')
        pushed = told.get("push", [])
        if not isinstance(pushed, list):
            raise ApiError(400, "push: a list of plans is wanted.")
        plans = [checked(JobPlan | None, one, f"push[{i}]") for i, one in enumerate(pushed)]
        rule = checked(JobPlan | None, told.get("rule"), "rule")
        try:
            self._script.push(*plans, times=checked(int, told.get("times", 1), "times"))
        except ValueError as error:
            raise ApiError(400, str(error)) from None
        if "rule" in told:
            self._script.rule = (lambda _: rule) if rule else None
        return self._show(request)

    def _clear(self, request: ReceivedRequest) -> dict[str, Any]:
        self._script.clear()
        return self._show(request)

    def _show_clock(self, _: ReceivedRequest) -> dict[str, Any]:
        return {"now": timestamp(self._clock()), "ahead_s": self._clock.ahead_s}

    def _advance(self, request: ReceivedRequest) -> dict[str, Any]:
        told = schema.parse_json(request.body)
        if not isinstance(told, dict) or {*told} != {"advance_s"}:
            raise ApiError(400, 'clock: {"advance_s": 3600} is wanted.')
        try:
            self._clock.advance(checked(float, told["advance_s"], "advance_s"))
        except ValueError as error:
            raise ApiError(400, f"clock.{error}") from None
        return self._show_clock(request)

    def _reset_clock(self, request: ReceivedRequest) -> dict[str, Any]:
        self._clock.reset()
        return self._show_clock(request)

    def _show_bill(self, _: ReceivedRequest) -> dict[str, Any]:
        self._service.settle()
        return self._bill.told()

    def _clear_bill(self, request: ReceivedRequest) -> dict[str, Any]:
        self._service.settle()
        self._bill.clear()
        return self._show_bill(request)
