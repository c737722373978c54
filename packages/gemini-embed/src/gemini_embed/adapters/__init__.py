"""What stands in front of the embedder for others: options in the words of other libraries, functions for stores."""
