"""Which call a path means, who may make it, and what it costs. No sockets here."""

from __future__ import annotations

import re
from typing import Any

from gemini_embed_emulator import errors
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import VectorMaker

from . import schema
from .developer import DeveloperApi
from .files import FileStore
from .quota import QuotaKeeper
from .reply import Reply
from .vertex import Target, VertexApi

_VERTEX = re.compile(
    r"/(?P<version>v1|v1beta1)(?:/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+))?"
    r"/publishers/google/models/(?P<name>[^/:]+):(?P<action>\w+)"
)
_DEVELOPER = re.compile(r"/(?P<version>v1|v1beta)/models(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?")
_FILES = re.compile(r"(?P<upload>/upload)?/(?:v1|v1beta)/(?P<name>files(?:/[^/:]+)?)")
_PRETTY_NAMES = ("prettyPrint", "$prettyPrint", "pretty_print")
_KNOWN_QUERY = frozenset({*_PRETTY_NAMES, "key", "alt", "$alt", "quotaUser", "pageSize", "pageToken"})
_UPLOAD_QUERY = frozenset({"upload_id", "upload_protocol", "uploadType"})


class Service:
    """The emulated service behind one address: it tells the two backends apart by their paths."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        vectors = VectorMaker()
        self._files = FileStore(settings)
        self._developer = DeveloperApi(settings, vectors, self._files)
        self._vertex = VertexApi(settings, vectors)
        self._quota = QuotaKeeper()

    def answer(self, request: ReceivedRequest) -> Reply:
        """The good answer to a request, or ApiError."""
        if match := _FILES.fullmatch(request.path):
            return self._answer_files(match, request)
        self._check_query(request.query)
        if match := _VERTEX.fullmatch(request.path):
            vertex, reply = True, self._answer_vertex(match, request)
        elif match := _DEVELOPER.fullmatch(request.path):
            vertex, reply = False, self._answer_developer(match, request)
        else:
            raise errors.NoSuchPageError(request.path)
        if self._settings.quota and reply.items:
            self._quota.charge(self._settings.quota, reply.model, items=reply.items, tokens=reply.tokens, vertex=vertex)
        return reply

    def _check_query(self, query: dict[str, str]) -> None:
        refused = _PRETTY_NAMES if self._settings.pretty_print == "refuse" else ()
        for name in query:
            if name in refused or name not in _KNOWN_QUERY:
                raise _unknown_parameter(name)
        for name in ("alt", "$alt"):
            if not query.get(name, "json").startswith("json"):
                raise errors.ApiError(400, f"The emulator answers in JSON only, not {name}={query[name]}.")

    def _answer_developer(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        self._check_key(_key(request), "generativelanguage.googleapis.com", errors.missing_key())
        version, name, action = match["version"], match["name"], match["action"]
        if request.method == "GET" and not action:
            return self._developer.get_model(name, version) if name else self._developer.list_models(request.query)
        actions = {
            "embedContent": self._developer.embed_content,
            "batchEmbedContents": self._developer.batch_embed_contents,
            "countTokens": self._developer.count_tokens,
        }
        if request.method != "POST" or action not in actions:
            raise errors.NoSuchPageError(request.path)
        return actions[action](name, version, self._body(request))

    def _answer_files(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        name = match["name"]
        continues_upload = match["upload"] and "upload_id" in request.query  # the address itself is the permission
        if not continues_upload:
            self._check_key(_key(request), "generativelanguage.googleapis.com", errors.missing_key())
        self._check_query({name: value for name, value in request.query.items() if name not in _UPLOAD_QUERY})
        if match["upload"] and request.method == "POST" and name == "files":
            return self._files.upload(request)
        if not match["upload"] and request.method == "GET":
            return self._files.get(name) if name != "files" else self._files.list_files(request.query)
        if not match["upload"] and request.method == "DELETE" and name != "files":
            return self._files.delete(name)
        raise errors.NoSuchPageError(request.path)

    def _answer_vertex(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        target = Target(match["name"], match["project"] or "", match["location"] or "")
        self._check_vertex_access(target, match, request)
        actions = {
            "predict": self._vertex.predict,
            "embedContent": self._vertex.embed_content,
            "countTokens": self._vertex.count_tokens,
        }
        if request.method != "POST" or match["action"] not in actions:
            raise errors.NoSuchPageError(request.path)
        return actions[match["action"]](target, self._body(request))

    def _check_vertex_access(self, target: Target, match: re.Match[str], request: ReceivedRequest) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token.strip():
            return
        action = match["action"][0].upper() + match["action"][1:]
        method = f"google.cloud.aiplatform.{match['version']}.PredictionService.{action}"
        key = _key(request)
        if target.project:
            raise errors.key_where_token_is_needed(method) if key else errors.missing_token(method)
        self._check_key(key, "aiplatform.googleapis.com", errors.missing_token(method))

    def _check_key(self, key: str, service: str, missing: errors.ApiError) -> None:
        if not key:
            raise missing
        allowed = self._settings.api_keys
        if key in self._settings.invalid_api_keys or (allowed is not None and key not in allowed):
            raise errors.bad_key(service)

    def _body(self, request: ReceivedRequest) -> Any:
        media = b'"inlineData"' in request.body or b'"inline_data"' in request.body
        limit = self._settings.max_media_payload_bytes if media else self._settings.max_payload_bytes
        if len(request.body) > limit:
            raise errors.ApiError(400, f"Request payload size exceeds the limit: {limit} bytes.")
        return schema.parse_json(request.body)


def wants_indent(request: ReceivedRequest) -> bool:
    """Whether the reply is to be indented: yes, unless the query says otherwise."""
    values = [request.query[name] for name in _PRETTY_NAMES if name in request.query]
    return not values or values[-1].lower() not in ("false", "0")


def _key(request: ReceivedRequest) -> str:
    return request.headers.get("x-goog-api-key", "") or request.query.get("key", "")


def _unknown_parameter(name: str) -> errors.ApiError:
    description = (
        f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
        f"Field '{name}' could not be found in request message."
    )
    details: list[dict[str, Any]] = [
        {"@type": errors.RPC + "BadRequest", "fieldViolations": [{"description": description}]}
    ]
    return errors.ApiError(400, description, details=details)
