"""Who asks: whether a request comes from the page itself, from a program, or from another web site.

A browser adds the visitor's cookie to what any web site makes it send, but it also says where that came from: in
`Origin`, which every POST of a browser carries, and in `Sec-Fetch-Site`. Neither can be set by a script. A program says
neither, and has no visitor's cookie.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

Headers = list[tuple[bytes, bytes]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FROM_HERE = {"same-origin", "none"}


def values(headers: Headers, name: bytes) -> list[str]:
    """All values of a header, as they came; `name` in small letters."""
    return [value.decode("latin-1").strip() for key, value in headers if key.lower() == name]


def _authority(scheme: str, authority: str) -> str:
    """Host and port as both sides of a comparison write them: small letters, without the scheme's own port."""
    authority = authority.strip().lower()
    return authority.removesuffix({"http": ":80", "https": ":443"}.get(scheme, ""))


def _name(authority: str) -> str:
    """The host without its port."""
    return authority[: authority.find("]") + 1] if authority.startswith("[") else authority.partition(":")[0]


class Origins:
    """The page's own origins.

    Args:
        hosts: hosts under which the page is known to be served (a Space's `SPACE_HOST`), beside that of the request.
        proxies: how many proxies before the page add to the X-Forwarded headers; without one they are not believed.
        local: the page is served on the loopback address only. Then a request that writes must name it, so that a
            web site whose name is made to point to 127.0.0.1 is not taken for the page.
    """

    def __init__(self, hosts: Iterable[str] = (), *, proxies: int = 0, local: bool = False) -> None:
        self._hosts = {_authority("https", host) for host in hosts if host.strip()}
        self._proxies = proxies
        self._local = local and proxies == 0

    def foreign(self, headers: Headers) -> bool:
        """Whether another web site made the visitor's browser send this, as far as its headers tell."""
        asked = [value for value in values(headers, b"host") if value]
        if self._proxies:
            asked += [value.split(",")[0] for value in values(headers, b"x-forwarded-host")]
        if self._local and not all(_name(host.lower()) in LOOPBACK for host in asked):
            return True
        if any(site.lower() not in _FROM_HERE for site in values(headers, b"sec-fetch-site")):
            return True
        return not all(self._own(origin, asked) for origin in values(headers, b"origin"))

    def _own(self, origin: str, asked: list[str]) -> bool:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return False  # "null": a sandboxed frame, a file, a redirect from elsewhere
        own = {_authority(parts.scheme, host) for host in asked}
        return _authority(parts.scheme, parts.netloc) in own | self._hosts

    def address(self, headers: Headers, peer: str) -> str:
        """Whose request it is, for counting: the address that the nearest trusted proxy saw; of IPv6, the network."""
        seen = ",".join(values(headers, b"x-forwarded-for")).split(",")
        if self._proxies and seen != [""]:
            peer = seen[-min(self._proxies, len(seen))].strip()
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return peer[:64]
        return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
