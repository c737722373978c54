"""Fields, query parameters, counts, and what vectors mean."""

from __future__ import annotations

import io
import json

from fix_media import drawn, film, pdf, wav
from gemini_embed.models.table import MODELS
from gemini_embed.tasks import with_prefix

from .asking import Answer, Service, UndecidedError
from .facts import FRAME_TOKENS, IMAGE_TOKENS, Outcome, Probes, alike, cosine, equal, refused, taken, usd
from .limits import part

PROBES = Probes()
_SCHEMA, _DEVELOPER = "gemini_embed_emulator/api/schema.py", "gemini_embed_emulator/api/developer.py"
_LINE = "The boiler is in the cellar, behind the grey door."
_PUBLIC_OBJECT = "gs://cloud-samples-data/generative-ai/image/scones.jpg"


@PROBES.add("newest-model", "gemini_embed/models/table.py: MODELS", 0.0)
def _newest_model(service: Service) -> Outcome:
    """No embedding model is newer than those of our table.

    Sends: GET models.
    """
    answer = service.ask("GET", "/v1beta/models", query={"pageSize": "1000"})
    if answer.status != 200:
        raise UndecidedError(answer.words)
    named = [
        one["name"].removeprefix("models/")
        for one in answer.json.get("models", ())
        if any("mbedContent" in method for method in one.get("supportedGenerationMethods", ()))
    ]
    new = sorted(set(named) - {name for name, _ in MODELS})
    return Outcome("refuted" if new else "confirmed", f"new: {', '.join(new)}" if new else f"named: {', '.join(named)}")


@PROBES.add("batch-listed", "gemini_embed_emulator/models.py: asyncBatchEmbedContent", 0.0)
def _batch_listed(service: Service) -> Outcome:
    """ListModels says that gemini-embedding-2 has asyncBatchEmbedContent.

    Sends: GET models/gemini-embedding-2.
    """
    answer = service.ask("GET", "/v1beta/models/gemini-embedding-2")
    if answer.status != 200:
        raise UndecidedError(answer.words)
    methods = answer.json.get("supportedGenerationMethods", [])
    return Outcome("confirmed" if "asyncBatchEmbedContent" in methods else "refuted", f"methods: {', '.join(methods)}")


@PROBES.add("preview-space", "gemini_embed_emulator/models.py: gemini-embedding-2-preview", usd(text=40))
def _preview_space(service: Service) -> Outcome:
    """gemini-embedding-2-preview and gemini-embedding-2 give the same vectors.

    Sends: embedContent of one text by both models.
    """
    before = service.embed(_LINE, model="gemini-embedding-2-preview")
    if before.status == 404:
        raise UndecidedError(f"the preview is shut down: {before.words}")
    return equal(before, service.embed(_LINE))


@PROBES.add("auto-truncate", f"{_SCHEMA}: autoTruncate", usd(text=20))
def _auto_truncate(service: Service) -> Outcome:
    """The REST API takes autoTruncate, which google-genai refuses to send.

    Sends: embedContent with embedContentConfig.autoTruncate true.
    """
    return taken(service.embed(_LINE, embedContentConfig={"autoTruncate": True}))


@PROBES.add("document-ocr", f"{_SCHEMA}: documentOcr", usd(text=100, image=IMAGE_TOKENS))
def _document_ocr(service: Service) -> Outcome:
    """The REST API takes documentOcr, which google-genai refuses to send.

    Sends: embedContent of a page with embedContentConfig.documentOcr true.
    """
    return taken(service.embed(part("application/pdf", pdf("a page")), embedContentConfig={"documentOcr": True}))


