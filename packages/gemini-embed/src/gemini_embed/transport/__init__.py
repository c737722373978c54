"""Bytes over sockets: connections, TLS, the pool, what is unpacked. Nothing of Gemini is known here."""
