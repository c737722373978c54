"""An agent that listens to a recording and watches a video, and answers with the seconds of both.

    cd examples; python -m agents.media_agent

With GEMINI_API_KEY set Gemini does it (and needs espeak-ng, which speaks; without it the words are in beeps). Without a
key a scripted model hears the beeps that it is given and looks at the colours of the frames.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from gemini_embed import Cutting
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage
from langchain_gemini_embed import GeminiMultimodalRetriever, cited
from langchain_gemini_embed.agents import MediaMiddleware
from media_files import in_slots, mp3, mp4, spoken
from PIL import Image

from agents.offline import calling, first_second, hear, indexed, media, place

QUESTION = "Where does the spare key hang, and at which second does the walk show that door?"
SAID = ["milk and bread are in the cellar", "the spare key hangs at the red door", "the plumber comes on tuesday"]
DOORS = ["blue", "green", "red", "yellow"]
SLOT_S, DOOR_S = 20.0, 8.0


def write_files(folder: Path) -> None:
    """Three messages of twenty seconds in a recording, four doors of eight seconds each in a video."""
    folder.mkdir()
    (folder / "messages.mp3").write_bytes(mp3(in_slots([spoken(words) for words in SAID], SLOT_S)))
    slides = [(Image.new("RGB", (320, 240), colour), DOOR_S) for colour in DOORS]
    (folder / "walk.mp4").write_bytes(mp4(slides))


def script(messages: list[BaseMessage]) -> AIMessage:
    """Listens to what a search found, looks for what was said, and watches that."""
    heard = [(label, hear(data)) for label, data in media(messages, "audio")]
    if not heard:
        return calling(("search_sources", {"query": "spare key", "modality": "audio"}))
    label, words = next((label, words) for label, words in heard if "spare key" in words)
    colour = next(colour for colour in DOORS if colour in words.split())
    seen = [(label, second) for label, data in media(messages, "video") if (second := first_second(data, colour)) >= 0]
    if not seen:
        return calling(("search_sources", {"query": f"a {colour} door", "modality": "video"}))
    (number, start_s), (video, clip_s) = place(label), place(seen[0][0])
    return AIMessage(f"{words.capitalize()} {number}, said from {start_s} s on; see {clip_s + seen[0][1]} s {video}.")


def main() -> None:
    asked: Any = {"messages": [("user", QUESTION)]}
    with tempfile.TemporaryDirectory() as temporary:
        write_files(folder := Path(temporary) / "house")
        with indexed(folder, script, Cutting(audio_s=SLOT_S, video_s=DOOR_S)) as (index, model):
            tools = GeminiMultimodalRetriever(index=index, k=2).agent_tools()
            agent = create_agent(model, tools, middleware=[MediaMiddleware()])
            messages = agent.invoke(asked)["messages"]
            print(messages[-1].text)
            print(str(cited(messages)).replace(f"{folder}/", ""))


if __name__ == "__main__":
    main()
