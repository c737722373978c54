"""How an index is searched: a query in, hits of any modality out.

options -> census -> a filtered search per modality -> thresholds -> fusion -> collapse, MMR, quotas -> merging

options    what a search can be asked for, checked
census     which modalities the index holds, and a sample of the vectors of each
fusion     ranked lists of several modalities made one; pure
lexical    words asked for;  wording: what they find, fused with what vectors find
variety    near-duplicates left out, maximal marginal relevance; pure
merging    neighbouring windows of one source made one hit, windows widened
gathering  all of these together, over a store
steps      the query embedded before that
"""

from gemini_embed.searching.census import Census
from gemini_embed.searching.gathering import search
from gemini_embed.searching.options import Fusion, SearchOptions, Wanted
from gemini_embed.searching.steps import search_steps

__all__ = ["Census", "Fusion", "SearchOptions", "Wanted", "search", "search_steps"]
