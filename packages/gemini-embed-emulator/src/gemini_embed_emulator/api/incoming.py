"""What every call shares: which parameters it may have, its body as JSON, what is said of one that leads nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from gemini_embed_emulator import errors
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings

from . import query, schema, unbuilt

_FORM = "application/x-www-form-urlencoded"


class Incoming:
    """Reads requests as the settings say. Raises ApiError for what the service's front end refuses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check_query(
        self, request: ReceivedRequest, besides: frozenset[str] = frozenset(), *, media: bool = False
    ) -> None:
        """Refuse a parameter that is none of Google's nor of those `besides`, and bytes but of `media`."""
        told = {name: value for name, value in request.query.items() if name not in besides}
        refused = query.PRETTY if self._settings.pretty_print == "refuse" else frozenset()
        query.check(told, refused=refused, media=media)

    def body(self, request: ReceivedRequest, *, large: bool = False) -> Any:
        """The body as JSON, within the limit for media where it holds some, or may be as `large`."""
        large = large or b'"inlineData"' in request.body or b'"inline_data"' in request.body
        limit = self._settings.max_media_payload_bytes if large else self._settings.max_payload_bytes
        if len(request.body) > limit:
            raise errors.ApiError(400, f"Request payload size exceeds the limit: {limit} bytes.")
        if request.headers.get("content-type", "").startswith(_FORM):
            # What curl sends that is given no type, in the service's words: a form's fields are parameters.
            for name, _ in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True):
                raise query.unknown(name)
        return schema.parse_json(request.body)


def nowhere(request: ReceivedRequest) -> Exception:
    """Why a path leads nowhere: it is not built (501), or means nothing (404)."""
    return unbuilt.refusal(request.path) or errors.NoSuchPageError(request.path)
