"""The address guard: which numeric addresses may be dialled.

The tables are fixed and ours, because ``ipaddress.is_global`` differs between Python versions and is true for addresses
that lead inside: NAT64 of loopback, multicast, 6to4 relays, Azure's wire server. Sources: the IANA special-purpose
address registries for IPv4 and IPv6 (RFC 6890), RFC 4291 for the embedded forms.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_IPV4_REFUSED = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("168.63.129.16/32", "the address of a cloud's own services"),
        ("169.254.0.0/16", "a link-local address, where clouds keep their metadata"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address for protocol assignments"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.31.196.0/24", "an address of the AS112 sink"),
        ("192.52.193.0/24", "an address of a multicast relay"),
        ("192.88.99.0/24", "an address of a 6to4 relay"),
        ("192.168.0.0/16", "a private address"),
        ("192.175.48.0/24", "an address of the AS112 sink"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)

_IPV6_GLOBAL = IPv6Network("2000::/3")

# Named for the reader of the message; all other addresses outside 2000::/3 are refused without a name.
_IPV6_REFUSED = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::/96", "an address that embeds an IPv4 address"),
        ("64:ff9b::/96", "an address that embeds an IPv4 address (NAT64)"),
        ("64:ff9b:1::/48", "an address that embeds an IPv4 address (NAT64)"),
        ("100::/64", "an address that discards"),
        ("2001:db8::/32", "an address for documentation"),
        ("2001::/23", "an address for protocol assignments"),
        ("2002::/16", "an address that embeds an IPv4 address (6to4)"),
        ("2620:4f:8000::/48", "an address of the AS112 sink"),
        ("3fff::/20", "an address for documentation"),
        ("5f00::/16", "an address for segment routing"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
    )
)


@lru_cache(maxsize=1024)  # the files of a run are at a few addresses, and each is dialled after it was judged
def problem_of(address: str) -> str | None:
    """The kind of an address that may not be dialled ("a loopback address"); ``None`` if it may be.

    ``address`` is numeric, as a resolver answers it. Anything else, and any scope id, is refused.
    """
    if "%" in address:
        return "an address with a scope"
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if isinstance(parsed, IPv6Address):
        return _problem_of_ipv6(parsed)
    return _problem_of_ipv4(parsed)


def _problem_of_ipv4(address: IPv4Address) -> str | None:
    for network, what in _IPV4_REFUSED:
        if address in network:
            return what
    return None if address.is_global else "not a public address"


def _problem_of_ipv6(address: IPv6Address) -> str | None:
    if address.ipv4_mapped is not None:
        return _problem_of_ipv4(address.ipv4_mapped)
    for network, what in _IPV6_REFUSED:
        if address in network:
            return what
    return None if address in _IPV6_GLOBAL and address.is_global else "not a public address"
