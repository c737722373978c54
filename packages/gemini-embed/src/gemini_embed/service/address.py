"""Addresses: where a location is served, and that nothing a caller passes leads a request elsewhere."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from gemini_embed.errors import ConfigurationError
from gemini_embed.models import Backend
from gemini_embed.secret import shown_url

USUAL_VERSIONS: dict[Backend, str] = {"developer": "v1beta", "vertex": "v1beta1"}

_VERSION = re.compile(r"v\d+((alpha|beta)\d*)?")


def usual_address(backend: Backend, location: str | None) -> str:
    """Google's own address, where no other is told."""
    return "https://generativelanguage.googleapis.com" if backend == "developer" else vertex_host(location)


def vertex_host(location: str | None) -> str:
    """Vertex's address for a location: global, the us and eu multi-regions, or a region."""
    if location in (None, "global"):
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def address_and_version(url: str, version: str | None, backend: Backend) -> dict[str, str]:
    """`base_url` and `api_version`; a version that the URL ends in is not said twice."""
    parts = _checked_url(url)
    if version is not None and not _VERSION.fullmatch(version):
        raise ConfigurationError(f"api_version={version!r} must look like 'v1' or 'v1beta'")
    base, _, last = url.rstrip("/").rpartition("/")
    if parts.path.strip("/") and _VERSION.fullmatch(last) and version in (None, last):
        return {"base_url": base, "api_version": last}
    return {"base_url": url.rstrip("/"), "api_version": version or USUAL_VERSIONS[backend]}


def _checked_url(url: str) -> SplitResult:
    if not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"base_url={shown_url(url)!r} must begin with http:// or https://")
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:  # a port that is no number, a bracket that is not closed
        usable = False
    if not usable:
        raise ConfigurationError(f"base_url={shown_url(url)!r} is not a URL with a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url={shown_url(url)!r} must be scheme, host and path alone: a user and password, or what the query "
            "said, go into headers="
        )
    return parts
