"""Secrets cannot be printed: not by repr, not by logs or tracebacks, not by pickles, JSON or reports."""

from __future__ import annotations

import base64
import contextlib
import copy
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from vodfast import Client, Credentials, Secret, TransferConfig, VodfastError
from vodfast.providers import provider_names
from vodfast.transfer.curl import CurlTransport
from vodfast.transfer.message import Request, Response

CANARY = "canary-7f3a9b-do-not-print"


def test_a_secret_shows_nothing_but_can_be_revealed_and_compared() -> None:
    secret = Secret(CANARY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>10}"):
        assert CANARY not in shown
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    assert secret != Secret("other")
    assert secret != CANARY
    assert bool(Secret("")) is False
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("spill", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, msgspec.to_builtins])
def test_a_secret_cannot_be_pickled_copied_or_encoded(spill: Callable[[Any], Any]) -> None:
    for holder in (Secret(CANARY), Credentials.of("id", CANARY, CANARY)):
        if spill in (copy.copy, copy.deepcopy) and isinstance(holder, Credentials) and spill is copy.copy:
            continue  # a shallow copy shares the secret object without showing it
        with pytest.raises(TypeError):
            spill(holder)


def test_credentials_show_the_key_id_only() -> None:
    shown = repr(Credentials.of("AKID1", CANARY, CANARY + "-token"))
    assert "AKID1" in shown
    assert CANARY not in shown


def test_a_configuration_shows_a_proxy_without_its_password() -> None:
    config = TransferConfig(proxy=f"http://user:{CANARY}@proxy.example.com:3128")
    assert "proxy='proxy.example.com:3128'" in repr(config)
    assert CANARY not in repr(config) + str(config) + f"{config}"
    assert repr(TransferConfig(part_size=1 << 20)).startswith("TransferConfig(part_size=1048576, ")


def shown(error: VodfastError) -> list[str]:
    """Everything an error can show: its text, its fields, its pickled copy, and each vodfast object in its frames."""
    said = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    said.append(str(pickle.loads(pickle.dumps(error))))
    frame = error.__traceback__
    while frame is not None:
        said += [repr(value) for value in frame.tb_frame.f_locals.values() if "vodfast" in type(value).__module__]
        frame = frame.tb_next
    return said


PLACES = {"volcengine": "demo"}
STORING = {"volcengine": "DirectUpload", "netease": "chunk"}
OPENING = {"volcengine": "ApplyUploadInfo", "aliyun": "CreateUploadVideo", "tencent": "ApplyUpload"}
ENDING = {"volcengine": "CommitUploadInfo", "aliyun": "PutObject", "tencent": "CommitUpload", "netease": "chunk"}
FAULTS: list[dict[str, Any]] = [
    {},
    {"action": "status", "code": 500, "times": 0},
    {"action": "error", "code": "SignatureDoesNotMatch", "at": OPENING},
    {"action": "error", "code": "SignatureDoesNotMatch", "at": STORING},
    {"action": "expire_token", "at": STORING},
    {"action": "redirect", "location": "http://127.0.0.1:1/", "at": STORING},
    {"action": "truncate_reply", "at_byte": 200, "times": 0, "at": OPENING},
    {"action": "drop_reply", "times": 0, "at": ENDING},
]
_GRANTING = re.compile(r"(?i).*(secret|token|auth|authorization|checksum|sessionkey)")


def grants(name: str, value: object) -> set[str]:
    """The texts in a header or a field of an answer that let their holder do something, nested ones included."""
    if isinstance(value, dict):
        return {text for key, inner in value.items() for text in grants(key, inner)}
    if isinstance(value, list):
        return {text for inner in value for text in grants(name, inner)}
    if not isinstance(value, str) or len(value) < 8:
        return set()
    with contextlib.suppress(ValueError, msgspec.MsgspecError):
        inner = msgspec.json.decode(base64.b64decode(value, validate=True))
        return {value} | (grants(name, inner) if isinstance(inner, dict) else set())
    return {value} if _GRANTING.fullmatch(name) else set()


@pytest.fixture
def granted(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What the client has sent and received that must not be shown."""
    found: set[str] = set()
    send = CurlTransport.send

    async def heard(transport: CurlTransport, request: Request, *sent: Any) -> Response:
        for name, value in request.headers:
            found.update(grants(name, value))
        response = await send(transport, request, *sent)
        with contextlib.suppress(msgspec.MsgspecError):
            found.update(grants("", msgspec.json.decode(response.body)))
        return response

    monkeypatch.setattr(CurlTransport, "send", heard)
    return found


@pytest.mark.parametrize("cloud", provider_names())
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.get("action", "none"))
def test_no_secret_in_results_errors_tracebacks_logs_or_events(
    vodfast_emulator: Any,
    config_for: Callable[..., TransferConfig],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    granted: set[str],
    cloud: str,
    fault: dict[str, Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = Credentials.of("vodfast-emulator-c", CANARY, CANARY + "-token")
    if cloud == "netease":  # knows no temporary keys
        keys = Credentials.of("vodfast-emulator-netease", "vodfast-emulator-netease-secret")
    else:
        caller = {"access_key": "vodfast-emulator-c", "secret": CANARY, "token": CANARY + "-token"}
        vodfast_emulator.settings(callers=[caller])
    if fault:
        rule = {name: value for name, value in fault.items() if name != "at"}
        operation = (
            fault["at"].get(cloud, "upload/init" if fault["at"] is OPENING else "PutObject") if "at" in fault else None
        )
        vodfast_emulator.set_faults([rule | {"match": {"cloud": cloud, "operation": operation}}])
    said: list[str] = []
    with Client(cloud, config=config_for(attempts=2), credentials=keys, place=PLACES.get(cloud)) as client:
        try:
            said.append(repr(client.upload(b"media", name="clip.mp4", events=lambda event: said.append(repr(event)))))
        except VodfastError as error:
            said += shown(error)
        said += [repr(client), repr(vars(client)), repr(client._client._account)]
    captured = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, captured.out, captured.err])
    secrets = {keys.secret_key.reveal(), *granted} | ({keys.token.reveal()} if keys.token else set())
    assert len(secrets) >= (2 if fault.get("action") in ("status", "error", "truncate_reply") else 3)
    for secret in secrets:
        assert secret not in everything
