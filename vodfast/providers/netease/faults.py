"""What NetEase VCloud VOD means by its codes.

Decides kind, retry class and advice for each code of section 4.6 of the protocol notes; an answer without a code is
judged by its HTTP status. Leaves what is done about it to the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vodfast.errors import ErrorKind, RetryClass
from vodfast.providers.answers import Service
from vodfast.stores.verdict import Verdict

CLOUD: Final = "netease"
DONE: Final = 200

_ACCOUNT: Final = "see to it in the console of the account"

CODES: Final[Mapping[int, Verdict]] = {
    400: Verdict(ErrorKind.INVALID_INPUT),
    700: Verdict(ErrorKind.UNAVAILABLE, RetryClass.LATER, "try again later"),
    710: Verdict(ErrorKind.AUTH, advice="check the app key and its secret, and the local clock"),
    720: Verdict(ErrorKind.AUTH, advice=f"the account has no balance left, {_ACCOUNT}"),
    721: Verdict(ErrorKind.AUTH, advice=f"the service is not opened, {_ACCOUNT}"),
    722: Verdict(ErrorKind.AUTH, advice="the service is still under review, wait until it is opened"),
    723: Verdict(ErrorKind.THROTTLED, RetryClass.LATER, "a quota or the rate of calls is exceeded"),
}

SERVICE: Final = Service(CLOUD, "NetEase VCloud VOD", {str(code): verdict for code, verdict in CODES.items()})
