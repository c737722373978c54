"""Where requests go and in whose name: backend, address, version, key or credentials. Decided once, without a network.

The vocabulary is google-genai's, and so is the order: an argument beats the environment, and of two things found in
the environment a project beats a key, and `GOOGLE_API_KEY` beats `GEMINI_API_KEY`. Environment, besides these two:
`GOOGLE_GENAI_USE_ENTERPRISE` or `GOOGLE_GENAI_USE_VERTEXAI`,
`GOOGLE_CLOUD_PROJECT`, `GOOGLE_CLOUD_LOCATION`, `GOOGLE_GEMINI_BASE_URL`, `GOOGLE_VERTEX_BASE_URL`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gemini_embed.checks import checked_name
from gemini_embed.errors import ConfigurationError
from gemini_embed.models import Backend
from gemini_embed.notices import warn
from gemini_embed.secret import Secret
from gemini_embed.service.address import address_and_version, usual_address, vertex_host

KEY_VARIABLES = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
"""In the SDK's order: the key of the first that is set is taken."""
EMULATOR = "python -m gemini_embed_emulator PROGRAM.py (package gemini-embed-emulator), or gemini-embed ... --emulator"
"""How to go on without a key, for those who only want to try."""
NO_KEY = (
    "no API key: set GEMINI_API_KEY (https://aistudio.google.com/apikey) or GOOGLE_API_KEY, or pass api_key=; "
    f"Vertex AI takes project= instead; to try without a key: {EMULATOR}"
)
NO_CREDENTIALS = (
    "no credentials for Vertex AI ({why}): run gcloud auth application-default login, set "
    "GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or pass credentials=; a key of the Gemini "
    f"Developer API goes into GEMINI_API_KEY, without project=; to try without either: {EMULATOR}"
)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One backend as it is reached. `key` and `credentials` stay out of reprs; a pickle drops both."""

    backend: Backend
    base_url: str
    api_version: str
    project: str | None = None
    location: str | None = None
    key: Secret | None = field(default=None, repr=False, compare=False)
    credentials: Any = field(default=None, repr=False, compare=False)

    @property
    def is_express(self) -> bool:
        """Vertex by API key alone: the short path, without project and location."""
        return self.backend == "vertex" and self.project is None

    def url(self, model: str, method: str) -> str:
        """Address of `method` (such as "batchEmbedContents") of a model given by its bare name."""
        root = f"{self.base_url}/{self.api_version}"
        if self.backend == "developer":
            return f"{root}/models/{model}:{method}"
        if self.is_express:
            return f"{root}/publishers/google/models/{model}:{method}"
        return f"{root}/projects/{self.project}/locations/{self.location}/publishers/google/models/{model}:{method}"

    @property
    def project_key(self) -> tuple[str, ...]:
        """What quotas belong to: the address with the project, or with the digest of the key where it is not known."""
        if self.project is not None:
            return self.base_url, self.project
        digest = hashlib.sha256(self.key.reveal().encode()).hexdigest() if self.key else ""
        return self.base_url, digest

    @property
    def needs_key(self) -> bool:
        """Whether requests carry a key; Vertex with a project needs none."""
        return self.backend == "developer" or self.is_express

    def with_key_from_environment(self) -> Connection:
        """This connection, its key looked up again where it was left behind, as in a pickle."""
        if self.key or not self.needs_key:
            return self
        return Connection(**{**self.__dict__, "key": key_from_environment()})

    def ready(self) -> Connection:
        """`with_key_from_environment`, to be used now.

        Raises:
            ConfigurationError: there is no key.
        """
        found = self.with_key_from_environment()
        if self.needs_key:
            found.require_key()
        return found

    def require_key(self) -> Secret:
        """The key.

        Raises:
            ConfigurationError: there is none; the message names the variables.
        """
        if self.key is None:
            raise ConfigurationError(f"{NO_KEY} (keys are never pickled: they are looked up where the object is used)")
        return self.key

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "key": None, "credentials": None}

    def __deepcopy__(self, memo: Any) -> Connection:
        return self  # frozen; and a copy within the process keeps the key, unlike a pickle


def connect(
    *,
    api_key: Any = None,
    vertexai: bool | None = None,
    project: str | None = None,
    location: str | None = None,
    credentials: Any = None,
    base_url: str | None = None,
    api_version: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Connection:
    """Decide the connection from arguments and environment. See the module's docstring for the order.

    Raises:
        ConfigurationError: arguments that contradict each other, or a key or a Vertex project that is nowhere to be
            found.
    """
    env = os.environ if environ is None else environ
    backend = _backend(vertexai, project, credentials, env)
    if backend == "developer":
        named = {"project": project, "location": location, "credentials": credentials}
        if useless := [name for name, value in named.items() if value is not None]:
            raise ConfigurationError(
                f"{', '.join(useless)}= {'belong' if len(useless) > 1 else 'belongs'} to Vertex AI: "
                "pass vertexai=True, or leave them out to use the Gemini Developer API"
            )
        address = base_url or env.get("GOOGLE_GEMINI_BASE_URL") or usual_address("developer", None)
        key = _secret(api_key) or key_from_environment(env)
        if key is None:
            raise ConfigurationError(NO_KEY)
        return Connection(backend=backend, **address_and_version(address, api_version, backend), key=key)
    return _vertex(_secret(api_key), project, location, credentials, base_url, api_version, env)


def _backend(vertexai: bool | None, project: str | None, credentials: Any, env: Mapping[str, str]) -> Backend:
    if vertexai is None:
        said = (env.get("GOOGLE_GENAI_USE_ENTERPRISE") or env.get("GOOGLE_GENAI_USE_VERTEXAI") or "").strip().lower()
        vertexai = said in ("true", "1", "yes") if said else project is not None or credentials is not None
    return "vertex" if vertexai else "developer"


def _vertex(
    key: Secret | None,
    project: str | None,
    location: str | None,
    credentials: Any,
    base_url: str | None,
    api_version: str | None,
    env: Mapping[str, str],
) -> Connection:
    if key and (project or credentials):
        other = "project" if project else "credentials"
        raise ConfigurationError(
            f"api_key= and {other}= exclude each other on Vertex AI: a key is the express mode, "
            "a project goes with Application Default Credentials or credentials="
        )
    if not key:
        project = project or env.get("GOOGLE_CLOUD_PROJECT") or getattr(credentials, "project_id", None)
        if not project:
            key = key_from_environment(env)
    if not key and not project:
        raise ConfigurationError(
            "Vertex AI needs a project: pass project=, set GOOGLE_CLOUD_PROJECT, or pass api_key= for the express mode"
        )
    if credentials is not None and not hasattr(credentials, "refresh"):
        raise ConfigurationError(
            f"credentials= must be a google.auth.credentials.Credentials object, not {type(credentials).__name__}"
        )
    if key and location:
        raise ConfigurationError("location= cannot be honoured with an API key on Vertex AI (express mode has none)")
    location = None if key else (location or env.get("GOOGLE_CLOUD_LOCATION") or "global").lower()
    address = base_url or env.get("GOOGLE_VERTEX_BASE_URL") or vertex_host(checked_name("location", location))
    return Connection(
        backend="vertex",
        **address_and_version(address, api_version, "vertex"),
        project=None if key else checked_name("project", project),
        location=location,
        key=key,
        credentials=credentials,
    )


def key_from_environment(environ: Mapping[str, str] | None = None) -> Secret | None:
    """The key of the first variable that is set; of two that differ a warning says which is taken."""
    env = os.environ if environ is None else environ
    found = {name: env[name] for name in KEY_VARIABLES if env.get(name)}
    if not found:
        return None
    name, value = next(iter(found.items()))
    if len(set(found.values())) > 1:
        warn(f"{' and '.join(found)} are both set and differ: the key of {name} is used, as google-genai does")
    return _checked_key(Secret(value), name)


def _secret(key: Any) -> Secret | None:
    """A key given as str, pydantic's SecretStr, or anything else with `get_secret_value()`."""
    if isinstance(key, Secret):
        return key
    value = key.get_secret_value() if hasattr(key, "get_secret_value") else key
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ConfigurationError(f"api_key= must be a str or a SecretStr, not {type(value).__name__}")
    return _checked_key(Secret(value), "api_key=")


def _checked_key(key: Secret, source: str) -> Secret:
    """A key that a header can carry; the HTTP library's error about one that it cannot would show it."""
    if not key.reveal().isascii() or not key.reveal().isprintable() or " " in key.reveal():
        raise ConfigurationError(f"{source} holds spaces, a line break or other characters that no key has")
    return key
