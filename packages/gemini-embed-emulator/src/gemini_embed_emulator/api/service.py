"""Which call a path means, who may make it, and what it costs. No sockets here."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from gemini_embed_emulator import errors
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import VectorMaker

from . import catalog, openai, query, schema, storage, unbuilt
from .access import Access
from .developer import DeveloperApi
from .files import FileStore
from .objects import ObjectStore
from .quota import QuotaKeeper
from .reply import Reply
from .storage import StorageApi
from .vertex import Target, VertexApi

_VERTEX = re.compile(
    r"/(?P<version>v1|v1beta1)(?:/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+))?"
    r"/publishers/google/models(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?"
)
_DEVELOPER = re.compile(r"/(?P<version>v1|v1beta|v1alpha)/models(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?")
_FILES = re.compile(r"(?P<upload>/upload)?/(?:v1|v1beta|v1alpha)/(?P<name>files(?:/[^/:]+)?)")
_FORM = "application/x-www-form-urlencoded"
_UPLOAD_QUERY = frozenset({"upload_id"})
_CATALOG_QUERY = frozenset({"filter", "orderBy", "view", "languageCode", "listAllVersions"})  # taken, and not followed


class Service:
    """The emulated service behind one address: it tells the two backends apart by their paths."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        vectors = VectorMaker()
        self._access = Access(settings)
        self._files = FileStore(settings)
        self._developer = DeveloperApi(settings, vectors, self._files)
        self.objects = ObjectStore(settings)
        self._storage = StorageApi(self.objects)
        self._vertex = VertexApi(settings, vectors, self.objects)
        self._quota = QuotaKeeper()

    def answer(self, request: ReceivedRequest) -> Reply:
        """The good answer to a request, or ApiError, or NoSuchPageError."""
        if match := _FILES.fullmatch(request.path):
            return self._answer_files(match, request)
        if match := storage.PATH.fullmatch(request.path):
            return self._answer_storage(match, request)
        match = _VERTEX.fullmatch(request.path)
        self._check_query(request, _CATALOG_QUERY if match and request.method == "GET" else frozenset())
        if match:
            vertex, reply = True, self._answer_vertex(match, request)
        elif match := _DEVELOPER.fullmatch(request.path):
            vertex, reply = False, self._answer_developer(match, request)
        elif request.path == openai.PATH and request.method == "POST":
            vertex, reply = False, self._answer_openai(request)
        else:
            raise _nowhere(request)
        if self._settings.quota and reply.items:
            self._quota.charge(self._settings.quota, reply.model, items=reply.items, tokens=reply.tokens, vertex=vertex)
        return reply

    def refill(self) -> None:
        """Forget what was used of quotas."""
        self._quota.clear()

    def forget(self) -> None:
        """Forget the uploads, objects and what was used of quotas."""
        self._files.clear()
        self.objects.clear()
        self._storage.clear()
        self.refill()

    def _check_query(self, request: ReceivedRequest, besides: frozenset[str] = frozenset()) -> None:
        told = {name: value for name, value in request.query.items() if name not in besides}
        query.check(told, refused=query.PRETTY if self._settings.pretty_print == "refuse" else frozenset())

    def _answer_developer(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        self._access.developer(request)
        version, name, action = match["version"], match["name"], match["action"]
        if request.method == "GET" and not action:
            return self._developer.get_model(name, version) if name else self._developer.list_models(request.query)
        actions = {
            "embedContent": self._developer.embed_content,
            "batchEmbedContents": self._developer.batch_embed_contents,
            "countTokens": self._developer.count_tokens,
        }
        if request.method != "POST" or action not in actions:
            raise _nowhere(request)
        return actions[action](name, version, self._body(request))

    def _answer_openai(self, request: ReceivedRequest) -> Reply:
        self._access.openai(request)
        return openai.embeddings(self._developer, self._body(request))

    def _answer_files(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        name = match["name"]
        continues_upload = match["upload"] and "upload_id" in request.query  # the address itself is the permission
        if not continues_upload:
            self._access.developer(request)
        self._check_query(request, _UPLOAD_QUERY)
        if match["upload"] and request.method == "POST" and name == "files":
            return self._files.upload(request)
        if not match["upload"] and request.method == "GET":
            return self._files.get(name) if name != "files" else self._files.list_files(request.query)
        if not match["upload"] and request.method == "DELETE" and name != "files":
            return self._files.delete(name)
        raise _nowhere(request)

    def _answer_storage(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        if "upload_id" not in request.query:  # the address itself is the permission
            self._access.storage(request)
        reply = self._storage.answer(match, request)
        if reply is None:
            raise _nowhere(request)
        return reply

    def _answer_vertex(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        name, action = match["name"], match["action"]
        target = Target(name or "", match["project"] or "", match["location"] or "")
        method = _grpc_name(match["version"], name, action)
        self._access.vertex(request, method, in_project=bool(target.project))
        if request.method == "GET" and not action:
            return catalog.get_model(target) if name else catalog.list_models(request.query)
        actions = {
            "predict": self._vertex.predict,
            "embedContent": self._vertex.embed_content,
            "batchEmbedContents": self._vertex.batch_embed_contents,
            "countTokens": self._vertex.count_tokens,
            "computeTokens": self._vertex.compute_tokens,
        }
        if request.method != "POST" or action not in actions:
            raise _nowhere(request)
        return actions[action](target, self._body(request))

    def _body(self, request: ReceivedRequest) -> Any:
        media = b'"inlineData"' in request.body or b'"inline_data"' in request.body
        limit = self._settings.max_media_payload_bytes if media else self._settings.max_payload_bytes
        if len(request.body) > limit:
            raise errors.ApiError(400, f"Request payload size exceeds the limit: {limit} bytes.")
        if request.headers.get("content-type", "").startswith(_FORM):
            # What curl sends that is given no type, in the service's words: a form's fields are parameters.
            for name, _ in parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True):
                raise query.unknown(name)
        return schema.parse_json(request.body)


def error_payload(error: errors.ApiError, request: ReceivedRequest) -> Any:
    """The JSON of a refusal; the OpenAI-compatible endpoints put it into a list, as reported."""
    return [error.body()] if request.path.startswith("/v1beta/openai/") else error.body()


def _nowhere(request: ReceivedRequest) -> Exception:
    """Why a path leads nowhere: it is not built (501), or means nothing (404)."""
    return unbuilt.refusal(request.path) or errors.NoSuchPageError(request.path)


def _grpc_name(version: str, name: str | None, action: str | None) -> str:
    """The call as ErrorInfo names it: v1 has countTokens where v1beta1 has only computeTokens."""
    if not action:
        service, call = "ModelGardenService", "GetPublisherModel" if name else "ListPublisherModels"
    else:
        utility = action == "computeTokens" or (action, version) == ("countTokens", "v1")
        service, call = "LlmUtilityService" if utility else "PredictionService", f"{action[0].upper()}{action[1:]}"
    return f"google.cloud.aiplatform.{version}.{service}.{call}"
