"""One call of an embedder: from prepared entries to vectors in the caller's order.

call         what was asked, checked and conditioned
job          batches fanned out, split where the service asks for it, sifted, put back in order
windows      its items a few at a time, and of their media no more in memory than there is room for
attempts     one request tried until it is answered;  retries: what a failed attempt means
rows         the vectors as they come in;  vectors: counted, sized, finite, unit length where due
recall       what the cache holds of them;  refused: inputs at fault
overflow     texts beyond the model's limit;  uploads: media too large for a request
advice       what we know and the service does not say
"""

from gemini_embed.calls.job import Submitted, embed
from gemini_embed.calls.overflow import Overflow
from gemini_embed.calls.retries import RetryPolicy

__all__ = ["Overflow", "RetryPolicy", "Submitted", "embed"]
