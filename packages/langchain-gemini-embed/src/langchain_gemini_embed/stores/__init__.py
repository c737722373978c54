"""LangChain's vector stores as stores of an index.

in_memory   langchain-core's `InMemoryVectorStore`
faiss       langchain-community's `FAISS`;  chroma: langchain-chroma's `Chroma`
lancedb     langchain-lancedb's `LanceDB`;  pgvector: langchain-postgres's `PGVector`
shared      langchain-qdrant's and langchain-milvus's collections, which the core's own stores open
texts       all others: texts only
documents   LangChain's documents as records

Which class is whose stands in `vectorstores`. None of these imports the engine's package: the store brings it along.
"""
