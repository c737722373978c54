"""How well an index finds, measured on the index itself.

recall   of its codes, against exact searches of the same store
table    that by limit, oversampling and rescoring: printed, in a notebook, plotted
"""

from gemini_embed.evaluation.recall import arecall_table, recall_table
from gemini_embed.evaluation.table import RecallTable

__all__ = ["RecallTable", "arecall_table", "recall_table"]
