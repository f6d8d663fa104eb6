"""The error type: what of it survives on its way to another process."""

from __future__ import annotations

import pickle

import pytest

from vodfast.errors import AmbiguousCommit, ErrorKind, InvalidInput, RetryClass, VodfastError


@pytest.mark.parametrize(
    "error",
    [
        VodfastError(
            "what happened", kind=ErrorKind.THROTTLED, retry=RetryClass.LATER, cloud="c", operation="o", item="i.mp4",
            status=503, code="Slow", request_id="r", attempts=3, retry_after=1.5, reached=False, context={"a": "b"},
        ),
        InvalidInput("bad field"),
        AmbiguousCommit("perhaps"),
    ],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("unsettled", [False, True])
def test_an_error_tells_another_process_everything(error: VodfastError, unsettled: bool) -> None:
    error.unsettled = unsettled
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error) | {"kind": error.kind}
    assert str(copy) == str(error)
