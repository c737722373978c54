"""The Batch API at half price: jobs that embed what the cache lacks, and leave their vectors there.

batches      `embedder.batches`: submit, list, get;  host: what they are handed of their embedder
submitting   contents to lines to jobs;  lines: their files;  adopting: jobs that are under way already
queueing     how much of them the service takes;  limits: that, as users tell it;  names: what jobs are called
service      what a service of jobs does: `developer`, `vertex`;  asking: calls that are tried again
ledger       what was sent and not collected, in the cache's file;  leases: who works on which job
run          `BatchRun`: looked at (polling, status), collected, verified
"""
