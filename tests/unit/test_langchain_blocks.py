"""Content blocks of every dialect as contents of ours, and hits as documents."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from fix_langchain import png
from gemini_embed import Audio, Content, Hit, Image, InputError, Pdf, Record, Text, Video
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.messages.content import (
    create_audio_block,
    create_file_block,
    create_image_block,
    create_plaintext_block,
    create_text_block,
    create_video_block,
)
from langchain_gemini_embed.blocks import content_of, contents_of
from langchain_gemini_embed.documents import document_of

RED = png("red")
BASE64 = base64.b64encode(RED).decode()
DATA_URI = f"data:image/png;base64,{BASE64}"
URL = "https://example.org/red.png"
PICTURE, LINK, WORDS = Image(RED, "image/png"), Image(URL), Text("red")


EXCERPT = {"start_offset": "1.5s", "end_offset": "9s", "fps": 2}
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/abc"


def held(part: Any) -> Any:
    """What a part holds, whatever MIME type it claims: the bytes decide that."""
    if isinstance(part, Text):
        return part.text
    excerpt = (part.start_s, part.end_s, part.fps) if isinstance(part, Video) else ()
    return (type(part), part.data, part.location, *excerpt)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        pytest.param("red", [WORDS], id="str"),
        pytest.param(Content("red", PICTURE), [WORDS, PICTURE], id="content of the core"),
        pytest.param(PICTURE, [PICTURE], id="part of the core"),
        pytest.param(RED, [Image(RED)], id="bytes"),
        pytest.param(bytearray(RED), [Image(RED)], id="bytearray"),
        pytest.param(Path("red.png"), [Image("red.png")], id="path"),
        pytest.param(["red", PICTURE], [WORDS, PICTURE], id="list"),
        pytest.param({"type": "text", "text": "red"}, [WORDS], id="text block"),
        pytest.param(create_text_block("red"), [WORDS], id="text block of langchain-core"),
        pytest.param(create_plaintext_block("red"), [WORDS], id="text-plain block"),
        pytest.param(create_image_block(url=URL), [LINK], id="image block by url"),
        pytest.param(create_image_block(base64=BASE64, mime_type="image/png"), [PICTURE], id="image block by base64"),
        pytest.param({"type": "image", "url": DATA_URI}, [PICTURE], id="image block by data URI"),
        pytest.param({"type": "file", "base64": BASE64, "mime_type": "image/png"}, [PICTURE], id="file block"),
        pytest.param(
            {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"}, [PICTURE], id="v0"
        ),
        pytest.param({"type": "image", "source_type": "url", "url": URL}, [LINK], id="v0 by url"),
        pytest.param({"type": "image_url", "image_url": {"url": URL}}, [LINK], id="OpenAI"),
        pytest.param({"type": "image_url", "image_url": URL}, [LINK], id="OpenAI, short"),
        pytest.param({"type": "image_url", "image_url": {"url": DATA_URI}}, [PICTURE], id="OpenAI, data URI"),
        pytest.param(
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
            [PICTURE],
            id="Anthropic",
        ),
        pytest.param({"type": "media", "mime_type": "image/png", "data": BASE64}, [PICTURE], id="Gemini"),
        pytest.param({"type": "media", "mime_type": "image/png", "data": RED}, [PICTURE], id="Gemini, bytes"),
        pytest.param(create_audio_block(url=URL), [Audio(URL)], id="audio block"),
        pytest.param(create_video_block(base64=BASE64, mime_type="video/mp4"), [Video(RED)], id="video block"),
        pytest.param(create_file_block(base64=BASE64, mime_type="application/pdf"), [Pdf(RED)], id="PDF block"),
        pytest.param(create_file_block(base64="cmVk", mime_type="text/csv"), [WORDS], id="text file block"),
        pytest.param({"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}}, [Audio(RED)], id="wav"),
        pytest.param(
            {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{BASE64}"}},
            [Pdf(RED)],
            id="OpenAI PDF",
        ),
        pytest.param(
            {"type": "media", "mime_type": "video/mp4", "file_uri": "gs://b/o", "video_metadata": EXCERPT},
            [Video("gs://b/o", start_s=1.5, end_s=9, fps=2)],
            id="Gemini, a stretch of a video in Cloud Storage",
        ),
        pytest.param(
            {"type": "video", "file_id": UPLOADED, "mime_type": "video/mp4"}, [Video(UPLOADED)], id="Files API"
        ),
        pytest.param(HumanMessage("red"), [WORDS], id="message"),
        pytest.param(
            HumanMessage(["red", {"type": "image_url", "image_url": {"url": URL}}]), [WORDS, LINK], id="mixed message"
        ),
        pytest.param([{"type": "text", "text": "red"}, {"type": "image", "url": URL}], [WORDS, LINK], id="blocks"),
    ],
)
def test_what_becomes_a_content(given: Any, parts: list[Any]) -> None:
    assert [held(part) for part in content_of(given).parts] == [held(part) for part in parts]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        pytest.param({"type": "file", "base64": "aa", "mime_type": "application/zip"}, "application/zip", id="a zip"),
        pytest.param({"type": "file", "url": URL}, "no mime_type", id="a file of no kind"),
        pytest.param(
            {"type": "media", "mime_type": "video/mp4", "file_uri": URL, "video_metadata": {"start_offset": "soon"}},
            "'soon' is no offset in seconds",
            id="an offset",
        ),
        pytest.param({"type": "reasoning", "reasoning": "hm"}, "holds nothing to embed", id="reasoning"),
        pytest.param({"type": "tool_call", "name": "x", "args": {}, "id": "1"}, "holds nothing to embed", id="call"),
        pytest.param({"text": "red"}, "a block of type None", id="no type"),
        pytest.param(3, "cannot embed a int", id="a number"),
        pytest.param({"type": "text"}, "holds nothing to embed", id="text without text"),
        pytest.param({"type": "image", "file_id": "f"}, "must be http(s), gs:// or a data URI", id="file_id"),
        pytest.param({"type": "image", "base64": "&&&", "mime_type": "image/png"}, "is damaged", id="damaged base64"),
        pytest.param({"type": "image", "url": "/etc/passwd"}, "must be http(s), gs://", id="path in url"),
        pytest.param({"type": "image", "url": "file:///etc/passwd"}, "must be http(s), gs://", id="file URL"),
        pytest.param({"type": "image_url", "image_url": "/etc/passwd"}, "must be http(s)", id="path, OpenAI"),
        pytest.param({"type": "audio", "url": "talk.wav"}, "pass gemini_embed.Audio(path)", id="sound by path"),
        pytest.param({"type": "image"}, "needs base64, url, or", id="an image without one"),
        pytest.param({"type": "file", "source_type": "text", "text": "x"}, "cannot read", id="not for langchain-core"),
    ],
)
def test_what_cannot_be_embedded_is_named(block: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        contents_of(["red", ["red", block]])
    assert str(caught.value).startswith("input 1: part 1: ")
    assert said in str(caught.value)
    assert caught.value.position == 1


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("red", id="str"),
        pytest.param({"type": "text", "text": "red"}, id="block"),
        pytest.param(HumanMessage("red"), id="message"),
        pytest.param(PICTURE, id="part"),
    ],
)
def test_one_content_is_not_a_list_of_them(given: Any) -> None:
    with pytest.raises(InputError, match="pass a list of contents"):
        contents_of(given)


def test_hits_become_documents() -> None:
    metadata = {"source": "red.png", "modality": "image", "page": 3}
    hit = Hit(Record("an-id", "a red square", metadata), 0.5)
    assert document_of(hit) == Document(id="an-id", page_content="a red square", metadata={**metadata, "score": 0.5})
    assert "score" not in metadata