@PROBES.add("audio-track", f"{_SCHEMA}: audioTrackExtraction", usd(video=2 * FRAME_TOKENS, audio=300))
def _audio_track(service: Service) -> Outcome:
    """The REST API takes audioTrackExtraction, which google-genai refuses to send.

    Sends: embedContent of 1 s of film with sound, embedContentConfig.audioTrackExtraction true.
    """
    clip = film((drawn("red circle", (64, 48)), 1.0), sound=wav((440, 1), rate=16000))
    return taken(service.embed(part("video/mp4", clip), embedContentConfig={"audioTrackExtraction": True}))


@PROBES.add("title-ignored", f"{_DEVELOPER}: embed_content", usd(text=60))
def _title_ignored(service: Service) -> Outcome:
    """gemini-embedding-2 ignores `title`: its place is in the text.

    Sends: embedContent of one text with and without title.
    """
    return equal(service.embed(_LINE, title="Recipes of the sea"), service.embed(_LINE))


@PROBES.add("task-type-ignored", "gemini_embed/models/table.py: conditioning", usd(text=40))
def _task_type_ignored(service: Service) -> Outcome:
    """gemini-embedding-2 answers a `taskType`, and ignores it.

    Sends: embedContent of one text as query and as document.
    """
    query, document = (service.embed(_LINE, taskType=f"RETRIEVAL_{side}") for side in ("QUERY", "DOCUMENT"))
    return equal(query, document)


@PROBES.add("gs-refused", "gemini_embed/preparing/references.py: in_cloud_storage", usd(image=IMAGE_TOKENS))
def _gs_refused(service: Service) -> Outcome:
    """The Developer API reads no gs:// address, not even of a public object.

    Sends: embedContent with a public object of Cloud Storage.
    """
    return refused(service.embed({"fileData": {"mimeType": "image/jpeg", "fileUri": _PUBLIC_OBJECT}}), 400, 403, 404)


@PROBES.add("pretty-print", "gemini_embed/service/session.py: prettyPrint", usd(text=20))
def _pretty_print(service: Service) -> Outcome:
    """`prettyPrint=false` is honoured for vectors: half the bytes.

    Sends: embedContent?prettyPrint=false.
    """
    path = "/v1beta/models/gemini-embedding-2:embedContent"
    body = {"content": {"parts": [{"text": _LINE}]}}
    answer = service.ask("POST", path, body, query={"prettyPrint": "false"})
    lines = answer.body.strip().count(b"\n")
    if answer.status == 200 and lines > 0:
        return Outcome("refuted", f"200, {lines + 1} lines in {len(answer.body):,} bytes")
    return taken(answer)


@PROBES.add("alt-proto", "gemini_embed/wire/replies.py: simdjson", usd(text=20))
def _alt_proto(service: Service) -> Outcome:
    """Vectors cannot be had as protobuf by `alt=proto`.

    Sends: embedContent?alt=proto.
    """
    path = "/v1beta/models/gemini-embedding-2:embedContent"
    answer = service.ask("POST", path, {"content": {"parts": [{"text": _LINE}]}}, query={"alt": "proto"})
    kind = answer.headers.get("content-type", "")
    if answer.status == 200 and "json" not in kind:
        return Outcome("refuted", f"200 {kind}, {len(answer.body):,} bytes")
    return Outcome("confirmed", answer.words if answer.status != 200 else f"200, but {kind}")


@PROBES.add("count-tokens", "gemini_embed/calls/overflow.py: countTokens", usd(text=120))
def _count_tokens(service: Service) -> Outcome:
    """countTokens counts a text as embedding does, or one more (the content's role).

    Sends: CountTokens and embedContent of three texts.
    """
    seen, good = [], True
    for text in ("hello", _LINE, "Größe 42, \u6e29\u5ea6 and naïve façades"):
        counted = service.ask(
            "POST", "/v1beta/models/gemini-embedding-2:countTokens", {"contents": [{"parts": [{"text": text}]}]}
        )
        embedded = service.embed(text).tokens
        if counted.status != 200 or embedded is None:
            raise UndecidedError(counted.words if counted.status != 200 else "embedding tells no tokens")
        more = int(counted.json["totalTokens"]) - embedded
        seen.append(f"{embedded} embedded, {more:+d} counted")
        good &= more in (0, 1)
    return Outcome("confirmed" if good else "refuted", "; ".join(seen))


