"""What is not known of Vertex AI: asked where a project and its credentials are given."""

from __future__ import annotations

from typing import Any

from .asking import Service, UndecidedError
from .facts import Outcome, Probes, refused, taken, usd

PROBES = Probes()
_TABLE, _EMULATED = "gemini_embed/models/table.py", "gemini_embed_emulator/api/vertex.py"


def _call(service: Service, model: str, action: str, body: Any, *, express: bool = False) -> Any:
    path = f"/v1beta1/publishers/google/models/{model}:{action}"
    if express:
        return service.ask("POST", path, body, headers={"x-goog-api-key": service.api_key})
    return service.ask("POST", f"/v1/{service.project}publishers/google/models/{model}:{action}", body)


@PROBES.add("vertex-batch-embed-contents", f"{_EMULATED}: batch_embed_contents", usd(text=10), backend="vertex")
def _batch_embed_contents(service: Service) -> Outcome:
    """Vertex AI has :batchEmbedContents for gemini-embedding-2.

    Sends: batchEmbedContents, two texts.
    """
    model = f"{service.project}publishers/google/models/gemini-embedding-2"
    items = [{"model": model, "content": {"parts": [{"text": text}]}} for text in ("hello", "world")]
    return taken(_call(service, "gemini-embedding-2", "batchEmbedContents", {"requests": items}))


@PROBES.add("vertex-001-several-texts", f"{_TABLE}: _PREDICT", usd(text=10), backend="vertex")
def _several_texts(service: Service) -> Outcome:
    """gemini-embedding-001 takes several texts in one :predict.

    Sends: predict of two texts.
    """
    instances = [{"content": text} for text in ("hello", "world")]
    return taken(_call(service, "gemini-embedding-001", "predict", {"instances": instances}))


@PROBES.add(
    "vertex-001-embed-content",
    "gemini_embed_emulator/settings.py: vertex_001_embed_content",
    usd(text=10),
    backend="vertex",
)
def _embed_content(service: Service) -> Outcome:
    """gemini-embedding-001 does not answer :embedContent.

    Sends: embedContent of a text.
    """
    return refused(service.embed("hello", model="gemini-embedding-001"))


@PROBES.add("vertex-2-predict", f"{_EMULATED}: predict", usd(text=10), backend="vertex")
def _predict(service: Service) -> Outcome:
    """gemini-embedding-2 does not answer :predict.

    Sends: predict of a text.
    """
    return refused(_call(service, "gemini-embedding-2", "predict", {"instances": [{"content": "hello"}]}))


@PROBES.add("vertex-express-key", "gemini_embed_emulator/api/access.py: express", usd(text=10), backend="vertex")
def _express_key(service: Service) -> Outcome:
    """An API key is taken on the short path of express mode.

    Sends: predict of a text with the key.
    """
    if not service.api_key:
        raise UndecidedError("no API key is given")
    body = {"instances": [{"content": "hello"}]}
    return taken(_call(service, "gemini-embedding-001", "predict", body, express=True))
