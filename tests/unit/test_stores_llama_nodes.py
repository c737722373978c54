"""What we write for LlamaIndex is what LlamaIndex itself would write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import Record
from gemini_embed.stores.llama_nodes import node_payload
from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
from pydantic import AnyUrl

MediaNode: Any = Node  # its `metadata` is an alias that type checkers do not see
ID = "00000000-0000-0000-0000-000000000001"
TEXT = {"source": "a.md", "modality": "text", "page": 3, "deep": {"a": [1]}}
PATH = {"source": "s", "modality": "image", "uri": "charts/a b.png", "mime_type": "image/png"}
URL = {"source": "s", "modality": "image", "uri": "https://example.com/a.png", "mime_type": "image/png"}
BYTES = {"source": "sha256:ab", "modality": "image", "mime_type": "image/png"}
FILM = {
    "source": "s",
    "modality": "video",
    "uri": "films/a b.mp4",
    "mime_type": "video/mp4",
    "start_s": 32,
    "end_s": 64,
}
SONG = {"source": "s", "modality": "audio", "uri": "https://example.com/a.mp3", "mime_type": "audio/mpeg"}
PAGE = {
    "source": "s",
    "modality": "pdf",
    "uri": "a.pdf",
    "mime_type": "application/pdf",
    "page_start": 7,
    "page_end": 7,
}
SOURCE: Any = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="s")}


@pytest.mark.parametrize(
    ("record", "node"),
    [
        pytest.param(
            Record(ID, "héllo\n", TEXT),
            TextNode(
                id_=ID,
                text="héllo\n",
                metadata=TEXT,
                relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="a.md")},
            ),
            id="text",
        ),
        pytest.param(Record(ID, "", {}), TextNode(id_=ID, text=""), id="nothing-known"),
        pytest.param(
            Record(ID, "a caption", PATH),
            ImageNode(
                id_=ID,
                text="a caption",
                metadata=PATH,
                relationships=SOURCE,
                image_path="charts/a b.png",
                image_mimetype="image/png",
            ),
            id="image-path",
        ),
        pytest.param(
            Record(ID, "", URL),
            ImageNode(
                id_=ID,
                text="",
                metadata=URL,
                relationships=SOURCE,
                image_url="https://example.com/a.png",
                image_mimetype="image/png",
            ),
            id="image-url",
        ),
        pytest.param(
            Record(ID, "a cup", PATH | {"modality": "mixed"}),
            ImageNode(
                id_=ID,
                text="a cup",
                metadata=PATH | {"modality": "mixed"},
                relationships=SOURCE,
                image_path="charts/a b.png",
                image_mimetype="image/png",
            ),
            id="text-and-image-together",
        ),
        pytest.param(
            Record(ID, "", BYTES),
            TextNode(
                id_=ID,
                text="",
                metadata=BYTES,
                relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="sha256:ab")},
            ),
            id="image-without-a-place-is-a-text-node",
        ),
        pytest.param(
            Record(ID, "what is said", FILM),
            MediaNode(
                id_=ID,
                metadata=FILM,
                relationships=SOURCE,
                text_resource=MediaResource(text="what is said"),
                video_resource=MediaResource(path=Path("films/a b.mp4"), mimetype="video/mp4"),
            ),
            id="video",
        ),
        pytest.param(
            Record(ID, "", SONG),
            MediaNode(
                id_=ID,
                metadata=SONG,
                relationships=SOURCE,
                text_resource=MediaResource(text=""),
                audio_resource=MediaResource(url=AnyUrl("https://example.com/a.mp3"), mimetype="audio/mpeg"),
            ),
            id="audio-by-URL",
        ),
        pytest.param(
            Record(ID, "Page 7", PAGE),
            TextNode(id_=ID, text="Page 7", metadata=PAGE, relationships=SOURCE),
            id="a-PDF-page-is-its-text-and-its-path",
        ),
    ],
)
def test_as_llama_index_writes_it(record: Record, node: BaseNode) -> None:
    node.excluded_llm_metadata_keys = ["mime_type", "sha256", "uri", "file_state"]  # noise in a prompt
    theirs = node_to_metadata_dict(node, flat_metadata=False)
    ours = node_payload(record)
    assert json.loads(ours["_node_content"]) == json.loads(theirs["_node_content"])
    assert (ours["_node_type"], ours["doc_id"]) == (theirs["_node_type"], theirs["doc_id"])
    assert metadata_dict_to_node(dict(ours)) == node
