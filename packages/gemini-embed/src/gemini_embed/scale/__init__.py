"""Embedding on several workers, whatever engine runs them: stages that take a batch of rows and give one.

tables        batches as engines hand them over: dicts of arrays, pyarrow tables, pandas frames
columns       which columns of a row are its content, source, title and metadata
opening       what a worker opened, kept open from batch to batch
sharing       a worker's share of the quota, by a broker or as a fixed part
file_broker   a broker in an SQLite file
stage         what both stages have in common
index_stage   rows embedded and written, in one step;  embed_stage: rows with a vector beside them
jobs          the stage of a whole job: checked before an engine starts, tidied after it
report        what all workers did, summed
"""

from gemini_embed.scale.columns import ContentColumns
from gemini_embed.scale.embed_stage import EmbedStage
from gemini_embed.scale.file_broker import FileBroker
from gemini_embed.scale.index_stage import IndexStage
from gemini_embed.scale.report import ScaleReport
from gemini_embed.scale.sharing import Broker

__all__ = ["Broker", "ContentColumns", "EmbedStage", "FileBroker", "IndexStage", "ScaleReport"]
