"""TLS contexts, made as seldom as can be: reading the CA file takes 20 ms, and as much memory as a small index."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def default_context() -> ssl.SSLContext:
    """For all connections of the process that trust what httpx trusts: certifi, or the CA file of SSL_CERT_FILE."""
    return httpx.create_ssl_context()


def context_for(verify: bool | str | ssl.SSLContext) -> ssl.SSLContext:
    """The context that `verify` means: True, False, a CA file, or one of the caller's."""
    if verify is True:
        return default_context()
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def trusting_nobody() -> ssl.SSLContext:
    """For addresses that begin with http://, where TLS would be a mistake: it fails."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
