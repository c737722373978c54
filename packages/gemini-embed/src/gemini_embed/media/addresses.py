"""Which IP addresses are public: all that is not is refused, so that no URL of an outsider reaches what is inside."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
"""Names of IPv4 addresses where a network speaks IPv6 only (RFC 6052); its DNS gives them for every IPv4 host."""
_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that IANA has given out; what Python's own tables call global is more, fec0::/10 and ::7f00:1 too."""
_RESERVED_6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # of protocols: Teredo, which holds an IPv4 address, benchmarks, ORCHID
        "2001:db8::/32",  # of documentation, as 3fff::/20 is
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",
    )
)
_RESERVED_4 = tuple(
    IPv4Network(net)
    for net in (
        "192.0.0.0/24",  # of protocols; parts of it count as global
        "192.88.99.0/24",  # relays of 6to4
    )
)


def is_public(address: str) -> bool:
    """Whether an address, as the resolver gives it, is one of the public internet; an IPv6 zone is left aside.

    Of the forms of IPv6 that hold an IPv4 address, two are taken at that address: mapped (::ffff:8.8.8.8) and NAT64's
    well-known prefix (64:ff9b::808:808). All others are refused whatever they hold.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv4Address):
        return _is_public_4(ip)
    if (inner := _inner(ip)) is not None:
        return _is_public_4(inner)
    return ip in _UNICAST and ip.is_global and not _is_isatap(ip) and not any(ip in net for net in _RESERVED_6)


def _inner(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that is meant."""
    return IPv4Address(int(ip) & 0xFFFF_FFFF) if ip in _NAT64 else ip.ipv4_mapped


def _is_isatap(ip: IPv6Address) -> bool:
    """Whether the second half is made of an IPv4 address (RFC 5214), whatever network the first half names."""
    return int(ip) >> 32 & 0xFDFF_FFFF == 0x5EFE


def _is_public_4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in net for net in _RESERVED_4)
