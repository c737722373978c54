"""LangChain's own suite for retrievers, not overridden."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_embed import MultimodalIndex
from langchain_core.retrievers import BaseRetriever
from langchain_gemini_embed import GeminiMultimodalRetriever
from langchain_tests.integration_tests import RetrieversIntegrationTests


class TestRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def _over_an_index(self, langchain_index: MultimodalIndex) -> None:
        self.index = langchain_index

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        return GeminiMultimodalRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"index": self.index}

    @property
    def retriever_query_example(self) -> str:
        return "why does dough grow?"
