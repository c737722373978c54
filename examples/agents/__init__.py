"""Agents over an index: each runs offline with a scripted model, and with a key for real."""
