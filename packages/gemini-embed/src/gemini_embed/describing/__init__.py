"""Words for media that have none: what is said in a recording and when, what a picture shows, what stands on a scan.

description  what was said of a window: words, and sentences with their seconds
gemini       `GeminiDescriber`: a chat model asked by google-genai
host         what it is lent, and how it asks
asking       one call of it: counted, within the budget, kept
prompts      what it is asked, and of which window
replies      what it answers, read
prices       what it costs
kept         descriptions in the cache's file
"""

from gemini_embed.describing.asking import Asker
from gemini_embed.describing.description import Description, Sentence
from gemini_embed.describing.gemini import GeminiDescriber
from gemini_embed.describing.host import Host
from gemini_embed.describing.prices import likely_question

__all__ = ["Asker", "Description", "GeminiDescriber", "Host", "Sentence", "likely_question"]
