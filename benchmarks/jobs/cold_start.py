"""CPU seconds from nothing to the first vector, or of the imports it is compared with: cold_start.py WHAT URL."""

import sys

WHAT, URL = sys.argv[1:]

if WHAT == "imports":
    import httpx  # noqa: F401 - importing is what is measured
    import numpy  # noqa: F401 - importing is what is measured
    from langchain_core.embeddings import Embeddings  # noqa: F401 - importing is what is measured
elif WHAT == "core":
    from gemini_embed import Embedder

    Embedder("gemini-embedding-001", api_key="k", base_url=URL).embed_documents(["one text"])
else:
    from langchain_gemini_embed import GeminiEmbeddings

    GeminiEmbeddings(model="gemini-embedding-001", api_key="k", base_url=URL).embed_documents(["one text"])

import json  # noqa: E402 - after what is measured
import resource  # noqa: E402 - after what is measured

used = resource.getrusage(resource.RUSAGE_SELF)
result = {"what": WHAT, "cpu_s": used.ru_utime + used.ru_stime, "google_genai": "google.genai" in sys.modules}
print("RESULT", json.dumps(result))
