"""How things come into an index.

places -> items -> candidates -> batches -> embedding -> written -> what is outdated removed

walking     folders and globs, as files
options     how, as the caller says it
items       what users add, with what should be known about it
candidates  an item read: the records it would become, `passages` and windows (`pieces`) of what is long
batches     candidates a batch at a time, loaded where the store does not know them
adding      the stream of all that, embedded ahead of where it is written
replacing   what the sources held before, removed at the end
estimating  the same without sending anything
report      what was done;  progress: a bar meanwhile;  scratch: what a long stream remembers of itself
"""
