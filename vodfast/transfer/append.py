"""One object on its way into an append-only store, as a state machine asked for its next step.

Decides where the next part begins (the store's word, never ours) and when the store is asked how much it has. Leaves
what a lost answer to the last part means to `doubt.py`, and which parts do not wait for answers to `piping.py`. The
sibling of `machine.py`, driven by the engine in the same way: no clock, no sockets, no sleep.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from vodfast.errors import Cancelled, ErrorKind, IntegrityError, RetryClass, VodfastError, retold
from vodfast.transfer.doubt import Doubt, Verdict
from vodfast.transfer.message import Body, BufferedBody
from vodfast.transfer.piping import Piping
from vodfast.transfer.plan import UploadPlan
from vodfast.transfer.ports import AppendReceipt, AppendStore, Call, ObjectReceipt, PartSpec
from vodfast.transfer.retry import outcome_unknown
from vodfast.transfer.steps import Failed, Finished, KeptPart, KeptUpload, RetryDecision, Start, Step, Wait, in_doubt


class _Phase(enum.Enum):
    PREPARE = "prepare"
    SEND = "send"
    ASK = "ask"
    SETTLE = "settle"


class _Work(msgspec.Struct):
    """One request. `part`, `last` and `piped` only for SEND: `piped` does not wait for the answer to those before."""

    phase: _Phase
    part: PartSpec | None = None
    last: bool = False
    piped: bool = False


class AppendMachine:
    """Moves one object part by part, in order.

    Each part waits for the answer to the one before, unless the store takes them behind one another: with `pipelines`
    the parts in the middle of a file then go out ahead of the answers, on one connection, which answers them in order.
    The first waits because its answer names the upload, the last because it makes the media. Any answer but the
    expected one breaks the pipeline, and the store is asked how much it has.

    For a sized source pass `plan` and `part_body`. For a stream pass neither and feed it with `offer` whenever a
    `Wait` says `hungry`; a part is sent only when something is known to follow it or to end it, because the last part
    must say that it is the last. `kept` is an unfinished upload of the same bytes: the store is asked how much of it it
    has. `resumed` says that an earlier run was here and may have sent everything: before anything is sent again, it is
    asked whether the object is finished. Nothing is ever aborted: such a store has no word for it.

    A last part whose answer is lost leaves a doubt. Only the store can end it: it has the object, or it has an
    unfinished upload. It is asked for `settle_seconds`, because it may hear of a finished object a little later than
    the part's sender would have; what is not settled by then is `AmbiguousCommit`. A part that was the whole object may
    then be sent once more, since the object, and so what becomes of it, is the same; a failure stays ambiguous.
    """

    def __init__(
        self,
        store: AppendStore,
        retry: RetryDecision,
        *,
        plan: UploadPlan | None = None,
        part_body: Callable[[PartSpec], Body] | None = None,
        kept: KeptUpload | None = None,
        resumed: bool = False,
        settle_seconds: float = 0.0,
        pipelines: bool = False,
    ) -> None:
        self._store = store
        self._retry = retry
        self._settle_seconds = settle_seconds
        # What is to be sent: a plan's bytes, or those a stream has offered.
        most = store.limits.max_part
        self._part_body = part_body
        self._part_size = min((plan.part_size if plan is not None else 0) or most, most)
        self._size = plan.size if plan is not None else None
        self._bodies: deque[tuple[int, BufferedBody]] = deque()
        self._nothing: BufferedBody | None = None
        self._taken = 0
        # What is under way.
        self._phase = _Phase.SEND
        self._running: dict[int, _Work] = {}
        self._tokens = 0
        self._attempt = 0
        self._asking_attempt = 0
        self._not_before = 0.0
        self._now = 0.0
        self._piping = Piping(store, self._part_size, on=pipelines and part_body is not None)
        self._head = 0
        # What the store has, by its own word; it cannot have more than was ever sent.
        self._upload_id = kept.upload_id if kept is not None else None
        self._offset = 0
        self._index = 0
        self._furthest = 0
        self._sent = self._size if kept is not None and self._size is not None else 0
        # What has become of it.
        self._doubt: Doubt | None = None
        self._error: VodfastError | None = None
        self._result: Finished | None = None
        if kept is not None or resumed or store.reopened:
            # A reopened store has just been told whether the object is finished; others are asked what is the likelier.
            self._phase = _Phase.ASK if kept is not None and not store.reopened else _Phase.SETTLE
            self._doubt = Doubt()

    @property
    def upload_id(self) -> str | None:
        """What the store calls the upload under way, None if there is none."""
        return self._upload_id

    def take_news(self) -> list[KeptPart]:
        """Nothing: such a store remembers how far it is."""
        return []

    @property
    def left_behind(self) -> None:
        """Nothing: such a store forgets an unfinished object by itself."""
        return None

    @property
    def acknowledged(self) -> int:
        """Bytes the store has answered for. Shrinks if the store loses some."""
        return self._offset

    @property
    def moot(self) -> bool:
        """Whether parts that are under way are of no use any more: the object has failed, or the pipeline is broken."""
        return self.failing or self._piping.broken

    @property
    def failing(self) -> bool:
        """Something went wrong for good: what is in flight is of no use any more."""
        return self._error is not None

    @property
    def ended(self) -> bool:
        return not self._running and (self._result is not None or self._error is not None)

    # What the engine asks.

    def poll(self, now: float, room: int = 1) -> Step:
        """The next step. With `room` 0 nothing is started."""
        self._now = now
        waiting = Wait(None, hungry=self._hungry())
        if self._running:
            return (self._next_behind() if room > 0 else None) or waiting
        if self._result is not None:
            return self._result
        if self._error is not None:
            return Failed(self._error)
        if now < self._not_before:
            return Wait(self._not_before, hungry=waiting.hungry)
        return (self._next() if room > 0 else None) or waiting

    def _hungry(self) -> bool:
        return self._size is None and self._error is None and len(self._bodies) < 2

    def _next(self) -> Start | None:
        self._piping.end()
        if self._phase is _Phase.SETTLE:
            return self._start(_Work(_Phase.SETTLE), self._store.head_object())
        preparation = self._store.prepare()
        if preparation is not None:
            return self._start(_Work(_Phase.PREPARE), preparation)
        if self._phase is _Phase.ASK:
            assert self._upload_id is not None
            return self._start(_Work(_Phase.ASK), self._store.stored_bytes(self._upload_id))
        found = self._next_part()
        if found is None:
            return None
        part, body = found
        return self._send(part, body, piped=self._upload_id is not None and self._piping.begin(part.offset, self._size))

    def _send(self, part: PartSpec, body: Body, *, piped: bool) -> Start:
        end = part.offset + part.length
        self._head, self._sent = end, max(self._sent, end)
        last = end == self._size
        call = self._store.append_part(self._upload_id, part, body, last=last)
        return self._start(_Work(_Phase.SEND, part, last, piped), call)

    def _start(self, work: _Work, call: Call[Any]) -> Start:
        self._tokens += 1
        self._running[self._tokens] = work
        weight = work.part.length if work.part is not None else 0
        # While a stream's part is sent, the next one is read.
        alone = self._size is not None and not work.piped
        return Start(self._tokens, call, weight, alone, work.last, self._piping.number if work.piped else 0)

    def _next_behind(self) -> Start | None:
        """The next part of a pipeline, behind those under way; None if there is none, or it has to wait."""
        if self.failing or not self._piping.takes(len(self._running)):
            return None
        assert self._part_body is not None
        assert self._size is not None
        part = PartSpec(self._index + len(self._running), self._head, self._part_size)
        if part.offset + part.length >= self._size or self._store.prepare() is not None:
            return None
        return self._send(part, self._part_body(part), piped=True)

    def _next_part(self) -> tuple[PartSpec, Body] | None:
        """The part at the offset, None while a stream has not said what follows it."""
        if self._part_body is not None:
            assert self._size is not None
            part = PartSpec(self._index, self._offset, min(self._part_size, self._size - self._offset))
            return part, self._part_body(part)
        if not self._bodies:
            # Everything is stored, but the object was not finished: an empty part ends it.
            if self._size is None or self._nothing is None:
                return None
            return PartSpec(self._index, self._offset, 0), self._nothing
        start, body = self._bodies[0]
        skip = self._offset - start
        part = PartSpec(self._index, self._offset, min(self._part_size, body.length - skip))
        if self._size is None and part.offset + part.length == self._taken:
            return None
        return part, body.cut(skip, part.length)

    # What the engine reports.

    def offer(self, body: BufferedBody, *, last: bool) -> None:
        """The next bytes of a stream; `last` if nothing follows. May be longer than a part, or empty if `last`."""
        if self._nothing is None:
            self._nothing = body.cut(0, 0)
        if body.length:
            self._bodies.append((self._taken, body))
            self._taken += body.length
        if last:
            self._size = self._taken

    def on_response(self, token: int, answer: Any, sent: int | None) -> None:  # noqa: ARG002  # no such store digests
        """A call succeeded: `answer` is what its `parse` returned."""
        work = self._running.pop(token)
        if (self.failing or (work.piped and self._piping.broken)) and not (work.last and answer.whole is not None):
            return
        if work.phase is not _Phase.SEND:
            self._asking_attempt = 0
        match work:
            case _Work(phase=_Phase.SEND, part=PartSpec() as part):
                self._appended(part, answer, work)
            case _Work(phase=_Phase.ASK):
                self._told(answer)
            case _Work(phase=_Phase.SETTLE):
                self._settled(answer)

    def on_failure(self, token: int, error: VodfastError, now: float) -> None:
        """A call failed, in the transport or in `parse`."""
        work = self._running.pop(token)
        self._now = now
        if self.failing:
            if work.last and outcome_unknown(error):
                self._error = in_doubt(error.message)
            return
        if work.piped:
            self._break_pipeline()
        if not work.piped or self._piping.blame(error):
            self._failed(work, error)

    def on_dropped(self, token: int) -> None:
        """A call was broken off by cancellation; its effect is unknown."""
        work = self._running.pop(token)
        if work.piped and not self.failing:
            self._break_pipeline()
        if work.last:
            self._error = in_doubt("the last bytes were sent, but not confirmed before the upload was cancelled")

    def fail(self, error: VodfastError) -> None:
        """Something outside the requests went wrong (the source, say)."""
        self._give_up(error)

    def cancel(self) -> None:
        """Stop. What is in flight is reported with `on_dropped`; there is nothing to abort: an unfinished object is
        forgotten by itself.
        """
        self.fail(Cancelled("the upload was cancelled"))

    # What answers mean.

    def _appended(self, part: PartSpec, receipt: AppendReceipt, work: _Work) -> None:
        end = part.offset + part.length
        self._upload_id = receipt.upload_id
        self._doubt = None
        if receipt.end > self._sent:
            self._give_up(_too_much(receipt.end, self._sent))
        elif receipt.end == end and work.last:
            self._finish(receipt.whole or ObjectReceipt(tag="", digest=None, size=end))
        elif receipt.end == end or (receipt.end > part.offset and not (work.last or work.piped)):
            # Beyond the end is what went out in a pipeline that broke, and arrived when it had been asked for.
            if work.piped:
                self._piping.answered()
            self._move(receipt.end)
        else:
            short = _taken_in_part(receipt.end, part)
            if work.piped:
                self._break_pipeline()
                self._piping.blame(short)
            self._again(short)
            self._phase = _Phase.ASK

    def _told(self, stored: int | None) -> None:
        """How many bytes the store has, None if it does not know the upload."""
        if stored is None:
            if self._doubt is not None:
                self._doubt.no_upload = True
            self._look_further()
            return
        lost, self._doubt = self._lost, None
        self._phase = _Phase.SEND
        if stored > self._sent:
            self._give_up(_too_much(stored, self._sent))
            return
        if lost is not None:
            self._again(lost)
        self._move(stored)

    def _settled(self, found: ObjectReceipt | None) -> None:
        """Is the object finished, by a last part whose answer was lost or by an earlier run?"""
        assert self._doubt is not None
        assert self._size is not None
        if found is None:
            self._doubt.no_object = True
            self._look_further()
            return
        self._doubt = None
        if found.size in (None, self._size):
            self._finish(found)
        else:
            self._give_up(IntegrityError(f"the store finished the object with {found.size} of {self._size} bytes"))

    def _look_further(self) -> None:
        """The store does not have the object, or does not know the upload: neither proves what became of it."""
        doubt = self._doubt
        if doubt is None:
            self._restart()
            return
        match doubt.verdict(self._upload_id, self._now, self._settle_seconds), doubt.lost:
            case Verdict.ASK_FOR_OBJECT, _:
                self._phase = _Phase.SETTLE
            case Verdict.ASK_FOR_UPLOAD, _:
                self._phase = _Phase.ASK
            case Verdict.ASK_LATER, _:
                self._phase = _Phase.SETTLE
                self._not_before = doubt.ask_again_at(self._now, self._settle_seconds)
            case Verdict.NEVER_FINISHED, _:
                self._doubt = None
                self._restart()
            case Verdict.REFUSED, VodfastError() as lost:
                self._doubt = None
                self._send_again(lost)
            case Verdict.UNHEARD, VodfastError() as lost:
                self._send_again(lost)
            case Verdict.OPEN, VodfastError() as lost:
                self._give_up(lost)

    def _send_again(self, lost: VodfastError) -> None:
        self._phase = _Phase.SEND
        self._again(lost)

    def _move(self, offset: int) -> None:
        """Go on from `offset`, where the store says it is."""
        if self._part_body is None and offset < (self._bodies[0][0] if self._bodies else self._offset):
            self._give_up(_lost_stream(offset))
            return
        self._offset = offset
        self._index += 1
        while self._bodies and self._bodies[0][0] + self._bodies[0][1].length <= offset:
            self._bodies.popleft()
        if offset > self._furthest:
            self._furthest, self._attempt = offset, 0

    def _break_pipeline(self) -> None:
        """What becomes of the parts under way is not known: the store is asked what it has."""
        if not self._piping.broken:
            self._phase = _Phase.ASK
        self._piping.fail(self._offset)

    def _restart(self) -> None:
        self._upload_id = None
        self._phase = _Phase.SEND
        self._move(0)
        self._index = 0

    def _finish(self, receipt: ObjectReceipt) -> None:
        assert self._size is not None
        self._offset = self._size
        self._error, self._result = None, Finished(receipt, self._size, None)
        self._bodies.clear()

    # What failures mean.

    def _failed(self, work: _Work, error: VodfastError) -> None:
        unheard = outcome_unknown(error)
        if work.phase is not _Phase.SEND:
            self._asking_failed(error)
        elif work.last and error.reached and error.kind is ErrorKind.SOURCE_CHANGED:
            self._give_up(in_doubt(f"{error.message.partition(',')[0]}, in its last bytes"))
        elif work.last and unheard:
            self._lose(error)
        elif error.kind is ErrorKind.NOT_FOUND and self._upload_id is not None:
            self._restart()
            self._again(_lost_upload(error))
        else:
            self._again(error)
            if unheard and self._upload_id is not None:
                self._phase = _Phase.ASK

    @property
    def _lost(self) -> VodfastError | None:
        """The failure that took the answer to the last part with it, while that is in doubt."""
        return self._doubt.lost if self._doubt is not None else None

    def _lose(self, error: VodfastError) -> None:
        """The answer to the last part is lost."""
        since = self._doubt.since if self._doubt is not None and self._doubt.lost is not None else self._now
        self._doubt = Doubt(error, since)
        self._phase = _Phase.SETTLE

    def _asking_failed(self, error: VodfastError) -> None:
        self._asking_attempt += 1
        self._pause(error, self._asking_attempt)

    def _again(self, error: VodfastError) -> None:
        """Go on after a pause. Attempts count until the store has more bytes than ever before."""
        self._attempt += 1
        self._pause(error, self._attempt)

    def _pause(self, error: VodfastError, attempt: int) -> None:
        delay = self._retry(error, attempt)
        if delay is None:
            self._give_up(error)
        else:
            self._not_before = self._now + delay

    def _give_up(self, error: VodfastError) -> None:
        if not self.failing and self._result is None:
            self._error = error if self._lost is None else in_doubt(self._lost.message, self._lost)
            self._bodies.clear()


def _taken_in_part(stored: int, part: PartSpec) -> VodfastError:
    return VodfastError(
        f"the store took {stored - part.offset} bytes of the {part.length} at {part.offset}"
        if part.offset <= stored <= part.offset + part.length
        else f"the store is at byte {stored} after {part.length} bytes at {part.offset}",
        kind=ErrorKind.UNAVAILABLE,
        retry=RetryClass.LATER,
    )


def _too_much(stored: int, sent: int) -> IntegrityError:
    return IntegrityError(f"the store says it has {stored} bytes, but only {sent} were sent")


def _lost_stream(offset: int) -> VodfastError:
    return VodfastError(
        f"the store went back to byte {offset} of a stream that cannot be read again: upload it from a file",
        kind=ErrorKind.UNAVAILABLE,
    )


def _lost_upload(error: VodfastError) -> VodfastError:
    return retold(
        error,
        VodfastError,
        f"the store no longer knows the unfinished upload ({error.message})",
        kind=ErrorKind.UNAVAILABLE,
        retry=RetryClass.LATER,
    )
