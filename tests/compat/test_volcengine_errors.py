"""What the Volcengine stand-in raises: the vendor's words, and what scripts catch where nobody answers."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import pytest

from vodfast.compat.volcengine import errors
from vodfast.compat.volcengine.errors import VodError, translated
from vodfast.errors import ErrorKind, VodfastError


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Stands for the exceptions of `requests`, which a script has loaded."""
    made = ModuleType("requests.exceptions")

    class RequestException(OSError):
        def __init__(self, *args: object, **more: object) -> None:
            self.response = more.pop("response", None)
            super().__init__(*args, **more)

    connection = type("ConnectionError", (RequestException,), {})
    timeout = type("Timeout", (RequestException,), {})
    vars(made).update(
        RequestException=RequestException,
        ConnectionError=connection,
        SSLError=type("SSLError", (connection,), {}),
        Timeout=timeout,
        ConnectTimeout=type("ConnectTimeout", (connection, timeout), {}),
        ReadTimeout=type("ReadTimeout", (timeout,), {}),
    )
    monkeypatch.setitem(sys.modules, "requests", ModuleType("requests"))
    monkeypatch.setitem(sys.modules, "requests.exceptions", made)
    errors._also.cache_clear()
    return made


UNREACHED = VodfastError("vod.volcengineapi.com: no connection could be made (curl 7)", kind=ErrorKind.NETWORK)


@pytest.mark.parametrize(
    ("kind", "said", "names"),
    [
        (ErrorKind.NETWORK, "no connection could be made (curl 7)", {"ConnectionError"}),
        (ErrorKind.NETWORK, "it stalled (curl 28)", {"ConnectionError", "ConnectTimeout", "Timeout", "ReadTimeout"}),
        (ErrorKind.TLS, "the certificate is not trusted (curl 60)", {"ConnectionError", "SSLError"}),
        (ErrorKind.AMBIGUOUS, "the commit may have happened", {"ConnectionError"}),
    ],
)
def test_a_service_that_is_not_reached(requests: ModuleType, kind: ErrorKind, said: str, names: set[str]) -> None:
    error = translated(VodfastError(said, kind=kind))
    assert isinstance(error, VodError)
    caught = {name for name, value in vars(requests).items() if isinstance(value, type) and isinstance(error, value)}
    assert caught == names | {"RequestException"}
    assert (str(error), error.args, error.operation, type(error).__name__) == (said, (said,), "", "VodError")


@pytest.mark.parametrize(
    "error",
    [
        VodfastError("no", kind=ErrorKind.AUTH, operation="ApplyUploadInfo", status=403, code="AccessDenied"),
        VodfastError("status 502", kind=ErrorKind.NETWORK, operation="ApplyUploadInfo", status=502),
        VodfastError("broke", kind=ErrorKind.NETWORK, operation="UploadPart"),
    ],
)
def test_what_was_answered_or_is_the_gateways_is_no_exception_of_requests(
    requests: ModuleType, error: VodfastError
) -> None:
    assert type(translated(error)) is VodError


def test_without_requests_it_is_still_what_those_exceptions_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "requests.exceptions", raising=False)
    with pytest.raises(OSError, match="no connection could be made") as caught:
        raise translated(UNREACHED)
    assert isinstance(caught.value, VodError)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.args, vars(again)) == (type(caught.value), caught.value.args, vars(caught.value))


def test_it_travels_to_processes_with_and_without_requests(
    requests: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = translated(UNREACHED)
    written = pickle.dumps(error)
    again = pickle.loads(written)
    assert isinstance(again, requests.ConnectionError)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    for name in ("requests", "requests.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    errors._also.cache_clear()
    bare = pickle.loads(written)
    assert isinstance(bare, VodError)
    assert isinstance(bare, OSError)
    assert (str(bare), bare.retryable) == (str(error), False)
    errors._also.cache_clear()
