"""Contents to entries to batches: checked against the facts of the model, conditioned for the task, with their media loaded."""
