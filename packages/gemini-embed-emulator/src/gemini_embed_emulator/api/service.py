"""The emulated service: which backend a path is of, and what its calls cost. No sockets here."""

from __future__ import annotations

from typing import Any

from gemini_embed_emulator import errors
from gemini_embed_emulator.batches import JobScript, JobStore
from gemini_embed_emulator.bill import Bill
from gemini_embed_emulator.chat import ChatScript
from gemini_embed_emulator.clock import Clock
from gemini_embed_emulator.http import ReceivedRequest
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import VectorMaker

from .access import Access
from .developer import DeveloperApi
from .developer_routes import DeveloperRoutes
from .files import FileStore
from .generating import Generation
from .incoming import Incoming, nowhere
from .jobs import DeveloperJobs
from .objects import ObjectStore
from .prediction_jobs import EXPIRES_S, PredictionJobs, new_prediction_id
from .prediction_lines import PredictionLines
from .prediction_routes import PredictionRoutes
from .quota import QuotaKeeper
from .reply import Reply
from .storage import StorageApi
from .storage_routes import StorageRoutes
from .vertex import VertexApi
from .vertex_routes import VertexRoutes


class Service:
    """The emulated service behind one address: it tells the two backends apart by their paths."""

    def __init__(self, settings: Settings, clock: Clock, script: JobScript, bill: Bill, chat: ChatScript) -> None:
        self._settings = settings
        self._bill = bill
        self.jobs = JobStore(settings, clock, script, bill.batch)
        """The Developer API's batch jobs."""
        self._files = FileStore(settings, clock)
        self._quota = QuotaKeeper()
        self._incoming = incoming = Incoming(settings)
        vectors, access, generation = VectorMaker(), Access(settings), Generation(chat)
        developer = DeveloperApi(settings, vectors, self._files)
        jobs = DeveloperJobs(settings, self.jobs, developer, self._files)
        self._developer = DeveloperRoutes(access, incoming, developer, self._files, jobs, generation)
        self.objects = ObjectStore(settings, clock)
        vertex = VertexApi(settings, vectors, self.objects)
        self.prediction_jobs = JobStore(
            settings, clock, script, bill.batch, new_prediction_id, expires_s=EXPIRES_S, queue=False
        )
        """Vertex AI's batch jobs."""
        lines = PredictionLines(settings, vectors, vertex.senses)
        predictions = PredictionJobs(self.prediction_jobs, lines, self.objects)
        self._storage = StorageApi(self.objects)
        self._vertex = VertexRoutes(access, incoming, vertex, generation)
        self._besides = (
            PredictionRoutes(access, incoming, predictions),
            StorageRoutes(access, self._storage, predictions),
        )

    def answer(self, request: ReceivedRequest) -> Reply:
        """The good answer to a request, on the bill, or ApiError, or NoSuchPageError."""
        reply = self._vertex.answer(request)
        vertex = reply is not None
        for routes in (self._developer, *self._besides):
            reply = reply or routes.answer(request)
        if reply is None:
            self._incoming.check_query(request)
            raise nowhere(request)
        if self._settings.quota and reply.items:
            self._quota.charge(self._settings.quota, reply.model, items=reply.items, tokens=reply.tokens, vertex=vertex)
        self._bill.online.add(reply.contents, reply.tokens)
        return reply

    @staticmethod
    def takes_long(request: ReceivedRequest) -> bool:
        """Whether a request may hold, or be answered by, thousands of items. May be answered from any thread."""
        return request.action == "asyncBatchEmbedContent" or "/batches/" in request.path

    def settle(self) -> None:
        """Bring jobs, and with them the bill, to what they are now."""
        self.jobs.settle()
        self.prediction_jobs.settle()

    def told_jobs(self) -> list[dict[str, Any]]:
        """All jobs, newest first, those that no list shows yet too."""
        now = self.jobs.now
        found = [*self.jobs.all(), *self.prediction_jobs.all()]
        return [
            {
                "name": job.extra.get("name", f"batches/{job.id}"),
                "displayName": job.display_name,
                "model": job.model,
                "state": job.state(now),
                "items": job.items,
                "tokens": job.tokens,
            }
            for job in sorted(found, key=lambda job: job.course.created, reverse=True)
        ]

    def refill(self) -> None:
        """Forget what was used of quotas."""
        self._quota.clear()

    def forget(self) -> None:
        """Forget the uploads, the jobs, the objects, and what was used of quotas."""
        for kept in (self._files, self.jobs, self.prediction_jobs, self.objects, self._storage):
            kept.clear()
        self.refill()


def error_payload(error: errors.ApiError, request: ReceivedRequest) -> Any:
    """The JSON of a refusal; the OpenAI-compatible endpoints put it into a list, as reported."""
    return [error.body()] if request.path.startswith("/v1beta/openai/") else error.body()
