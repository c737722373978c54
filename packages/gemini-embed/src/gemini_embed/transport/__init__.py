"""Bytes over sockets. Nothing of the service is known here but the name we go by.

options    how requests travel, as callers tell it; the HTTP client made of that
tls        contexts, made as seldom as can be
direct     connections without a proxy, in a `pool` of our own
unpacking  replies inflated, within bounds
"""

from gemini_embed.transport.options import HttpOptions
from gemini_embed.transport.tls import context_for
from gemini_embed.transport.unpacking import Unpacking, inflate

__all__ = ["HttpOptions", "Unpacking", "context_for", "inflate"]
