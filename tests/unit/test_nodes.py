"""What we write for LlamaIndex is what LlamaIndex itself would write."""

from __future__ import annotations

import json

import pytest
from gemini_embed import Record
from gemini_embed.stores.nodes import node_payload
from llama_index.core.schema import ImageNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

ID = "00000000-0000-0000-0000-000000000001"
TEXT = {"source": "a.md", "modality": "text", "page": 3, "deep": {"a": [1]}}
PATH = {"source": "s", "modality": "image", "uri": "charts/a b.png", "mime_type": "image/png"}
URL = {"source": "s", "modality": "image", "uri": "https://example.com/a.png", "mime_type": "image/png"}
BYTES = {"source": "sha256:ab", "modality": "image", "mime_type": "image/png"}
SOURCE = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="s")}


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
    ],
)
def test_as_llama_index_writes_it(record: Record, node: TextNode) -> None:
    node.excluded_llm_metadata_keys = ["mime_type", "sha256", "uri"]  # noise in a prompt
    theirs = node_to_metadata_dict(node, flat_metadata=False)
    ours = node_payload(record)
    assert json.loads(ours["_node_content"]) == json.loads(theirs["_node_content"])
    assert (ours["_node_type"], ours["doc_id"]) == (theirs["_node_type"], theirs["doc_id"])
    assert metadata_dict_to_node(dict(ours)) == node
