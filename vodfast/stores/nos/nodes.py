"""Upload nodes: which are known for a bucket, which failed, and who is asked for others.

Decides how an entry of the lookup's answer becomes an address, and the turn to the next node or lookup host (sections
2 and 5.1 of the protocol notes). Leaves requests to `dialect.py`.

The lookup names nodes by bare IP and plain http. Over https such a node is reached by its IP under the name of the
vendor's certificate, as the iOS client does; a host name is taken only inside the vendor's domains, because every
node is sent the upload token.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

import msgspec

LOOKUP_HOSTS: Final = (
    "wanproxy.127.net",
    "wanproxy-hz.127.net",
    "wanproxy-bj.127.net",
    "wanproxy-oversea.127.net",
)
CERTIFIED: Final = "nosup-hz1.127.net"
"""Name in the certificate of nodes that are known by IP only."""
DOMAINS: Final = ("127.net", "126.net", "163.com", "163yun.com", "netease.com", "yunxinapi.com")
LIFE: Final = 7200.0
"""Seconds a bucket's nodes are kept (section 5.1)."""
BAD: Final = 600.0
"""Seconds a node that failed is remembered as bad."""

NO_PIPELINE: Final = 300.0
"""Seconds without pipelining after it failed (section 5.4)."""

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")
_DEFAULT_PORTS: Final = (None, 80, 443)


class Node(msgspec.Struct, frozen=True):
    """One upload node: what URLs begin with, and the address to connect to if it is another."""

    base: str
    address: str | None = None

    @property
    def entry(self) -> str:
        """As a lookup names it."""
        return f"http://{self.address}" if self.address else self.base


def read_node(entry: str, *, https: bool) -> Node | None:
    """A node from `http://host[:port]` or `host[:port]`, None if it is no address that may be trusted."""
    if not entry.isprintable():
        return None
    try:
        parts = urlsplit(entry.strip() if "://" in entry else f"http://{entry.strip()}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or parts.path not in ("", "/"):
        return None
    if parts.query or parts.fragment or parts.username is not None:
        return None
    scheme = "https" if https else "http"
    suffix = "" if port in _DEFAULT_PORTS else f":{port}"
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        trusted = any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)
        return Node(f"{scheme}://{host}{suffix}") if trusted and _HOST.fullmatch(host) else None
    written = f"[{ip}]" if ip.version == 6 else str(ip)
    if not https:
        return Node(f"http://{written}{suffix}")
    return Node(f"https://{CERTIFIED}", f"{written}{suffix}")


def read_nodes(entries: Iterable[str], *, https: bool) -> list[Node]:
    """Those entries of a lookup that may be trusted, in order."""
    return [node for entry in entries if (node := read_node(entry, https=https)) is not None]


class NodeBook:
    """The nodes one client knows, shared by all its uploads. A node that failed is passed over until all have failed
    or the entry is too old; then the nodes are looked up again, and those that failed of late, for whatever bucket,
    come last. With `fixed` nothing is ever looked up. `lookup` are the hosts that are asked, in turn.
    """

    def __init__(
        self,
        *,
        https: bool = True,
        fixed: Node | None = None,
        lookup: tuple[str, ...] = LOOKUP_HOSTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.https = https
        self._fixed = fixed
        self._hosts = lookup
        self._clock = clock
        self._known: dict[str, tuple[float, list[Node]]] = {}
        self._bad: dict[Node, float] = {}
        self._lookup = 0
        self._no_pipeline_until = float("-inf")

    @property
    def pipelines(self) -> bool:
        """Whether chunks may be sent behind one another."""
        return self._clock() >= self._no_pipeline_until

    def pipeline_failed(self) -> None:
        """They were sent so, and came to nothing."""
        self._no_pipeline_until = self._clock() + NO_PIPELINE

    def best(self, bucket: str) -> Node | None:
        """The node to use now, None if they must be looked up."""
        if self._fixed is not None:
            return self._fixed
        since, nodes = self._known.get(bucket, (0.0, []))
        if not nodes or self._clock() - since > LIFE:
            self._known.pop(bucket, None)
            return None
        return nodes[0]

    def entries(self, bucket: str) -> tuple[str, ...]:
        """The nodes known for a bucket, best first, as a lookup names them."""
        nodes = [self._fixed] if self._fixed is not None else self._known.get(bucket, (0.0, []))[1]
        return tuple(node.entry for node in nodes)

    def learn(self, bucket: str, nodes: list[Node]) -> None:
        """These are a bucket's nodes, best first."""
        now = self._clock()
        self._bad = {node: since for node, since in self._bad.items() if now - since <= BAD}
        trusted = sorted(dict.fromkeys(nodes), key=lambda node: self._bad.get(node, -1.0))
        self._known[bucket] = (now, trusted)

    def failed(self, bucket: str, node: Node) -> None:
        """The node did not answer, or answered with its own trouble."""
        self._bad[node] = self._clock()
        nodes = self._known.get(bucket, (0.0, []))[1]
        if node in nodes:
            nodes.remove(node)

    @property
    def lookup_host(self) -> str:
        """Who is asked for nodes."""
        return self._hosts[self._lookup % len(self._hosts)]

    def lookup_failed(self, host: str) -> None:
        """That lookup host did not help: ask the next one."""
        if host == self.lookup_host:
            self._lookup += 1
