"""What faults need of a TCP socket beyond what transports offer.

Asking whether the peer is gone needs Linux; elsewhere every peer counts as gone.
"""

from __future__ import annotations

import logging
import socket
import struct

log = logging.getLogger("vodfast.emulator")

_ESTABLISHED = 1
"""TCP_ESTABLISHED of Linux."""


def reset_on_close(raw: socket.socket) -> None:
    """Make the coming close a TCP reset instead of an orderly end."""
    try:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        log.debug("the socket was closed already")


def peer_closed(raw: socket.socket) -> bool:
    """Whether the client has sent its end of stream or the connection is gone, even while nothing is read (Linux)."""
    try:
        return raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != _ESTABLISHED
    except (OSError, AttributeError):
        return True
