"""The fault plan: which exchanges go wrong, and how.

Decides the words of a plan, which rule takes which exchange, and how often. Leaves carrying it out to the connection
(what happens to bytes) and the services (what a vendor's error looks like).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from vodfast.errors import InvalidInput

_Count = Annotated[int, msgspec.Meta(ge=1)]
_Bytes = Annotated[int, msgspec.Meta(ge=0)]


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which exchanges; fields left out match everything. `nth` counts matches from 1: the rule starts there."""

    cloud: str | None = None
    operation: str | None = None
    part_number: _Count | None = None
    nth: _Count | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"):
    """One rule; `times` is how many exchanges it takes, 0 or null for all."""

    match: Match = Match()
    times: _Bytes | None = 1

    @property
    def name(self) -> str:
        return str(self.__struct_config__.tag)


class Status(Rule, frozen=True, kw_only=True, tag="status"):
    """Answer with this status, body and headers; nothing happens on the server."""

    code: Annotated[int, msgspec.Meta(ge=200, le=599)]
    body: str = ""
    headers: dict[str, str] = {}


class Error(Rule, frozen=True, kw_only=True, tag="error"):
    """Refuse with a vendor code in the cloud's own shape. `status` replaces the usual one: 200 hides the error."""

    code: str
    message: str = "injected by the fault plan"
    status: Annotated[int, msgspec.Meta(ge=200, le=599)] | None = None


class Throttle(Rule, frozen=True, kw_only=True, tag="throttle"):
    """Refuse the way the cloud refuses too many requests."""

    retry_after: Annotated[float, msgspec.Meta(ge=0)] | None = None


class ExpireToken(Rule, frozen=True, kw_only=True, tag="expire_token"):
    """The temporary credential this request carries expires now, and stays expired."""


class Redirect(Rule, frozen=True, kw_only=True, tag="redirect"):
    """Answer with a redirect; nothing happens on the server."""

    location: str
    status: Literal[301, 302, 303, 307, 308] = 307


class Reset(Rule, frozen=True, kw_only=True, tag="reset"):
    """TCP reset once `at_byte` bytes of the request's body were read, or of the whole response were written."""

    at_byte: _Bytes = 0
    of: Literal["request", "response"] = "request"


class Stall(Rule, frozen=True, kw_only=True, tag="stall"):
    """Stop after that many body bytes: neither read nor answer until `reset` or the client leaves."""

    after_bytes: _Bytes = 0


class Drip(Rule, frozen=True, kw_only=True, tag="drip"):
    """Read the request's body (or, if it has none, write the response) no faster than this."""

    bytes_per_second: Annotated[float, msgspec.Meta(gt=0)]


class DropReply(Rule, frozen=True, kw_only=True, tag="drop_reply"):
    """The effect happens, then the connection is closed without an answer."""


class TruncateReply(Rule, frozen=True, kw_only=True, tag="truncate_reply"):
    """The effect happens; only the first `at_byte` bytes of the response are written."""

    at_byte: _Bytes


class CorruptDigest(Rule, frozen=True, kw_only=True, tag="corrupt_digest"):
    """The bytes are stored right, but the digests in the answer lie."""


class CorruptBody(Rule, frozen=True, kw_only=True, tag="corrupt_body"):
    """The first byte is stored flipped, and the digests tell so."""


class Delay(Rule, frozen=True, kw_only=True, tag="delay"):
    """Wait before acting on the request."""

    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)]


AnyRule = (
    Status | Error | Throttle | ExpireToken | Redirect | Reset | Stall | Drip | DropReply | TruncateReply
    | CorruptDigest | CorruptBody | Delay
)  # fmt: skip


class _Counter:
    __slots__ = ("hits", "rule", "seen")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.seen = 0
        self.hits = 0

    def takes(self, cloud: str, operation: str, part_number: int | None) -> bool:
        match = self.rule.match
        if match.cloud not in (None, cloud) or match.operation not in (None, operation):
            return False
        if match.part_number not in (None, part_number):
            return False
        self.seen += 1
        if self.seen < (match.nth or 1) or (self.rule.times and self.hits >= self.rule.times):
            return False
        self.hits += 1
        return True


class Faults:
    """The plan in force. The first rule that takes an exchange wins; rules behind it do not count that exchange."""

    def __init__(self, operations: dict[str, frozenset[str]]) -> None:
        self._operations = operations
        self._counters: list[_Counter] = []

    def load(self, plan: Any) -> None:
        """Replace the plan by a list of rules (plain data), with all counters at zero.

        Raises:
            InvalidInput: unknown words or values out of range; the plan in force stays.
        """
        try:
            rules = msgspec.convert(plan, list[AnyRule])
        except msgspec.ValidationError as error:
            raise InvalidInput(f"the fault plan is not understood: {error}") from None
        for rule in rules:
            self._check(rule.match)
        self._counters = [_Counter(rule) for rule in rules]

    def _check(self, match: Match) -> None:
        if match.cloud is not None and match.cloud not in self._operations:
            raise InvalidInput(f"the fault plan names cloud {match.cloud!r}: known are {', '.join(self._operations)}")
        known = frozenset().union(*(ops for cloud, ops in self._operations.items() if match.cloud in (None, cloud)))
        if match.operation is not None and match.operation not in known:
            raise InvalidInput(
                f"the fault plan names operation {match.operation!r}: known are {', '.join(sorted(known))}"
            )

    def pick(self, cloud: str, operation: str, part_number: int | None) -> Rule | None:
        """The rule for one exchange, counted as hit."""
        for counter in self._counters:
            if counter.takes(cloud, operation, part_number):
                return counter.rule
        return None

    def describe(self) -> list[dict[str, Any]]:
        """The plan with `hits` per rule."""
        return [msgspec.to_builtins(counter.rule) | {"hits": counter.hits} for counter in self._counters]

    def clear(self) -> None:
        self._counters = []
