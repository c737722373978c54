"""A local server that speaks the wire protocol of the Gemini embedding endpoints. It is not the model.

The way of a request, one file a step:
    server -> http11 -> emulator -> faults -> service -> developer | vertex -> schema -> embedding -> parts -> vectors
    -> encoding

`files` keeps uploads. `vectors` stands on `features` and `vectors_text`; `parts` makes each `medium` a vector's
input by `vectors_image` (on `shapes`), `vectors_audio` (on `tones`), `vectors_video` and `vectors_pdf`. `models`,
`tokens`, `quota` and `errors` are tables and rules; `settings` lists what can be set (a `Quota` too), `received` what
is remembered.
"""

from .emulator import Emulator
from .errors import ApiError
from .faults import Fault, FaultScript, RawReply
from .http import ReceivedRequest, RequestLog
from .settings import Quota
from .vectors import tone_speech

__all__ = [
    "ApiError",
    "Emulator",
    "Fault",
    "FaultScript",
    "Quota",
    "RawReply",
    "ReceivedRequest",
    "RequestLog",
    "tone_speech",
]
