"""How well an index finds, measured on the index itself.

recall      of its codes, against exact searches of the same store
table       that by limit, oversampling and rescoring: printed, in a notebook, plotted
measures    recall and nDCG of a ranked list; pure
relevance   both by the modality of questions and of what is relevant, for one search or for every fusion
relevance_table  those in rows;  rendering: rows as Markdown and HTML
mixed       records of several modalities with a gap between them, made of vectors of one, and questions about them
"""

from gemini_embed.evaluation.measures import ndcg_at, recall_at
from gemini_embed.evaluation.mixed import MixedModalities, mixed_modalities
from gemini_embed.evaluation.recall import arecall_table, recall_table
from gemini_embed.evaluation.relevance import (
    Question,
    afusion_table,
    arelevance_table,
    fusion_table,
    relevance_table,
)
from gemini_embed.evaluation.relevance_table import FusionTable, RelevanceTable
from gemini_embed.evaluation.table import RecallTable

__all__ = [
    "FusionTable",
    "MixedModalities",
    "Question",
    "RecallTable",
    "RelevanceTable",
    "afusion_table",
    "arecall_table",
    "arelevance_table",
    "fusion_table",
    "mixed_modalities",
    "ndcg_at",
    "recall_at",
    "recall_table",
    "relevance_table",
]
