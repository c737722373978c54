"""Who is asked, and in whose name."""
