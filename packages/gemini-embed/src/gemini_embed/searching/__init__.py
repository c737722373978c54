"""How an index is searched: a query in, hits of any modality out.

options -> census -> a filtered search per modality -> thresholds -> fusion -> collapse, MMR, quotas -> merging

options     what a search can be asked for, checked
census      which modalities the index holds, and a sample of the vectors of each
fusion      ranked lists of several modalities made one;  chance: what a query scores where nothing fits; pure
lexical     words asked for;  wording: what they find, fused with what vectors find
variety     near-duplicates left out, maximal marginal relevance; pure
merging     neighbouring windows of one source made one hit, windows widened
gathering   all of these together, over a store
hypotheses  what an answer might say, given or written
steps       the query and such answers embedded before that;  doors: searches as methods of an index
reranking   candidates of any origin put in order by the same measure
"""

from gemini_embed.searching.census import Census
from gemini_embed.searching.gathering import search
from gemini_embed.searching.hypotheses import Hypothetical
from gemini_embed.searching.options import Fusion, SearchOptions, Wanted, wanted_over
from gemini_embed.searching.steps import search_steps

__all__ = ["Census", "Fusion", "Hypothetical", "SearchOptions", "Wanted", "search", "search_steps", "wanted_over"]
