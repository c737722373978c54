"""Which call of Vertex AI a path means, and who may make it."""

from __future__ import annotations

import re

from gemini_embed_emulator.http import ReceivedRequest

from . import catalog
from .access import Access
from .generating import Generation
from .incoming import Incoming, nowhere
from .reply import Reply
from .vertex import Target, VertexApi

_PATH = re.compile(
    r"/(?P<version>v1|v1beta1)(?:/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+))?"
    r"/publishers/google/models(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?"
)
_CATALOG_QUERY = frozenset({"filter", "orderBy", "view", "languageCode", "listAllVersions"})  # taken, and not followed


class VertexRoutes:
    """The calls of Vertex AI, by their paths."""

    def __init__(self, access: Access, incoming: Incoming, vertex: VertexApi, generation: Generation) -> None:
        self._access = access
        self._incoming = incoming
        self._vertex = vertex
        self._generation = generation

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """The good answer, or ApiError; None where the path is none of Vertex's."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        self._incoming.check_query(request, _CATALOG_QUERY if request.method == "GET" else frozenset())
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
        if (request.method, action) == ("POST", "generateContent"):
            body = self._incoming.body(request)
            if reply := self._generation.generate(target.name, request, body, self._vertex.senses):
                return reply
        if request.method != "POST" or action not in actions:
            raise nowhere(request)
        return actions[action](target, self._incoming.body(request))


def _grpc_name(version: str, name: str | None, action: str | None) -> str:
    """The call as ErrorInfo names it: v1 has countTokens where v1beta1 has only computeTokens."""
    if not action:
        service, call = "ModelGardenService", "GetPublisherModel" if name else "ListPublisherModels"
    else:
        utility = action == "computeTokens" or (action, version) == ("countTokens", "v1")
        service, call = "LlmUtilityService" if utility else "PredictionService", f"{action[0].upper()}{action[1:]}"
    return f"google.cloud.aiplatform.{version}.{service}.{call}"
