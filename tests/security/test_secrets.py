"""Secrets cannot be printed: not by repr, not by logs or tracebacks, not by pickles, JSON or reports."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from vodfast import Client, Credentials, Secret, TransferConfig, VodfastError

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


def shown(error: VodfastError) -> list[str]:
    """Everything an error can show: its text, its fields, its pickled copy, and each vodfast object in its frames."""
    said = [str(error), repr(error), repr(vars(error)), "".join(traceback.format_exception(error))]
    said.append(str(pickle.loads(pickle.dumps(error))))
    frame = error.__traceback__
    while frame is not None:
        said += [repr(value) for value in frame.tb_frame.f_locals.values() if "vodfast" in type(value).__module__]
        frame = frame.tb_next
    return said


@pytest.mark.parametrize(
    "fault",
    [
        None,
        {"action": "status", "code": 500, "times": 0},
        {"action": "error", "code": "AuthFailure.SignatureFailure", "match": {"operation": "ApplyUpload"}},
        {"action": "error", "code": "SignatureDoesNotMatch", "match": {"operation": "PutObject"}},
        {"action": "redirect", "location": "http://127.0.0.1:1/", "match": {"operation": "PutObject"}},
        {"action": "truncate_reply", "at_byte": 200, "match": {"operation": "ApplyUpload"}, "times": 0},
        {"action": "drop_reply", "match": {"operation": "CommitUpload"}, "times": 0},
    ],
    ids=lambda fault: "none" if fault is None else f"{fault['action']} {fault.get('match', {}).get('operation', '')}",
)
def test_no_secret_in_results_errors_tracebacks_logs_or_events(
    vodfast_emulator: Any,
    config_for: Callable[..., TransferConfig],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: dict[str, Any] | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    vodfast_emulator.settings(
        callers=[{"access_key": "vodfast-emulator-c", "secret": CANARY, "token": CANARY + "-token"}]
    )
    vodfast_emulator.set_faults([fault] if fault else [])
    keys = Credentials.of("vodfast-emulator-c", CANARY, CANARY + "-token")
    said: list[str] = []
    with Client("tencent", config=config_for(attempts=2), credentials=keys) as client:
        try:
            said.append(repr(client.upload(b"media", name="clip.mp4", events=lambda event: said.append(repr(event)))))
        except VodfastError as error:
            said += shown(error)
        said += [repr(client), repr(vars(client)), repr(client._client._account)]
    captured = capfd.readouterr()
    everything = "\n".join([*said, caplog.text, captured.out, captured.err])
    issued = [str(account.secret) for account in vodfast_emulator._server.world.clouds[0].accounts._known.values()]
    issued += [str(account.token) for account in vodfast_emulator._server.world.clouds[0].accounts._known.values()]
    for secret in {CANARY, *issued} - {"None"}:
        assert secret not in everything
