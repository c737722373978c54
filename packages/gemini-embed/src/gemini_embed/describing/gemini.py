"""`GeminiDescriber`: a Gemini chat model that writes transcripts, captions and the text of scans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gemini_embed.checks import positive_number, whole
from gemini_embed.describing.asking import Asker
from gemini_embed.describing.host import Host, Wishes
from gemini_embed.describing.prices import facts_of
from gemini_embed.errors import ConfigurationError
from gemini_embed.models import Backend, ModelFacts


@dataclass(frozen=True, kw_only=True)
class GeminiDescriber:
    """`describe=GeminiDescriber(model="gemini-2.5-flash")`: words by google-genai's generateContent.

    Of recordings and the sound of videos a transcript, each sentence findable at its seconds; of pictures, and videos
    without sound, a caption; of PDF pages without text of their own what can be read there. It asks under the
    embedder's key and address, within its budget and that of the call, and what it uses is in the report, with
    `track_usage` and in OpenTelemetry under the model's name. With `Embedder(cache=...)` answers are kept in that file,
    so that an add that was killed pays none of them twice.

    Args:
        model: a Gemini model that reads media, by its bare name.
        usd_per_million_tokens: its prices by "text", "image", "audio", "video", "pdf", and of "output"; None: those
            that this library knows. A limit (`max_cost_usd`) needs a price.
        language: of captions, such as "German"; transcripts keep the language that is spoken.
        instructions: more to tell the model, such as names and terms that it may hear.
        max_output_tokens: of one answer, the model's thoughts among them; one that ends there is told as incomplete.
        timeout_s: seconds for one answer.

    Raises:
        ConfigurationError: an argument that cannot be honoured.
    """

    model: str
    usd_per_million_tokens: Mapping[str, float] | None = None
    language: str | None = None
    instructions: str = ""
    max_output_tokens: int = 8192
    timeout_s: float = 300.0

    def __post_init__(self) -> None:
        if not str(self.model or "").removeprefix("models/"):
            raise ConfigurationError(f"model={self.model!r}: name a Gemini model that reads media")
        whole("max_output_tokens", self.max_output_tokens)
        positive_number("timeout_s", self.timeout_s)
        for name, price in dict(self.usd_per_million_tokens or {}).items():
            positive_number(f"usd_per_million_tokens[{name!r}]", price)

    def facts(self, backend: Backend) -> ModelFacts:
        """Its name and its prices."""
        return facts_of(self.model.removeprefix("models/"), backend, self.usd_per_million_tokens)

    def asking(self, host: Host) -> Asker:
        """What asks for one add.

        Raises:
            ConfigurationError: a budget has a limit, and the model's price is not known; no key.
        """
        facts = self.facts(host.connection.backend)
        if host.budget.is_limited and not facts.usd_per_million_tokens:
            raise ConfigurationError(
                f"max_cost_usd needs a price, and none is known for {facts.name}: pass "
                "GeminiDescriber(usd_per_million_tokens={'text': ..., 'audio': ..., 'output': ...})"
            )
        http = replace(host.http, timeout_s=self.timeout_s)
        wishes = Wishes(
            language=self.language, instructions=self.instructions, max_output_tokens=self.max_output_tokens
        )
        return Asker(wishes, facts, replace(host, connection=host.connection.ready(), http=http))
