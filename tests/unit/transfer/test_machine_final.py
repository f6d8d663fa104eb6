"""The object machine where the last request makes the media: what is said when nobody knows whether it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.unit.transfer.test_machine import LIMITS, ModelStore, Simulation, gone
from vodfast import _native
from vodfast.errors import (
    AmbiguousCommit,
    Cancelled,
    ErrorKind,
    IntegrityError,
    RetryClass,
    SourceChanged,
    VodfastError,
)
from vodfast.transfer.machine import ObjectMachine
from vodfast.transfer.message import Body
from vodfast.transfer.ports import Call, ObjectReceipt, PartReceipt, StoreLimits
from vodfast.transfer.steps import Failed, Finished, Start

SIZES = {"one request": 500, "parts": 2500}


def reset() -> VodfastError:
    return VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.NEVER)


class MediaStore(ModelStore):
    """Tells the media service of every object that is finished."""

    def put_object(self, body: Body) -> Call[ObjectReceipt]:
        return replace(super().put_object(body), final=True)

    def complete_upload(self, upload_id: str, parts: Sequence[PartReceipt]) -> Call[ObjectReceipt]:
        return replace(super().complete_upload(upload_id, parts), final=True)


class Ending(Simulation):
    """An upload that has come as far as its last request."""

    def __init__(self, size: int, store: type[ModelStore] = MediaStore, limits: StoreLimits = LIMITS) -> None:
        super().__init__(1, 0.0, size, 1000)
        self.store = store(limits)
        self.machine = ObjectMachine(self.store, self.policy.delay, plan=self.plan, part_body=self.source.part)
        self.last = self.next()
        while self.last.call.operation not in ("put", "complete"):
            self.perform(self.last)
            self.last = self.next()

    def next(self) -> Start:
        step = self.machine.poll(self.now)
        assert isinstance(step, Start)
        return step

    def lose(self, *, arrived: bool) -> None:
        """The answer to the last request is lost for good."""
        if arrived:
            self.last.call.build(False)
        self.machine.on_failure(self.last.token, reset(), self.now)

    def ends(self) -> VodfastError | None:
        """How it ends if nothing else goes wrong."""
        outcome = self.run()
        return outcome.error if isinstance(outcome, Failed) else None


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> int:
    return SIZES[request.param]


def test_a_cancellation_that_gets_no_answer_leaves_it_open(size: int) -> None:
    ending = Ending(size)
    assert ending.last.final
    ending.machine.cancel()
    ending.machine.on_dropped(ending.last.token)
    assert isinstance(ending.ends(), AmbiguousCommit)


def test_the_same_of_a_store_that_makes_no_media_is_a_plain_cancellation(size: int) -> None:
    ending = Ending(size, ModelStore)
    assert not ending.last.final
    ending.machine.cancel()
    ending.machine.on_dropped(ending.last.token)
    assert type(ending.ends()) is Cancelled


def test_an_object_that_is_there_after_a_lost_answer_is_done(size: int) -> None:
    ending = Ending(size)
    ending.lose(arrived=True)
    outcome = ending.run()
    assert isinstance(outcome, Finished)
    assert (outcome.size, outcome.verified, outcome.sent) == (size, "crc64", _native.crc64(ending.data))


def test_one_that_is_not_there_makes_it_a_plain_failure(size: int) -> None:
    ending = Ending(size)
    ending.lose(arrived=False)
    error = ending.ends()
    assert error is not None
    assert (error.kind, ending.store.object, ending.store.uploads) == (ErrorKind.NETWORK, None, {})


def test_a_store_that_refuses_to_say_leaves_it_open(size: int) -> None:
    ending = Ending(size)
    ending.lose(arrived=True)
    look = ending.next()
    assert look.call.operation == "head"
    ending.machine.on_failure(look.token, VodfastError("no", kind=ErrorKind.AUTH), 0.0)
    assert isinstance(ending.ends(), AmbiguousCommit)


def test_a_cancellation_after_the_lost_answer_leaves_it_open(size: int) -> None:
    ending = Ending(size)
    ending.lose(arrived=True)
    look = ending.next()
    ending.machine.cancel()
    ending.machine.on_dropped(look.token)
    assert isinstance(ending.ends(), AmbiguousCommit)


def test_a_repeated_request_that_is_refused_does_not_settle_it(size: int) -> None:
    """What was lost before may have been done."""
    ending = Ending(size)
    later = VodfastError("reset", kind=ErrorKind.NETWORK, retry=RetryClass.LATER)
    ending.machine.on_failure(ending.last.token, later, 0.0)
    ending.now = 1000.0
    again = ending.next()
    ending.machine.on_failure(again.token, VodfastError("no", kind=ErrorKind.AUTH), ending.now)
    assert isinstance(ending.ends(), AmbiguousCommit)


def test_an_upload_that_is_said_to_be_gone_may_have_made_media() -> None:
    ending = Ending(SIZES["parts"])
    ending.machine.on_failure(ending.last.token, gone(), 0.0)
    look = ending.next()
    assert look.call.operation == "head"
    ending.machine.on_failure(look.token, VodfastError("no", kind=ErrorKind.AUTH), 0.0)
    assert isinstance(ending.ends(), AmbiguousCommit)


def test_a_file_that_changed_since_it_was_sent_is_not_taken_for_what_the_store_has() -> None:
    ending = Ending(SIZES["one request"])
    body = ending.machine._running[ending.last.token].part

    class Changed:
        length = body.length

        def checksum(self, _name: str) -> int:
            raise SourceChanged("the file was truncated while it was read")

    ending.lose(arrived=True)
    ending.machine._part_body = lambda _: Changed()
    assert isinstance(ending.ends(), VodfastError)


def test_an_object_found_in_a_store_without_checksums_is_done_and_not_called_verified(size: int) -> None:
    limits = msgspec.structs.replace(LIMITS, part_digest=None, object_digest=None)
    ending = Ending(size, MediaStore, limits)
    ending.lose(arrived=True)
    outcome = ending.run()
    assert isinstance(outcome, Finished)
    assert outcome.verified is None


@pytest.mark.parametrize("stored", ["other bytes", "another size"])
def test_an_object_found_that_is_another_is_no_success_and_must_go(size: int, stored: str) -> None:
    ending = Ending(size, ModelStore)
    ending.lose(arrived=False)
    ending.store.object = ending.data[::-1] if stored == "other bytes" else ending.data[1:]
    assert isinstance(ending.ends(), IntegrityError)


@pytest.mark.parametrize("error", [IntegrityError("crc64 differs, so send it again"), SourceChanged("it changed, so")])
def test_what_is_found_wrong_once_it_was_sent_is_too_late_to_be_a_plain_failure(size: int, error: VodfastError) -> None:
    ending = Ending(size)
    ending.last.call.build(False)
    ending.machine.on_failure(ending.last.token, error, 0.0)
    ended = ending.ends()
    assert isinstance(ended, AmbiguousCommit)
    assert "so" not in ended.message.split(";")[0].split()


def test_what_is_found_wrong_before_it_was_sent_is_a_plain_failure(size: int) -> None:
    ending = Ending(size)
    changed = SourceChanged("it changed", reached=False)
    ending.machine.on_failure(ending.last.token, changed, 0.0)
    assert ending.ends() is changed


def test_a_damaged_object_is_known_to_be_wrong_though_only_an_outage_kept_it_from_being_sent_anew() -> None:
    ending = Ending(SIZES["one request"], ModelStore)
    ending.machine.on_response(ending.last.token, ending.last.call.build(True), ending.sent(ending.last))
    again = ending.next()
    refused = VodfastError("503", kind=ErrorKind.THROTTLED)
    ending.machine.on_failure(again.token, refused, 0.0)
    assert isinstance(ending.ends(), IntegrityError)


@pytest.mark.parametrize("heals", [False, True])
def test_a_damaged_object_that_has_made_media_is_in_doubt_until_it_is_replaced(heals: bool) -> None:
    ending = Ending(SIZES["one request"])
    ending.machine.on_response(ending.last.token, ending.last.call.build(True), ending.sent(ending.last))
    again = ending.next()
    if heals:
        ending.perform(again)
        assert ending.ends() is None
    else:
        ending.machine.on_failure(again.token, VodfastError("slow down", kind=ErrorKind.THROTTLED), 0.0)
        error = ending.ends()
        assert isinstance(error, AmbiguousCommit)
        assert "crc64 differs" in error.message


def test_an_object_that_was_joined_after_a_cancellation_is_not_aborted_as_well() -> None:
    ending = Ending(SIZES["parts"], ModelStore)
    ending.machine.cancel()
    ending.perform(ending.last)
    ended = ending.machine.poll(0.0)
    assert isinstance(ended, Failed), "there is no upload to abort any more"
    assert type(ended.error) is Cancelled
    assert (ending.machine.left_behind, ending.machine.upload_id) == (None, None)


@pytest.mark.parametrize("size_in_list", [True, False])
def test_without_a_checksum_of_the_whole_an_object_found_is_judged_by_its_size_and_not_called_verified(
    size_in_list: bool,
) -> None:
    ending = Ending(SIZES["parts"], ModelStore)
    head = ending.store.head_object

    def found() -> Call[Any]:
        call = head()
        return replace(call, build=lambda flip: replaced(call.build(flip), size_in_list))

    ending.store.head_object = found
    ending.lose(arrived=True)
    outcome = ending.run()
    assert isinstance(outcome, Finished)
    assert outcome.verified is None


def test_without_a_checksum_an_object_of_another_size_is_another(size: int) -> None:
    ending = Ending(size, ModelStore)
    ending.lose(arrived=False)
    look = ending.next()
    shorter = ObjectReceipt(tag="h", digest=None, size=size - 1)
    ending.machine.on_response(look.token, shorter, None)
    assert isinstance(ending.ends(), IntegrityError)


def replaced(receipt: ObjectReceipt, with_size: bool) -> ObjectReceipt:
    return ObjectReceipt(tag=receipt.tag, digest=None, size=receipt.size if with_size else None)


def test_what_could_not_be_taken_back_is_named_in_the_error() -> None:
    ending = Ending(SIZES["parts"], ModelStore)
    broke = VodfastError("the disk broke", context={"vendor_message": "as the vendor puts it"})
    ending.machine.fail(broke)
    assert ending.machine.left_behind == "upload u1"
    ending.machine.on_failure(ending.last.token, gone(), 0.0)
    abort = ending.next()
    assert abort.call.operation == "abort"
    ending.machine.on_failure(abort.token, VodfastError("not allowed", kind=ErrorKind.AUTH), 0.0)
    error = ending.ends()
    assert error is broke
    assert error.context["vendor_message"] == "as the vendor puts it"
    assert error.context["left_behind"] == ending.machine.left_behind == "upload u1: not allowed"
