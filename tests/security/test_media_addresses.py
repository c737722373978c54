"""Every form in which an address that is not public can be written is refused, in IPv6 too."""

from __future__ import annotations

import pytest
from gemini_embed import Embedder, InputError
from gemini_embed.media.addresses import is_public

PRIVATE_4 = {
    "loopback": "127.0.0.1",
    "private-10": "10.0.0.1",
    "private-172": "172.31.255.255",
    "private-192": "192.168.1.1",
    "metadata": "169.254.169.254",
    "carrier": "100.64.0.1",
    "this-host": "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "protocols": "192.0.0.9",
    "relay-6to4": "192.88.99.1",
    "benchmarks": "198.18.0.1",
    "documentation": "203.0.113.5",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
}
EMBEDDED = {
    "mapped": "::ffff:{}",
    "nat64": "64:ff9b::{}",
    "nat64-local": "64:ff9b:1::{}",
    "compatible": "::{}",
    "translated": "::ffff:0:{}",
}
PRIVATE_6 = {
    "unspecified": "::",
    "loopback": "::1",
    "link-local": "fe80::1",
    "link-local-zone": "fe80::1%eth0",
    "site-local": "fec0::1",
    "unique-local": "fd00::1",
    "multicast": "ff02::1",
    "6to4-loopback": "2002:7f00:1::",
    "6to4-private": "2002:a00:1::1",
    "6to4-public": "2002:808:808::1",
    "teredo": "2001:0:7f00:1::",
    "orchid": "2001:20::1",
    "benchmarks": "2001:2::1",
    "isatap": "2001:4860::5efe:a00:1",
    "isatap-universal": "2001:4860::200:5efe:808:808",
    "documentation": "2001:db8::1",
    "documentation-3fff": "3fff::1",
    "discard": "100::1",
    "segment-routing": "5f00::1",
    "not-given-out": "4000::1",
    "nat64-local-public": "64:ff9b:1::808:808",
    "compatible-public": "::808:808",
}
REFUSED = [
    *(pytest.param(address, id=name) for name, address in PRIVATE_4.items()),
    *(pytest.param(address, id=f"ipv6-{name}") for name, address in PRIVATE_6.items()),
    *(
        pytest.param(form.format(address), id=f"{form_name}-{name}")
        for form_name, form in EMBEDDED.items()
        for name, address in PRIVATE_4.items()
    ),
]
PUBLIC = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    """Behind NAT64 every public IPv4 host is reached by an IPv6 address that holds its own."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["64:ff9b::a9fe:a9fe", "2002:a00:1::1", "::7f00:1", "fec0::1"])
def test_fetching_refuses_it(host: str) -> None:
    with (
        Embedder(api_key="k", base_url="http://127.0.0.1:9") as embedder,
        pytest.raises(InputError, match="not a public address"),
    ):
        embedder.fetch(f"http://[{host}]/latest/meta-data")
