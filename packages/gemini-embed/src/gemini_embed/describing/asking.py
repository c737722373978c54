"""One call of a chat model: kept ones recalled, within the budget, counted, told, and read."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from typing import Any

from gemini_embed.describing.description import Description
from gemini_embed.describing.host import Host, Wishes
from gemini_embed.describing.kept import KeptDescriptions
from gemini_embed.describing.prices import likely_tokens
from gemini_embed.describing.prompts import SENTENCES, VERSION, Question, prompt, question_of
from gemini_embed.describing.replies import description_of, usage_of
from gemini_embed.errors import ApiError, AuthenticationError
from gemini_embed.metering import ObservedCall, told_tokens_by_modality, watched
from gemini_embed.models import ModelFacts
from gemini_embed.result import Usage
from gemini_embed.service.sdk import Sdk
from gemini_embed.windows import Window

_BAD_REQUEST = 400


class _Spent:
    """What one call has used, once it has ended."""

    def __init__(self) -> None:
        self.usage = Usage()


class Asker:
    """Describes the windows of one add. Called in several threads at once."""

    def __init__(self, how: Wishes, facts: ModelFacts, host: Host) -> None:
        self.facts = facts
        self._how, self._host = how, host
        self._sdk = Sdk(host.connection, host.http)
        self._kept = KeptDescriptions(host.cache, facts.name)
        self._lock = threading.Lock()
        self._asked: defaultdict[bytes, threading.Lock] = defaultdict(threading.Lock)
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """What was used until now."""
        with self._lock:
            return self._usage

    def __call__(self, window: Window) -> Description:
        """What the model says of a window, or said of the same bytes before.

        Raises:
            BudgetError: it would cost more than is left; nothing was sent.
            ApiError, ConnectionFailedError: the service refused, and not because of this window.
            MissingExtraError, CacheError: what it needs here is not there.
        """
        question = question_of(window, hears_videos=self._host.hears_videos)
        if question is None:
            return Description(window.text)
        key = self._key(question)
        with self._lock:
            turn = self._asked[key]
        with turn:  # the same picture twice in one batch is asked about once
            said = self._kept.get(key)
            if said is None:
                said = self._said(question)
                if said.text or said.problem is None:
                    self._kept.put(key, said)
        return said if said.text else Description(window.text, said.sentences, said.problem)

    def _said(self, question: Question) -> Description:
        spent, modality = _Spent(), _modality(question)
        likely = likely_tokens(question.kind, modality, question.seconds, question.pages)
        call = ObservedCall(
            self.facts, self._host.connection.base_url, None, None, None, 1, operation="generate_content"
        )
        try:
            with self._host.budget.call_of(likely, self.facts, "describing") as held, watched(call, spent):
                reply = self._sdk.asked(lambda client: self._reply(client, question), what=self.facts.name)
                if usage := usage_of(reply):
                    spent.usage = usage
                    held.usage = usage
                    told = told_tokens_by_modality(usage, {name: n for name, n in likely.items() if name != "output"})
                    held.billed = {**told, "output": usage.output_tokens}
        except ApiError as error:
            if error.code != _BAD_REQUEST or isinstance(error, AuthenticationError):
                raise
            return Description(problem=f"the model refused it: {error.message}")
        finally:
            with self._lock:
                self._usage += spent.usage
        return description_of(reply, question.kind, question.seconds)

    def _reply(self, client: Any, question: Question) -> dict[str, Any]:
        from google.genai import types

        asked = prompt(question.kind, self._how.language, self._how.instructions)
        medium = types.Part.from_bytes(data=question.data, mime_type=question.mime_type)
        config: dict[str, Any] = {"max_output_tokens": self._how.max_output_tokens}
        if question.kind == "transcript":
            config |= {"response_mime_type": "application/json", "response_schema": SENTENCES}
        reply = client.models.generate_content(
            model=self.facts.name,
            contents=[types.Content(role="user", parts=[medium, types.Part.from_text(text=asked)])],
            config=types.GenerateContentConfig(**config),
        )
        told: dict[str, Any] = reply.model_dump(mode="json", exclude_none=True, exclude={"sdk_http_response"})
        return told

    def _key(self, question: Question) -> bytes:
        """What an answer depends on: the bytes that are sent, the model, what is asked and how."""
        how = self._how
        digest = hashlib.sha256(question.data).hexdigest()
        told = [VERSION, self.facts.name, question.kind, question.mime_type, digest, how.language, how.instructions]
        return hashlib.sha256(json.dumps(told).encode()).digest()


def _modality(question: Question) -> str:
    return "pdf" if question.kind == "ocr" else question.mime_type.partition("/")[0]
