"""The Batch API at half price: jobs that embed what the cache lacks, and leave their vectors there.

batches      `embedder.batches`: submit, list, get;  host: what they are handed of their embedder
submitting   contents to lines to jobs;  lines: their files;  adopting: jobs that exist already
creating     one job of a file of lines;  orders: what is to be submitted, and what a job did not take of it
twins        jobs of the same lines that two machines have made at once;  accounts: money held for what others ended
queueing     how much of them the service takes;  limits: that, as users tell it;  names: what jobs are called
portions     a run that is too large for memory;  planning: how many jobs a run would be, and at which price
service      what a service of jobs does: `developer`, `vertex`;  asking: calls that are tried again
ledger       what was sent and not collected, in the cache's file, as `rows`;  ledger_rows: what it tells
tables       that file's;  runs: names of runs in it, when each began, and which jobs it shares
leases       who works on which job
run          `BatchRun`, its doors;  work: what is behind them;  watching: what a wait shows
following    which jobs a run has, and how far they are;  status: that in numbers;  polling: how often to look
waiting      until all have ended: collected, asked again, or given up at a deadline
leftovers    what killed processes have left, and no run would come to again
collecting   one ended job, from its file to the cache;  collected: what came of it
downloading  its lines;  answers: these checked, and held back
verifying    whether the vectors are those of the texts
clearing     what jobs leave at the service, taken away
staging      where jobs of Vertex AI keep their files;  objects: those, in Cloud Storage
"""
