"""What a chat model and an encyclopedia would say to the question of `reranking.py`, written down.

The summaries are in our own words. Their order is that in which the searches found them, which is no order of merit.
"""

from __future__ import annotations

QUESTION = "Explain how deep-sea life survives."

SEARCHES = [
    "Deep sea",
    "Deep-sea fish adaptations",
    "Hydrothermal vent ecosystems",
    "Chemosynthesis",
    "Marine snow",
    "Pressure tolerance of deep-sea organisms",
]
"""What the model looks for."""

FOUND = {
    "Deep sea": {
        "Deep-sea exploration": "Ships, cables and crewed submersibles have looked at the sea floor since the "
        "voyage of HMS Challenger.",
        "Deep-sea mining": "Nodules of manganese, nickel and cobalt lie on the abyssal plains, and companies want "
        "to lift them.",
        "Deep sea": "Below two hundred metres there is little light, water is near freezing and the pressure is high; "
        "life in the deep sea survives on food that sinks or on chemical energy.",
    },
    "Deep-sea fish adaptations": {
        "Deep-sea fish": "Fish of the deep survive in the dark with large eyes or none, soft bodies, a slow metabolism "
        "and mouths that take whatever comes.",
        "Anglerfish": "The female carries a lure with glowing bacteria, and the small male fuses with her.",
        "Aquarium": "A tank with glass walls in which fish and plants are kept for show.",
    },
    "Hydrothermal vent ecosystems": {
        "Hydrothermal vent": "Hot, mineral-rich water rises from cracks in the sea floor where plates move apart.",
        "Tube worm": "Giant tube worms have no gut: bacteria in their bodies feed them.",
        "Plate tectonics": "The outer shell of the Earth is broken into plates that drift on the mantle.",
    },
    "Chemosynthesis": {
        "Chemosynthesis": "Bacteria make food of hydrogen sulphide or methane instead of sunlight, and sustain whole "
        "communities of deep-sea life.",
        "Photosynthesis": "Plants and algae make sugar of water, carbon dioxide and sunlight.",
    },
    "Marine snow": {
        "Marine snow": "Dead plankton, faeces and mucus sink from the sunlit layer in flakes and feed life below.",
        "Snow": "Crystals of ice that fall from clouds and cover the ground in winter.",
    },
    "Pressure tolerance of deep-sea organisms": {
        "Piezophile": "Microbes whose membranes and enzymes work only under high pressure.",
        "Diving": "People go down with tanks of compressed air, and come up slowly to avoid the bends.",
    },
}
"""Topic and summary of the best articles for each search."""

ANSWER = (
    "Deep-sea life survives [depth] below the surface, in the dark and under high pressure, on marine snow that sinks "
    "from above and on chemosynthesis, in which bacteria make food of [chemical] at hydrothermal vents; bodies are "
    "soft, and metabolism is slow."
)
"""What the model imagines an answer to be, with placeholders for what it does not know."""


def searches_for(question: str) -> list[str]:
    """The searches that a model would want made, by function calling."""
    if question != QUESTION:
        raise ValueError(f"only {QUESTION!r} has been written down")
    return SEARCHES


def articles_on(search: str) -> dict[str, str]:
    """The best articles for a search, each with the model's summary."""
    return FOUND[search]


def answer_to(question: str) -> str:
    """ "Generate a hypothetical answer; use placeholders.\""""
    if question != QUESTION:
        raise ValueError(f"only {QUESTION!r} has been written down")
    return ANSWER
