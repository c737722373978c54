"""An index embedded anew by another model, beside the old one, and put in its place.

source (found by its layout) -> contents -> the target's own add -> verified -> the alias switched

migration    `Migration`;  running: its steps;  switching: aliases pointed, the old one dropped
source       where records come from;  from_qdrant, from_milvus: of whoever made them;  llama_layout: LlamaIndex's nodes
standing     a record as it stands there
indexes      those on its fields, made in the target
contents     what is embedded of it: its text, its medium cut again
verifying    whether the target is what the source was;  verification: what was found, as it prints
mirroring    one index that writes to both
report       what it would cost, and what it did
"""

from gemini_embed.migrating.from_milvus import FromMilvus
from gemini_embed.migrating.from_qdrant import FromQdrant
from gemini_embed.migrating.migration import Migration
from gemini_embed.migrating.report import MigrationEstimate, MigrationReport
from gemini_embed.migrating.verification import Verification

__all__ = ["FromMilvus", "FromQdrant", "Migration", "MigrationEstimate", "MigrationReport", "Verification"]
