"""Bytes of media: had from files and URLs, recognised by how they begin, looked into before any request."""
