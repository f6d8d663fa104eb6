"""Settings that scripts change by assignment; every call reads them anew.

Decides defaults only. A loopback address as `VCLOUD_API_HOST` leads to an emulator there; any other host is spoken to
by https, whatever scheme is written.
"""

VCLOUD_API_HOST = "https://vcloud.163.com"
"""Address of the API."""
WANPROXY_HOST = "https://wanproxy.127.net"
"""Who is asked for upload nodes; left as it is, the vendor's other three hosts are asked as well."""
_BLOCK_SIZE = 4 * 1024 * 1024
"""Bytes of a chunk: at most 4 MiB, and at least 1 MiB here."""
POOL_CONNECTIONS = 10
"""Connections at the same time, over all uploads of a client."""
CONNECTION_TIMEOUT = 30
"""Seconds to connect."""
CONNECTION_RETRIES = 3
"""Further attempts of a request that failed."""
TMP_FILE = "/tmp/test"  # noqa: S108  # where the original keeps its records
"""Folder of the records of unfinished uploads; made if it is missing."""
