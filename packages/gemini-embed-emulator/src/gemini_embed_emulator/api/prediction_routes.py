"""Which call about batchPredictionJobs a path means, and who may make it."""

from __future__ import annotations

import re

from gemini_embed_emulator.http import ReceivedRequest

from .access import Access
from .incoming import Incoming, nowhere
from .prediction_jobs import PredictionJobs
from .reply import Reply

_PATH = re.compile(
    r"/(?P<version>v1|v1beta1)/(?P<parent>projects/[^/]+/locations/[^/]+)/batchPredictionJobs"
    r"(?:/(?P<id>[^/:]+)(?P<cancel>:cancel)?)?"
)
_LIST_QUERY = frozenset({"filter", "readMask"})


class PredictionRoutes:
    """The calls about batch jobs of Vertex AI, by their paths."""

    def __init__(self, access: Access, incoming: Incoming, jobs: PredictionJobs) -> None:
        self._access = access
        self._incoming = incoming
        self._jobs = jobs

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """The good answer, or ApiError; None where the path is none of these."""
        match = _PATH.fullmatch(request.path)
        if match is None:
            return None
        call = self._call(request.method, match)
        one = "s" if call == "List" else ""
        method = f"google.cloud.aiplatform.{match['version']}.JobService.{call}BatchPredictionJob{one}"
        self._access.vertex(request, method, in_project=True)
        self._incoming.check_query(request, _LIST_QUERY if call == "List" else frozenset())
        if call == "Create":
            return self._jobs.create(match["parent"], self._incoming.body(request))
        if call == "List":
            return self._jobs.list_jobs(match["parent"], request.query)
        calls = {"Get": self._jobs.get, "Cancel": self._jobs.cancel, "Delete": self._jobs.delete}
        if call not in calls:
            raise nowhere(request)
        return calls[call](match["parent"], match["id"])

    @staticmethod
    def _call(method: str, match: re.Match[str]) -> str:
        """The first word of the call's name in gRPC, "" where there is none."""
        if match["cancel"]:
            return "Cancel" if method == "POST" else ""
        return {
            "POST": "" if match["id"] else "Create",
            "GET": "Get" if match["id"] else "List",
            "DELETE": "Delete",
        }.get(method, "")
