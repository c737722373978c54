"""Cloud Storage's calls: who may make them."""

from __future__ import annotations

from gemini_embed_emulator.http import ReceivedRequest

from .access import Access
from .incoming import nowhere
from .prediction_jobs import PredictionJobs
from .reply import Reply
from .storage import PATH, StorageApi


class StorageRoutes:
    """Cloud Storage's calls. What jobs have written is there before it is looked for."""

    def __init__(self, access: Access, storage: StorageApi, jobs: PredictionJobs) -> None:
        self._access = access
        self._storage = storage
        self._jobs = jobs

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """The good answer, or ApiError; None where the path is none of these."""
        match = PATH.fullmatch(request.path)
        if match is None:
            return None
        if "upload_id" not in request.query:  # the address itself is the permission
            self._access.storage(request)
        self._jobs.publish()
        reply = self._storage.answer(match, request)
        if reply is None:
            raise nowhere(request)
        return reply
