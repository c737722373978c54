"""Control from outside the process: what `Emulator` gives Python, over HTTP, below /__emulator__/."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.faults import FaultScript
from gemini_embed_emulator.http import ReceivedRequest, RequestLog
from gemini_embed_emulator.settings import Quota, Settings, check_settings

from . import schema
from .control_batches import BatchControl, Calls
from .fault_words import Rule, fault_of
from .query import whole_number
from .reply import Reply
from .service import Service
from .typed import arguments, checked, written

PREFIX = "/__emulator__/"
_HIDDEN = "<hidden>"
_SECRETS = frozenset({"authorization", "x-goog-api-key", "key", "$key", "access_token", "oauth_token"})


class Control:
    """Answers below `PREFIX`. GET shows, POST changes, DELETE takes back; every answer is what then holds."""

    def __init__(
        self, settings: Settings, faults: FaultScript, requests: RequestLog, service: Service, batches: BatchControl
    ) -> None:
        self._settings = settings
        self._faults = faults
        self._requests = requests
        self._service = service
        self._batches = batches
        self._at_start = _values(settings)
        self._calls: Calls = {
            "health": {"GET": _health},
            "faults": {"GET": self._show_faults, "POST": self._script, "DELETE": self._clear_faults},
            "quota": {"GET": self._show_quota, "POST": self._set_quota, "DELETE": self._drop_quota},
            "requests": {"GET": self._show_requests, "DELETE": self._clear_requests},
            "settings": {"GET": self._show_settings, "POST": self._change_settings},
            **batches.calls,
            "reset": {"POST": self._reset},
        }

    def answer(self, request: ReceivedRequest) -> Reply:
        """What a request of this room gets. Raises ApiError for one that makes no sense, or is not allowed."""
        name = request.path.removeprefix(PREFIX)
        if name not in self._calls:
            known = ", ".join(PREFIX + one for one in self._calls)
            raise ApiError(404, f"The emulator has nothing at {request.path}. There are: {known}.")
        if name != "health":
            self._check_access(request)
        calls = self._calls[name]
        method = "GET" if request.method == "HEAD" else request.method
        if method not in calls:
            raise ApiError(405, f"{request.path} takes {' and '.join(calls)}, not {method}.")
        return Reply(calls[method](request))

    def _check_access(self, request: ReceivedRequest) -> None:
        if not self._settings.control:
            raise ApiError(403, "Control over HTTP is switched off (control=False, --no-control).")
        if "origin" in request.headers and not self._settings.cors:
            raise ApiError(403, "Pages of other origins may not control the emulator, unless cors=True (--cors).")

    def _show_faults(self, _: ReceivedRequest) -> dict[str, Any]:
        rule = self._faults.rule
        shown = rule.told if isinstance(rule, Rule) else "a function in Python" if rule else None
        return {"queued": len(self._faults), "rule": shown}

    def _script(self, request: ReceivedRequest) -> dict[str, Any]:
        told = schema.parse_json(request.body)
        if not isinstance(told, dict) or not told or {*told} - {"push", "times", "action", "rule"}:
            raise ApiError(400, 'faults: {"push": [{"status": 503}, null], "times": 1} is wanted, or {"rule": ...}.')
        pushed = told.get("push", [])
        if not isinstance(pushed, list):
            raise ApiError(400, "push: a list of faults is wanted.")
        faults = [fault_of(one, f"push[{i}]") for i, one in enumerate(pushed)]
        times = checked(int, told.get("times", 1), "times")
        rule = Rule.of(told["rule"]) if told.get("rule") is not None else None
        try:
            self._faults.push(*faults, times=times, action=checked(str, told.get("action", ""), "action"))
        except ValueError as error:
            raise ApiError(400, str(error)) from None
        if "rule" in told:
            self._faults.rule = rule
        return self._show_faults(request)

    def _clear_faults(self, request: ReceivedRequest) -> dict[str, Any]:
        self._faults.clear()
        return self._show_faults(request)

    def _show_quota(self, _: ReceivedRequest) -> dict[str, Any]:
        return {"quota": written(self._settings.quota)}

    def _set_quota(self, request: ReceivedRequest) -> dict[str, Any]:
        """A quota of which nothing is used, even where it is the same as before."""
        self._settings.quota = checked(Quota, schema.parse_json(request.body), "quota")
        self._service.refill()
        return self._show_quota(request)

    def _drop_quota(self, request: ReceivedRequest) -> dict[str, Any]:
        self._settings.quota = None
        return self._show_quota(request)

    def _show_requests(self, request: ReceivedRequest) -> dict[str, Any]:
        """The log; `?after=12` leaves out those up to number 12."""
        after = whole_number(request.query, "after", 0)
        log = self._requests
        names = ("items_billed", "tokens_billed", "in_flight", "max_in_flight", "abandoned", "forgotten")
        return {
            "requests": [_told(one) for one in log if one.number > after],
            **{name: getattr(log, name) for name in names},
        }

    def _clear_requests(self, request: ReceivedRequest) -> dict[str, Any]:
        self._requests.clear()
        return self._show_requests(request)

    def _show_settings(self, _: ReceivedRequest) -> dict[str, Any]:
        shown = {name: written(value) for name, value in _values(self._settings).items()}
        return shown | ({"api_keys": [_HIDDEN] * len(shown["api_keys"])} if shown["api_keys"] else {})

    def _change_settings(self, request: ReceivedRequest) -> dict[str, Any]:
        told = arguments(Settings, schema.parse_json(request.body), "settings")
        if {*(told.get("api_keys") or ())} == {_HIDDEN}:  # as they are shown: not changed
            del told["api_keys"]
        try:
            check_settings(told)
        except ValueError as error:
            raise ApiError(400, f"settings.{error}") from None
        for name, value in told.items():
            setattr(self._settings, name, value)
        return self._show_settings(request)

    def _reset(self, _: ReceivedRequest) -> dict[str, Any]:
        """Everything as it was at the start: settings, faults, log, quotas used, uploads, jobs, clock, bill."""
        for name, value in self._at_start.items():
            setattr(self._settings, name, copy.copy(value))
        self._faults.clear()
        self._requests.clear()
        self._service.forget()
        self._batches.reset()
        return {"reset": True}


def _health(_: ReceivedRequest) -> dict[str, Any]:
    from importlib import metadata

    return {"status": "ok", "name": "gemini-embed-emulator", "version": metadata.version("gemini-embed-emulator")}


def _values(settings: Settings) -> dict[str, Any]:
    """All settings; those that are collections as copies, which nobody else changes."""
    return {one.name: copy.copy(getattr(settings, one.name)) for one in dataclasses.fields(Settings)}


def _told(request: ReceivedRequest) -> dict[str, Any]:
    """A request as it came, but for its keys and tokens."""
    return {
        "number": request.number,
        "method": request.method,
        "path": request.path,
        "action": request.action,
        "query": _without_secrets(request.query),
        "headers": _without_secrets(request.headers),
        "json": request.json,
        "body_bytes": len(request.body),
        "time": request.time,
    }


def _without_secrets(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _HIDDEN if name in _SECRETS else value for name, value in fields.items()}
