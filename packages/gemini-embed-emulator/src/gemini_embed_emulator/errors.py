"""The service's refusals: one exception that carries a google.rpc.Status, and the bodies clients meet.

Texts marked [R] are recorded, [T] were reported by users word for word, [P] are plausible: no copy was found.
"""

from __future__ import annotations

from typing import Any

RPC = "type.googleapis.com/google.rpc."
STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_DAILY_RETRY_DELAY_S = 45.0  # reported: the daily 429 still names a short wait that does not help


class ApiError(Exception):
    """A refusal: `code` (HTTP), `status` (google.rpc name), `message`, `details` (JSON objects)."""

    def __init__(
        self, code: int, message: str, *, status: str | None = None, details: list[dict[str, Any]] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status or STATUS_NAMES.get(code, "UNKNOWN")
        self.message = message
        self.details = details or []

    def body(self) -> dict[str, Any]:
        """The JSON body, `details` only where there are some."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = self.details
        return {"error": error}


class NoSuchPageError(Exception):
    """A path that means nothing to the service: its front end answers with a page, not with JSON."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def page(self) -> bytes:
        """The page, a 404 in HTML."""
        import html  # here: few ask for a page, and its table of entities takes a millisecond to load

        return (
            "<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n"
            f"<p>The requested URL <code>{html.escape(self.path)}</code> was not found on this server.\n"
        ).encode()


def error_info(reason: str, **metadata: str) -> dict[str, Any]:
    """google.rpc.ErrorInfo of the googleapis.com domain."""
    return {"@type": RPC + "ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def missing_key() -> ApiError:
    """No API key on the Developer API [T]."""
    return ApiError(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
        "other form of API consumer identity to call this API.",
    )


def bad_key(service: str) -> ApiError:
    """An API key nobody knows: 400, not 401 [R]."""
    message = "API key not valid. Please pass a valid API key."
    localized = {"@type": RPC + "LocalizedMessage", "locale": "en-US", "message": message}
    return ApiError(400, message, details=[error_info("API_KEY_INVALID", service=service), localized])


def missing_authorization() -> ApiError:
    """No bearer token on the OpenAI-compatible endpoint, which takes the key nowhere else [T]."""
    return ApiError(400, "Missing or invalid Authorization header.")


def bad_token() -> ApiError:
    """A bearer token nobody knows [T]."""
    return ApiError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def key_where_token_is_needed(method: str) -> ApiError:
    """An API key on a Vertex path that takes OAuth only [R]."""
    return ApiError(
        401,
        "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials "
        "that assert a principal. See https://cloud.google.com/docs/authentication",
        details=[error_info("CREDENTIALS_MISSING", service="aiplatform.googleapis.com", method=method)],
    )


def missing_token(method: str) -> ApiError:
    """No credentials on Vertex [T]."""
    return ApiError(
        401,
        "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other "
        "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
        details=[error_info("CREDENTIALS_MISSING", service="aiplatform.googleapis.com", method=method)],
    )


def anonymous_caller() -> ApiError:
    """No credentials at Cloud Storage [T]."""
    return ApiError(
        401,
        "Anonymous caller does not have storage.objects access to the Google Cloud Storage object. Permission "
        "'storage.objects' denied on resource (or it may not exist).",
    )


def model_not_found(model: str, version: str, method: str) -> ApiError:
    """An unknown or shut-down model on the Developer API [R]. Batches too are told about embedContent."""
    return ApiError(
        404,
        f"models/{model} is not found for API version {version}, or is not supported for {method}. Call "
        "ModelService.ListModels to see the list of available models and their supported methods.",
    )


def publisher_model_not_found(resource: str) -> ApiError:
    """A model, or a model in a location, that Vertex does not have [T]."""
    return ApiError(
        404,
        f"Publisher Model `{resource}` was not found or your project does not have access to it. Please ensure you "
        "are using a valid model version. For more information, see: "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
    )


def free_tier_exceeded(kind: str, model: str, limit: int, wait_s: float) -> ApiError:
    """The 429 of a free-tier quota: `kind` is "minute", "day" or "tokens" (a minute's tokens)."""
    metric, what = {
        "minute": ("embed_content_free_tier_requests", "RequestsPerMinute"),
        "day": ("embed_content_free_tier_requests", "RequestsPerDay"),
        "tokens": ("embed_content_free_tier_input_token_count", "InputTokensPerMinute"),
    }[kind]
    return quota_exceeded(
        # Third parties report that -001 appears under this name here.
        "gemini-embedding-1.0" if model == "gemini-embedding-001" else model,
        metric=metric,
        quota_id=f"EmbedContent{what}PerUserPerProjectPerModel-FreeTier",
        limit=limit,
        retry_delay_s=_DAILY_RETRY_DELAY_S if kind == "day" else wait_s,
    )


def quota_exceeded(model: str, *, metric: str, quota_id: str, limit: int, retry_delay_s: float) -> ApiError:
    """The Developer API's 429 with Help, QuotaFailure and RetryInfo [R]."""
    metric = "generativelanguage.googleapis.com/" + metric
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
        f"https://ai.dev/rate-limit. \n* Quota exceeded for metric: {metric}, limit: {limit}, model: {model}\n"
        f"Please retry in {retry_delay_s:.9f}s."
    )
    link = {
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }
    violation = {
        "quotaMetric": metric,
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    return ApiError(
        429,
        message,
        details=[
            {"@type": RPC + "Help", "links": [link]},
            {"@type": RPC + "QuotaFailure", "violations": [violation]},
            # Whole seconds, rounded down, as recorded beside a message of 37.411097012s.
            {"@type": RPC + "RetryInfo", "retryDelay": duration(retry_delay_s // 1 or retry_delay_s)},
        ],
    )


def batch_quota_exceeded() -> ApiError:
    """The 429 of a batch job that is one too many, or too large [T]: neither which limit, nor how long to wait."""
    docs = "https://ai.google.dev/gemini-api/docs/rate-limits"
    return ApiError(
        429,
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        f"error, head to: {docs}. To monitor your current usage, head to: https://ai.dev/rate-limit. ",
        details=[
            {"@type": RPC + "Help", "links": [{"description": "Learn more about Gemini API quotas", "url": docs}]}
        ],
    )


def vertex_exhausted() -> ApiError:
    """Vertex's 429: no details, no RetryInfo [T]."""
    return ApiError(
        429,
        "Resource exhausted. Please try again later. Please refer to "
        "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
    )


def duration(seconds: float) -> str:
    """google.protobuf.Duration as the service writes it: whole seconds bare, else up to nine decimals."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"