@PROBES.add("cut-at-8192", "gemini_embed/models/table.py: max_tokens", usd(text=8192))
def _cut_at_8192(service: Service) -> Outcome:
    """A text beyond 8,192 tokens is cut without a word.

    Sends: embedContent with 10,000 words.
    """
    answer = service.embed("cellar " * 10_000)
    if answer.tokens is not None and answer.tokens > 8192:
        return Outcome("refuted", f"200, {answer.tokens} tokens")
    return taken(answer)


@PROBES.add("small-sizes", "gemini_embed/models/facts.py: checked_dimensions", usd(text=40))
def _small_sizes(service: Service) -> Outcome:
    """Sizes below the stated 128 are served: 2 and 127.

    Sends: embedContent with outputDimensionality 2 and 127.
    """
    for size in (2, 127):
        answer = service.embed(_LINE, outputDimensionality=size)
        if taken(answer).verdict != "confirmed" or len(answer.rows[0]) != size:
            return Outcome("refuted", f"asked for {size}: {taken(answer).seen}")
    return Outcome("confirmed", "2 and 127 values")


@PROBES.add("openai-form", "gemini_embed_emulator/api/openai.py: embeddings", usd(text=40))
def _openai_form(service: Service) -> Outcome:
    """The OpenAI-compatible endpoint answers in OpenAI's form, by a bearer key.

    Sends: POST openai/embeddings, two texts.
    """
    headers = {"authorization": f"Bearer {service.headers.get('x-goog-api-key', '')}"}
    body = {"model": "gemini-embedding-2", "input": [_LINE, "hello"], "dimensions": 8}
    answer = service.ask("POST", "/v1beta/openai/embeddings", body, headers=headers)
    told = answer.json if answer.status == 200 and isinstance(answer.json, dict) else {}
    sizes = [len(one.get("embedding", ())) for one in told.get("data", ())]
    good = told.get("object") == "list" and sizes == [8, 8]
    shape = {**told, "data": [sorted(one) for one in told.get("data", ())]}
    return Outcome("confirmed" if good else "refuted", json.dumps(shape) if told else answer.words)


@PROBES.add("prefix-on-images", "gemini_embed/tasks.py: with_prefix", usd(text=200, image=4 * IMAGE_TOKENS))
def _prefix_on_images(service: Service) -> Outcome:
    """A text query with the search prefix finds pictures at least as well as one without.

    Sends: batchEmbedContents: four pictures, four queries with and without prefix.
    """
    things = ["red circle", "blue square", "green circle", "yellow square"]
    pictures = service.embed_all(*([part("image/png", _png(thing))] for thing in things))
    plain = service.embed_all(*([thing] for thing in things))
    told = service.embed_all(*([with_prefix(thing, "search", "query")] for thing in things))
    found = [_found(queries, pictures) for queries in (told, plain)]
    seen = "; ".join(
        f"{name}: {right} of 4 first, margin {margin:+.3f}"
        for name, (right, margin) in zip(("with prefix", "without"), found, strict=True)
    )
    return Outcome("confirmed" if found[0][0] >= found[1][0] else "refuted", seen)


def _found(queries: Answer, pictures: Answer) -> tuple[int, float]:
    """How many queries find their own picture first, and by how much on average."""
    alike(queries, pictures)  # there are vectors
    margins = []
    for i, query in enumerate(queries.rows):
        scores = [cosine(query, row) for row in pictures.rows]
        margins.append(scores[i] - max(score for j, score in enumerate(scores) if j != i))
    return sum(margin > 0 for margin in margins), sum(margins) / len(margins)


def _png(thing: str) -> bytes:
    file = io.BytesIO()
    drawn(thing).save(file, "PNG")
    return file.getvalue()
