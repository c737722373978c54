"""Which call of the Gemini Developer API a path means, and who may make it: models, files, jobs, OpenAI's form."""

from __future__ import annotations

import re

from gemini_embed_emulator.http import ReceivedRequest

from . import openai
from .access import Access
from .developer import DeveloperApi
from .files import FileStore
from .generating import Generation
from .incoming import Incoming, nowhere
from .jobs import DeveloperJobs
from .reply import Reply

_VERSION = r"(?P<version>v1|v1beta|v1alpha)"
_MODELS = re.compile(rf"/{_VERSION}/models(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?")
_FILES = re.compile(rf"(?P<upload>/upload)?/{_VERSION}/(?P<name>files(?:/[^/:]+)?)")
_DOWNLOADS = re.compile(rf"(?:/download)?/{_VERSION}/(?P<name>files/[^/:]+):download")
_JOBS = re.compile(rf"/{_VERSION}/batches(?:/(?P<name>[^/:]+)(?::(?P<action>\w+))?)?")
_UPLOAD_QUERY = frozenset({"upload_id"})
_JOBS_QUERY = frozenset({"filter", "returnPartialSuccess"})  # taken, and not followed
_PATCH_QUERY = frozenset({"updateMask"})


class DeveloperRoutes:
    """The calls of the Developer API, by their paths."""

    def __init__(
        self,
        access: Access,
        incoming: Incoming,
        developer: DeveloperApi,
        files: FileStore,
        jobs: DeveloperJobs,
        generation: Generation,
    ) -> None:
        self._access = access
        self._incoming = incoming
        self._developer = developer
        self._files = files
        self._jobs = jobs
        self._generation = generation

    def answer(self, request: ReceivedRequest) -> Reply | None:
        """The good answer, or ApiError; None where the path is none of the Developer API's."""
        for pattern, answer in (
            (_FILES, self._answer_files),
            (_DOWNLOADS, self._answer_download),
            (_JOBS, self._answer_jobs),
            (_MODELS, self._answer_models),
        ):
            if match := pattern.fullmatch(request.path):
                return answer(match, request)
        if request.path == openai.PATH and request.method == "POST":
            self._incoming.check_query(request)
            self._access.openai(request)
            return openai.embeddings(self._developer, self._incoming.body(request))
        return None

    def _answer_models(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        self._incoming.check_query(request)
        self._access.developer(request)
        version, name, action = match["version"], match["name"], match["action"]
        if request.method == "GET" and not action:
            return self._developer.get_model(name, version) if name else self._developer.list_models(request.query)
        actions = {
            "embedContent": self._developer.embed_content,
            "batchEmbedContents": self._developer.batch_embed_contents,
            "countTokens": self._developer.count_tokens,
            "asyncBatchEmbedContent": self._jobs.create,
        }
        if (request.method, action) == ("POST", "generateContent"):
            body = self._incoming.body(request)
            if reply := self._generation.generate(name, request, body, self._developer.senses):
                return reply
        if request.method != "POST" or action not in actions:
            raise nowhere(request)
        return actions[action](name, version, self._incoming.body(request, large=action == "asyncBatchEmbedContent"))

    def _answer_jobs(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        called = (request.method, match["action"] or "")
        self._incoming.check_query(
            request,
            _PATCH_QUERY if request.method == "PATCH" else _JOBS_QUERY if request.method == "GET" else frozenset(),
        )
        self._access.developer(request)
        name = match["name"]
        if name is None and called == ("GET", ""):
            return self._jobs.list_jobs(request.query)
        if name is not None and called == ("GET", ""):
            return self._jobs.get(name)
        if name is not None and called == ("DELETE", ""):
            return self._jobs.delete(name)
        if name is not None and called == ("POST", "cancel"):
            return self._jobs.cancel(name)
        if name is not None and called == ("PATCH", "updateEmbedContentBatch"):
            return self._jobs.update(name, request.query, self._incoming.body(request))
        raise nowhere(request)

    def _answer_download(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        self._incoming.check_query(request, media=True)
        self._access.developer(request)
        if request.method != "GET":
            raise nowhere(request)
        return self._jobs.download(match["name"], request.query) or self._files.download(match["name"])

    def _answer_files(self, match: re.Match[str], request: ReceivedRequest) -> Reply:
        name = match["name"]
        continues_upload = match["upload"] and "upload_id" in request.query  # the address itself is the permission
        if not continues_upload:
            self._access.developer(request)
        self._incoming.check_query(request, _UPLOAD_QUERY)
        if match["upload"] and request.method == "POST" and name == "files":
            return self._files.upload(request)
        if not match["upload"] and request.method == "GET":
            if name == "files":
                return self._files.list_files(request.query, self._jobs.files())
            return self._jobs.file(name) or self._files.get(name)
        if not match["upload"] and request.method == "DELETE" and name != "files":
            return self._jobs.delete_file(name)
        raise nowhere(request)
