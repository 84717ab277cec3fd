"""Which addresses count as one, wherever limits are for an address."""

from ipaddress import IPv6Address, ip_address, ip_network

IPV6_SITE_BITS = 64  # one customer's network: any of its addresses is theirs


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, an IPv6 network; anything else as it is."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ip_network((ip, IPV6_SITE_BITS), strict=False))
    return str(ip)
