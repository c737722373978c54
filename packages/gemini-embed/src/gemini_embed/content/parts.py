"""The parts that contents are made of. A part knows where its data is; nothing is read before it is embedded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from gemini_embed.content.places import is_files_api, place
from gemini_embed.errors import InputError
from gemini_embed.excerpt import Excerpt
from gemini_embed.media import read_file
from gemini_embed.models import Modality
from gemini_embed.secret import shown_url

if TYPE_CHECKING:
    from gemini_embed.media.probing import MediaInfo


class Part:
    """One piece of a content, of one modality."""

    modality: ClassVar[Modality]


@dataclass(frozen=True, slots=True)
class Text(Part):
    """A piece of text."""

    modality: ClassVar[Modality] = "text"
    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InputError(f"text must be a str, not {type(self.text).__name__}")


class Media(Part):
    """A part whose data lives somewhere: the base of `Image`, `Audio`, `Video` and `Pdf`.

    Its source is a path, bytes, an http(s) URL, a data URI, a binary file object, on Vertex AI a gs:// address, on the
    Developer API a file of the Files API (google-genai's `File`, or its address). Exactly one of `data` (bytes) and
    `location` (a path or an address) is set. `mime_type` is what the caller claims; what the bytes say wins.
    """

    __slots__ = ("data", "info", "location", "mime_type")
    data: bytes | None
    location: str | None
    mime_type: str | None
    info: MediaInfo | None
    """What is inside, where whoever made the bytes knows it: they are not looked into again."""

    def __init__(self, source: Any, mime_type: str | None = None) -> None:
        self.data, self.location, claimed = place(source)
        self.mime_type = mime_type or claimed
        self.info = None

    @property
    def is_url(self) -> bool:
        """Whether the data must be fetched."""
        is_web = self.location is not None and self.location.startswith(("http://", "https://"))
        return is_web and not self.is_reference

    @property
    def is_reference(self) -> bool:
        """Whether the service reads the data itself: from Cloud Storage, or from its own Files API."""
        return self.location is not None and (self.location.startswith("gs://") or is_files_api(self.location))

    def local_bytes(
        self, *, root: str | None = None, max_bytes: int | None = None, head_bytes: int | None = None
    ) -> bytes | None:
        """The bytes (or the first `head_bytes`), read from disk if need be; None for what is not here.

        Raises:
            InputError: the file cannot be read, lies outside of `root`, or has more than `max_bytes`. What is in memory
                already may have any size.
        """
        if self.is_url or self.is_reference:
            return None
        if self.data is None:
            return read_file(self.location or "", root=root, max_bytes=max_bytes, head_bytes=head_bytes)
        return self.data[:head_bytes]

    def __repr__(self) -> str:
        where = repr(shown_url(self.location)) if self.location else f"<{len(self.data or b'')} bytes>"
        return f"{type(self).__name__}({where})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.data, self.location, self.mime_type


class Image(Media):
    """An image of at most 100 megapixels, from wherever `Media` may be, or a PIL image.

    PNG and JPEG are sent as they are; what the backend does not take is converted to PNG (`pip install
    "gemini-embed[media]"`). The bytes decide what it is, not the name or `mime_type`.
    """

    __slots__ = ()
    modality: ClassVar[Modality] = "image"


class Audio(Media):
    """A recording of up to 180 s, from wherever `Media` may be (`pip install "gemini-embed[media]"`).

    WAV and MP3 are sent as they are, other formats become WAV. `gemini_embed.windows` cuts what is longer.
    """

    __slots__ = ()
    modality: ClassVar[Modality] = "audio"


class Video(Media):
    """A video of up to 120 s, from wherever `Media` may be (`pip install "gemini-embed[media]"`).

    MP4 is sent as it is; MOV and other containers of H.264, H.265, AV1 or VP9 become MP4 without being encoded again.
    The model looks at one frame a second (`fps` of them) from `start_s` to `end_s`, 32 at most on the Developer API;
    it does not hear the sound. `gemini_embed.windows` cuts what is longer.
    """

    __slots__ = ("end_s", "fps", "start_s")
    modality: ClassVar[Modality] = "video"

    def __init__(
        self,
        source: Any,
        mime_type: str | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        fps: float | None = None,
    ) -> None:
        super().__init__(source, mime_type)
        self.start_s, self.end_s, self.fps = start_s, end_s, fps
        if (start_s or 0) < 0 or (end_s is not None and end_s <= (start_s or 0)) or (fps is not None and fps <= 0):
            raise InputError(f"{self!r}: start_s={start_s}, end_s={end_s}, fps={fps} leave nothing to look at")

    @property
    def excerpt(self) -> Excerpt:
        """The stretch that is looked at, empty for all of it."""
        return Excerpt(start_s=self.start_s or (None if self.end_s is None else 0.0), end_s=self.end_s)

    def _key(self) -> tuple[Any, ...]:
        return *super()._key(), self.start_s, self.end_s, self.fps


class Pdf(Media):
    """A PDF of up to 6 pages, from wherever `Media` may be (`pip install "gemini-embed[media]"`).

    `gemini_embed.windows` cuts what is longer, a page each unless told otherwise, as Google recommends.
    """

    __slots__ = ()
    modality: ClassVar[Modality] = "pdf"


def media_of_type(mime_type: str) -> type[Media] | None:
    """The part for a MIME type; None where there is none."""
    kinds: dict[str, type[Media]] = {"image": Image, "audio": Audio, "video": Video}
    return Pdf if mime_type == "application/pdf" else kinds.get(mime_type.partition("/")[0])
