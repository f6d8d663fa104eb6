"""Stand-in for `volcengine.Credentials`: an account's keys, and where they count."""

from __future__ import annotations

__all__ = ["Credentials"]


class Credentials:
    """Keys, and a token if they are temporary."""

    def __init__(self, ak: str, sk: str, service: str, region: str, session_token: str = "") -> None:
        self.ak = ak
        self.sk = sk
        self.service = service
        self.region = region
        self.session_token = session_token

    def set_ak(self, ak: str) -> None:
        self.ak = ak

    def set_sk(self, sk: str) -> None:
        self.sk = sk

    def set_session_token(self, session_token: str) -> None:
        self.session_token = session_token

    def __repr__(self) -> str:
        return f"Credentials(ak={self.ak!r}, service={self.service!r}, region={self.region!r})"
