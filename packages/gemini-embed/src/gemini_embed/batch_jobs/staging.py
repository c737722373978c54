"""Where batch jobs of Vertex AI keep their files: a place in Cloud Storage, and the address that Cloud Storage has."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gemini_embed.errors import ConfigurationError
from gemini_embed.service import Connection

GOOGLES = "https://storage.googleapis.com"
ADDRESS_VARIABLE = "STORAGE_EMULATOR_HOST"
"""What all of Google's own clients of Cloud Storage read."""


@dataclass(frozen=True)
class Staging:
    """A folder of a bucket, "gs://bucket/prefix", and the address where its objects are asked for."""

    folder: str
    base_url: str

    @classmethod
    def of(cls, place: str, connection: Connection, environ: Mapping[str, str] | None = None) -> Staging:
        """`place` as `staging_place` has checked it.

        The address is that of a place given as "https://host/bucket/prefix", as for a private endpoint; else that of
        `STORAGE_EMULATOR_HOST`; else, where `base_url` is an http address, the same one, as the emulator has both;
        else Google's.

        Raises:
            ConfigurationError: one of both addresses begins with https and the other does not.
        """
        env = os.environ if environ is None else environ
        if not place.startswith("gs://"):
            parts = urlsplit(place)
            staging = cls(f"gs:/{parts.path}", f"{parts.scheme}://{parts.netloc}")
        elif told := env.get(ADDRESS_VARIABLE, "").rstrip("/"):
            staging = cls(place, told if re.match("https?://", told) else f"http://{told}")
        else:
            same = connection.base_url.startswith("http://")
            staging = cls(place, connection.base_url if same else GOOGLES)
        if urlsplit(staging.base_url).scheme != urlsplit(connection.base_url).scheme:
            raise ConfigurationError(
                f"Cloud Storage at {staging.base_url} and Vertex AI at {connection.base_url}: both or neither must be "
                "https (the former comes from staging= or STORAGE_EMULATOR_HOST, the latter from base_url=)"
            )
        return staging

    def uri(self, name: str) -> str:
        """An object in the folder."""
        return f"{self.folder}/{name}"


def split_uri(uri: str) -> tuple[str, str]:
    """(bucket, name) of "gs://bucket/name"."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name
