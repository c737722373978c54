"""What lies in vectors: groups, labels, what belongs nowhere. numpy is all it takes.

    result = Embedder(task="clustering").embed_documents(texts)
    for group in clusters(result, 4).groups:
        print(len(group), [texts[i] for i in group[:3]])

given      what can be looked into: results, indexes, arrays; checked
grouping   `clusters`: groups of what is alike
labelling  `nearest_label`: what something is, by examples
straying   `outliers`: what lies far from the rest

All of it compares directions, that is cosines: vectors are brought to unit length first. Results and `index.vectors()`
are arrays to any other library too.
"""

from gemini_embed.analysis.grouping import Clusters, clusters
from gemini_embed.analysis.labelling import Labels, nearest_label
from gemini_embed.analysis.straying import Outliers, outliers

__all__ = ["Clusters", "Labels", "Outliers", "clusters", "nearest_label", "outliers"]
