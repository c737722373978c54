"""The sockets below httpx: TLS, replies larger than what is read ahead, connections that the server has closed."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fix_capture import Answer, CaptureServer, Received
from gemini_embed import ConnectionFailedError, Embedder, RetryPolicy
from gemini_embed.transport.direct import READ_AHEAD_BYTES

ONCE = RetryPolicy(max_attempts=1)
DIMENSIONS = 3072


def vectors(received: Received) -> Answer:
    """Row i is full of i + 1, written long, so that 100 rows are more than is read ahead."""
    count = len(received.json["requests"])
    rows = ",".join(f'{{"values":[{",".join([f"{i + 1}.0000000"] * DIMENSIONS)}]}}' for i in range(count))
    return Answer(f'{{"embeddings":[{rows}]}}'.encode())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that only itself vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, certificate: Path) -> Iterator[CaptureServer]:
    """With and without TLS."""
    server = CaptureServer(vectors)
    if request.param == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    yield server
    server.stop()


def address(server: CaptureServer) -> str:
    return server.base_url.replace("http:", "https:") if isinstance(server.socket, ssl.SSLSocket) else server.base_url


def test_a_reply_larger_than_what_is_read_ahead(server: CaptureServer, certificate: Path) -> None:
    with Embedder(
        "gemini-embedding-001", api_key="k", base_url=address(server), verify=str(certificate), dimensions=DIMENSIONS
    ) as embedder:
        values = embedder.embed_documents([f"text {i}" for i in range(100)]).values

    assert 100 * DIMENSIONS * 10 > 2 * READ_AHEAD_BYTES
    assert np.array_equal(values, np.repeat(np.arange(1, 101, dtype=np.float32)[:, np.newaxis], DIMENSIONS, axis=1))


def test_an_idle_connection_that_the_server_closed_is_not_used_again(server: CaptureServer, certificate: Path) -> None:
    """Without a retry, so that a request on the closed connection would fail."""
    closing = {"connection": "close"}
    server.respond = lambda received: Answer(vectors(received).body, headers=closing)
    with Embedder(
        "gemini-embedding-001", api_key="k", base_url=address(server), verify=str(certificate), retry=ONCE
    ) as embedder:
        for _ in range(3):
            embedder.embed_documents(["text"])
            time.sleep(0.05)

    assert len(server.requests) == 3


@pytest.mark.parametrize("server", ["https"], indirect=True)
def test_a_certificate_that_nobody_vouches_for(server: CaptureServer) -> None:
    with (
        Embedder("gemini-embedding-001", api_key="k", base_url=address(server), retry=ONCE) as embedder,
        pytest.raises(ConnectionFailedError, match="certificate verify failed"),
    ):
        embedder.embed_documents(["text"])

    assert server.requests == []


def test_a_server_that_reads_nothing() -> None:
    """A body larger than the sockets' buffers waits for the reader, within timeout_s."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        with (
            Embedder(
                "gemini-embedding-001",
                api_key="k",
                base_url=f"http://127.0.0.1:{port}",
                retry=ONCE,
                timeout_s=0.5,
                overflow="truncate",
            ) as embedder,
            pytest.raises(ConnectionFailedError, match="timeout_s"),
        ):
            embedder.embed_documents([f"{i} " + "y" * 200_000 for i in range(100)])
