"""Real media made on the spot: tones, spoken tones, films of pictures, PDFs with known words at known places."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from av.container import OutputContainer

FPS = 8
SHAPES = {"circle": ImageDraw.ImageDraw.ellipse, "square": ImageDraw.ImageDraw.rectangle}


def drawn(what: str, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """A picture of "red circle", "blue square" and the like."""
    colour, shape = what.split()
    picture = Image.new("RGB", size, "white")
    side = min(size) // 2
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    SHAPES[shape](ImageDraw.Draw(picture), (left, top, left + side, top + side), fill=colour)
    return picture


def wav(*notes: tuple[float, float], rate: int = 8000, channels: int = 1) -> bytes:
    """Sine tones one after another: (Hz, seconds) each; 0 Hz is silence."""
    tones = [0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate) for hz, seconds in notes]
    samples = np.repeat((np.concatenate(tones) * 32767).astype("<i2"), channels)
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(2)
        recording.setframerate(rate)
        recording.writeframes(samples.tobytes())
    return file.getvalue()


def recoded(recording: bytes, container: str, codec: str) -> bytes:
    """A recording in another format: ("mp3", "libmp3lame"), ("ipod", "aac"), ("flac", "flac"), ("ogg", "libopus")."""
    import av

    file = io.BytesIO()
    with av.open(io.BytesIO(recording), "r") as source, av.open(file, "w", format=container) as target:
        rate = 48000 if codec == "libopus" else source.streams.audio[0].rate
        stream: Any = target.add_stream(codec, rate=rate)
        for frame in source.decode(audio=0):
            frame.pts = None
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return file.getvalue()


def film(
    *scenes: tuple[Image.Image, float],
    container: str = "mp4",
    codec: str = "libx264",
    keyframe_every_s: float | None = None,
    sound: bytes | None = None,
) -> bytes:
    """Pictures shown one after another: (picture, seconds) each, 8 frames a second; a keyframe every so often."""
    import av

    file = io.BytesIO()
    options = {"preset": "ultrafast", "sc_threshold": "0"} if codec == "libx264" else {}
    with av.open(file, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=FPS, options=options)
        stream.width, stream.height = scenes[0][0].size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = round((keyframe_every_s or 2.0) * FPS)
        audio = _sound_track(target, sound)
        for picture, seconds in scenes:
            for _ in range(round(seconds * FPS)):
                target.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        target.mux(stream.encode())
        for packet in audio:
            target.mux(packet)
    return file.getvalue()


def _sound_track(target: OutputContainer, sound: bytes | None) -> Iterable[Any]:
    """An AAC track; its packets come when they are asked for."""
    import av

    if sound is None:
        return ()
    # The coder that searches for the best bits takes 4 s for 80 s of sound.
    stream: Any = target.add_stream("aac", rate=16000, options={"aac_coder": "fast"})

    def packets() -> Iterable[Any]:
        with av.open(io.BytesIO(sound), "r") as source:
            for frame in source.decode(audio=0):
                frame.pts = None
                yield stream.encode(frame)
            yield stream.encode(None)

    return packets()


def pdf(*pages: str, drawings: Sequence[str] = (), encrypted: bool = False) -> bytes:
    """A PDF with a text on each page; a drawing (PDF operators) each where given; a password nobody knows."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for number, text in enumerate(pages):
        lines = " ".join(f"({_escaped(line)}) Tj 0 -20 Td" for line in text.splitlines())
        content = f"BT /F1 14 Tf 50 740 Td {lines} ET" if text else ""
        content += " " + (drawings[number] if number < len(drawings) else "")
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {len(objects) + 2} 0 R >>"
        )
        objects.append(f"<< /Length {len(content.encode('cp1252'))} >>\nstream\n{content}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    trailer = "/Root 1 0 R"
    if encrypted:
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /P -4 /O <{'ab' * 32}> /U <{'cd' * 32}> >>")
        trailer += f" /Encrypt {len(objects)} 0 R /ID [<{'00' * 16}> <{'00' * 16}>]"
    return _assembled(objects, trailer)


def red_square() -> str:
    """A drawing for `pdf`."""
    return "1 0 0 rg 200 300 200 200 re f"


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _assembled(objects: list[str], trailer: str) -> bytes:
    body, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    xref = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    end = f"trailer\n<< /Size {len(objects) + 1} {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + (xref + end).encode()


def png(width: int = 0, height: int = 0) -> bytes:
    """A picture; with sizes, one that only says it is so large."""
    file = io.BytesIO()
    drawn("red circle").save(file, "PNG")
    data = file.getvalue()
    if not width:
        return data
    header = struct.pack(">II", width, height) + data[24:29]
    return data[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + data[33:]


def jpeg() -> bytes:
    file = io.BytesIO()
    drawn("red circle", (400, 300)).save(file, "JPEG")
    return file.getvalue()


def silent_film() -> bytes:
    """An MP4 without a single frame."""
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="mp4", options={"movflags": "empty_moov"}) as out:
        stream: Any = out.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        out.start_encoding()
    return target.getvalue()
