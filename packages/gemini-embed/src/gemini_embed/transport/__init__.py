"""Bytes over sockets. Nothing of the service is known here but the name we go by.

options    how requests travel, as callers tell it; the HTTP client made of that
tls        contexts, made as seldom as can be
sending    which way a request goes: directly, or by httpx
kept       connections without a proxy, kept open, on `sockets` opened here
incoming   long replies, read while they come
direct     the same below httpx, for what stands in it; in a `pool` of our own
unpacking  replies inflated, within bounds
"""

from gemini_embed.transport.kept import Answer
from gemini_embed.transport.options import HttpOptions
from gemini_embed.transport.sending import Sender
from gemini_embed.transport.tls import context_for
from gemini_embed.transport.unpacking import Unpacking, inflate

__all__ = ["Answer", "HttpOptions", "Sender", "Unpacking", "context_for", "inflate"]
