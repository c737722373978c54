"""How an index is searched: one vector in, hits of any modality out.

options -> census -> a filtered search per modality -> thresholds -> fusion -> collapse, MMR, quotas -> merging

options    what a search can be asked for, checked
census     which modalities the index holds, and a sample of the vectors of each
fusion     ranked lists of several modalities made one; pure
variety    near-duplicates left out, maximal marginal relevance; pure
merging    neighbouring windows of one source made one hit, windows widened
search     all of these together, over a store
"""
