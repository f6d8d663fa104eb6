"""What a cloud's service is to the emulator, and what travels with one exchange.

Decides the seam between connections (bytes, faults, history) and services (meaning). A service sees a call twice:
when its head has arrived (`open`) and when its body has (`answer`).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from vodfast.emulator.blobs import Blob, BlobWriter
from vodfast.emulator.messages import Reply, Request


class Refusal(Exception):
    """The service says no, with a vendor code. `status` None leaves the status to the service's table; `details` are
    further fields of the answer, for services that tell more.
    """

    def __init__(
        self, code: str, message: str, status: int | None = None, *, details: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details


class Call:
    """One exchange. `open` fills what it can tell from the head; `body` or `blob` hold the received content."""

    __slots__ = (
        "blob", "body", "code", "context", "due", "generation", "media_id", "operation", "part_number", "received",
        "request", "request_id", "service", "upload_id", "writer",
    )  # fmt: skip

    def __init__(self, request: Request, service: Service, request_id: str, generation: int) -> None:
        self.request = request
        self.service = service
        self.request_id = request_id
        self.generation = generation
        """How often the emulator had been reset: what began before a reset has no effect after it."""
        self.operation = ""
        self.part_number: int | None = None
        self.upload_id: str | None = None
        self.media_id: str | None = None
        self.code = ""
        """The vendor code answered, empty for success."""
        self.due = 0.0
        """When the reply may arrive, by the loop's clock."""
        self.received = 0
        self.body = bytearray()
        self.writer: BlobWriter | None = None
        """Set by `open` if the body is an object's content."""
        self.blob: Blob | None = None
        self.context: object = None
        """The service's own, from `open` to `answer`."""

    def take(self) -> Blob:
        """The received content, from now on the taker's to keep. What nobody takes is discarded once it is answered."""
        blob, self.blob = self.blob, None
        assert blob is not None
        return blob


class Service(Protocol):
    """One service of one cloud."""

    @property
    def cloud(self) -> str:
        """Name of the cloud; empty for the emulator's own control API, which faults and history leave alone."""

    @property
    def operations(self) -> frozenset[str]:
        """Every operation name it can give to a call."""

    def new_request_id(self) -> str: ...
    def open(self, call: Call) -> None:
        """Name the operation and say where the body goes.

        Raises:
            Refusal: decided by the head alone; the body is read and dropped before it is answered.
        """

    def answer(self, call: Call) -> Reply | Awaitable[Reply]:
        """Act on the whole request.

        Raises:
            Refusal: nothing happened.
        """

    def refuse(self, call: Call, refusal: Refusal) -> Reply:
        """The refusal in the cloud's own shape."""

    def throttled(self) -> Refusal: ...
    def expire(self, call: Call) -> None:
        """End the life of the temporary credential the call carries, if it carries one."""

    def lie(self, call: Call, reply: Reply) -> Reply:
        """The reply with its digests falsified."""


class Cloud(Protocol):
    """One cloud: its services and the account they share."""

    @property
    def name(self) -> str: ...
    @property
    def services(self) -> tuple[Service, ...]: ...
    def configure(self, callers_changed: bool) -> None:
        """Settings have changed."""

    def credential_variables(self) -> dict[str, str]:
        """The vendor's own variables, with the emulator's permanent key."""

    def clear(self) -> None:
        """Forget everything but settings."""

    def at(self, host: str) -> Service | None:
        """The service with a vendor host name."""

    def recognise(self, request: Request) -> Service | None:
        """The service meant by a request to a loopback address."""
