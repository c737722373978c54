"""Where records and vectors live: vector stores behind one contract.

base             the contract, and what every store checks;  batch: records with their vectors
filters          the neutral filter;  matching: the same in plain Python
points           records as points of the Qdrant family;  point_filters: filters as its conditions
lexical          how words are cut and weighed;  words: those of a record, and those looked for
spaceless        words of scripts without spaces
keeping          a store that keeps words beside vectors, whatever its engine
adopting         the taking over of a collection that has no fingerprint
borrowed         a collection of others' stores;  telling: what their engines understand of a filter
aliases          other names of collections: pinned, followed, pointed
quantization     smaller copies of vectors, by name;  precision: how exactly one search reads them
sampling         what a query scores against records that nobody chose
forking          engines that live in one process, and its forks
pickling         stores of a server as their settings
llama_nodes      what LlamaIndex's stores read beside that
edge/            Qdrant's engine in this process;  qdrant/: a server;  milvus/: Milvus, and Milvus Lite

An engine's folder knows the files beside it and no other engine; the engine's library is imported when a store is
opened.
"""

from gemini_embed.stores.base import Batch, FilterLike, FloatArray, Store
from gemini_embed.stores.precision import Precision
from gemini_embed.stores.quantization import Quantization

__all__ = ["Batch", "FilterLike", "FloatArray", "Precision", "Quantization", "Store"]
