"""What the append-only machine makes of a lost last answer, as the store denies one thing after the other."""

from __future__ import annotations

import pytest

from vodfast.errors import ErrorKind, VodfastError
from vodfast.transfer.doubt import Doubt, Verdict

RESET = VodfastError("reset", kind=ErrorKind.NETWORK)
SERVER_ERROR = VodfastError("500", kind=ErrorKind.UNAVAILABLE, status=500)
NOT_ANSWERED = VodfastError("cut short", kind=ErrorKind.NETWORK, status=200)


@pytest.mark.parametrize(
    ("doubt", "upload_id", "now", "verdict"),
    [
        (Doubt(RESET), "u", 0.0, Verdict.ASK_FOR_OBJECT),
        (Doubt(RESET, no_upload=True), "u", 99.0, Verdict.ASK_FOR_OBJECT),
        (Doubt(RESET, no_object=True), "u", 0.0, Verdict.ASK_FOR_UPLOAD),
        (Doubt(RESET, no_object=True, no_upload=True), "u", 9.0, Verdict.ASK_LATER),
        (Doubt(RESET, no_object=True, no_upload=True), "u", 10.0, Verdict.OPEN),
        (Doubt(RESET, since=5.0, no_object=True, no_upload=True), "u", 14.0, Verdict.ASK_LATER),
        (Doubt(RESET, no_object=True), None, 9.0, Verdict.ASK_LATER),
        (Doubt(RESET, no_object=True), None, 10.0, Verdict.UNHEARD),
        (Doubt(SERVER_ERROR, no_object=True), None, 0.0, Verdict.REFUSED),
        (Doubt(NOT_ANSWERED, no_object=True), None, 0.0, Verdict.ASK_LATER),
        (Doubt(SERVER_ERROR, no_object=True, no_upload=True), "u", 10.0, Verdict.OPEN),
        (Doubt(no_object=True), None, 0.0, Verdict.NEVER_FINISHED),
        (Doubt(no_object=True), "u", 0.0, Verdict.ASK_FOR_UPLOAD),
        (Doubt(no_object=True, no_upload=True), "u", 0.0, Verdict.NEVER_FINISHED),
    ],
)
def test_a_doubt_ends_only_when_the_store_has_denied_all_there_can_be(
    doubt: Doubt, upload_id: str | None, now: float, verdict: Verdict
) -> None:
    assert doubt.verdict(upload_id, now, settle_seconds=10.0) is verdict


def test_the_pauses_between_questions_double_and_the_last_one_falls_on_the_end() -> None:
    doubt, now, asked = Doubt(RESET, since=100.0), 100.0, []
    while now < 116.0:
        now = doubt.ask_again_at(now, settle_seconds=16.0)
        asked.append(now - 100.0)
    assert asked == [1.0, 2.0, 4.0, 8.0, 16.0]
