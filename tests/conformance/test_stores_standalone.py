"""The store suite on a real Milvus server."""

from __future__ import annotations

import pytest
from fix_milvus import milvus_standalone
from gemini_embed.testing import StoreTests


@pytest.mark.slow
@pytest.mark.xdist_group("milvus-server")  # one worker, one server
@pytest.mark.usefixtures("milvus_server")
class TestMilvusStandalone(StoreTests):
    factory = milvus_standalone
    one_process = False
    max_text_bytes = 65_535
