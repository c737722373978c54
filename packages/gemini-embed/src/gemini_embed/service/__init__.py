"""Who is asked, and in whose name: the Developer API or Vertex AI.

connection    which service, with which key or project; from arguments and the environment
address       where that is;  auth: the headers that say who asks
naming        which service that is, for what keeps vectors apart
session       one request and its reply, with what all requests share
refusals      the JSON of an error, as one of ours
sdk           google-genai's client, for what is rare
"""

from gemini_embed.service.connection import KEY_VARIABLES, Connection, connect
from gemini_embed.service.naming import ServiceName
from gemini_embed.service.refusals import api_error
from gemini_embed.service.session import HttpSession, open_session

__all__ = ["KEY_VARIABLES", "Connection", "HttpSession", "ServiceName", "api_error", "connect", "open_session"]
