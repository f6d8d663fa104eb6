"""One object on its way into a store, as a state machine asked for its next step.

Decides the order of requests, what is retried and what counts as proof. Has no clock, no sockets and no sleep: the
engine passes time in, performs what it is told and reports back, so every history can be replayed in a test.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from vodfast.errors import Cancelled, ErrorKind, IntegrityError, RetryClass, VodfastError
from vodfast.transfer.message import Body
from vodfast.transfer.plan import UploadPlan
from vodfast.transfer.ports import ObjectReceipt, ObjectStore, PartPage, PartReceipt, PartSpec
from vodfast.transfer.proof import joined_digest, still_there
from vodfast.transfer.retry import outcome_unknown
from vodfast.transfer.steps import (
    LEFT_BEHIND,
    Failed,
    Finished,
    KeptPart,
    KeptUpload,
    RetryDecision,
    Start,
    Step,
    Wait,
    in_doubt,
)
from vodfast.transfer.work import SIDELINE, Phase, Work, request

_DAMAGED = (ErrorKind.SOURCE_CHANGED, ErrorKind.INTEGRITY)
"""What is found wrong after the object was stored: where that makes the media, it is too late."""


class ObjectMachine:
    """Moves one object: PUT, or create, parts, complete; abort if it fails.

    For a sized source pass `plan` and `part_body`. For a stream pass neither and feed parts with `offer` whenever a
    `Wait` says `hungry`. `concurrency` limits the parts in flight; stores that want ascending parts get one at a time.
    `kept` is an unfinished upload of the same bytes in parts of the plan's size: what the store still has of it is not
    sent again, and if it has nothing the object begins anew. `strays` says that an earlier run may have begun uploads
    that it did not live to write down: they are discarded. `keeps` says after which failures the upload is left as it
    is, to be taken up later; after any other it is aborted.
    """

    def __init__(
        self,
        store: ObjectStore,
        retry: RetryDecision,
        *,
        plan: UploadPlan | None = None,
        part_body: Callable[[PartSpec], Body] | None = None,
        concurrency: int | None = None,
        kept: KeptUpload | None = None,
        strays: bool = False,
        keeps: Callable[[VodfastError], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._retry = retry
        self._keeps = keeps
        self._plan = plan
        self._part_body = part_body
        self._concurrency = 1 if store.limits.part_order == "ascending" else concurrency
        self._ready: deque[Work] = deque()
        self._offers: deque[Work] = deque()
        self._delayed: list[tuple[float, int, Work]] = []
        self._running: dict[int, Work] = {}
        self._tokens = 0
        self._delays = 0
        self._planned: Iterator[PartSpec] = iter(())
        self._ended = plan is not None
        self._upload_id: str | None = None
        self._receipts: dict[int, PartReceipt] = {}
        self._digests: dict[int, tuple[int, int]] = {}
        self._news: list[KeptPart] = []
        self._kept = {part.receipt.index: part for part in kept.parts} if kept is not None else {}
        self._listed: dict[int, PartReceipt] = {}
        self._strays = strays
        self._left: list[str] = []
        self._confirmed = store.limits.part_digest is not None
        self._acknowledged = 0
        self._offered = 0
        self._taken = 0
        self._error: VodfastError | None = None
        self._lost: VodfastError | None = None
        self._finishing: Work | None = None
        self._doubt: VodfastError | None = None
        self._result: Finished | None = None
        self._phase = Phase.CREATE
        if plan is not None:
            self._taken = plan.size
            if not plan.multipart:
                self._phase = Phase.PUT
                self._ready.append(Work(Phase.PUT, part=plan.part(0)))
            elif kept is None:
                self._begin()
            else:
                self._upload_id = kept.upload_id
                if store.limits.can_list_parts:
                    self._phase = Phase.LIST
                    self._ready.append(Work(Phase.LIST))
                else:
                    self._take_up(self._kept)

    @property
    def upload_id(self) -> str | None:
        """What the store calls the upload under way, None if there is none."""
        return self._upload_id

    def take_news(self) -> list[KeptPart]:
        """The parts acknowledged since this was last asked."""
        news, self._news = self._news, []
        return news

    @property
    def acknowledged(self) -> int:
        """Bytes the store has answered for."""
        if self._result is not None:
            return self._result.size
        return self._acknowledged

    @property
    def left_behind(self) -> str | None:
        """What could not be taken back, or not yet, although it is of no use; None if nothing."""
        if self._error is not None and not self.ended:
            return f"upload {self._upload_id or 'of unknown id'}"
        return "; ".join(self._left) or None

    @property
    def failing(self) -> bool:
        """Something went wrong for good: what is in flight is of no use any more."""
        return self._error is not None

    @property
    def ended(self) -> bool:
        return self._phase in (Phase.DONE, Phase.FAILED)

    # What the engine asks.

    def poll(self, now: float, room: int = 1) -> Step:
        """The next step. With `room` 0 nothing is started."""
        if self._phase is Phase.DONE:
            assert self._result is not None
            return self._result
        if self._phase is Phase.FAILED:
            assert self._error is not None
            return Failed(self._error)
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
        if room > 0:
            work = self._next()
            if work is not None:
                return self._start(work)
        until = self._delayed[0][0] if self._delayed else None
        return Wait(until, hungry=self._hungry())

    def _next(self) -> Work | None:
        sending = self._phase is Phase.PARTS and self._error is None
        if sending and self._concurrency is not None and len(self._running) >= self._concurrency:
            return None
        if self._ready:
            return self._ready.popleft()
        if sending:
            if self._offers:
                return self._offers.popleft()
            spec = next(self._planned, None)
            if spec is not None:
                return Work(Phase.PARTS, part=spec)
        return None

    def _hungry(self) -> bool:
        return (
            not self._ended and self._error is None and not self._offers and self._phase in (Phase.CREATE, Phase.PARTS)
        )

    def _start(self, work: Work) -> Start:
        work.attempt += 1
        self._tokens += 1
        self._running[self._tokens] = work
        body = self._body(work)
        call = request(self._store, work, body, self._upload_id, self._receipts)
        work.final = call.final
        weight = body.length if body is not None else 0
        return Start(self._tokens, call, weight, alone=work.phase is Phase.PUT, final=call.final)

    def _body(self, work: Work) -> Body | None:
        if work.body is not None or work.part is None:
            return work.body
        assert self._part_body is not None
        return self._part_body(work.part)

    # What the engine reports.

    def offer(self, body: Body, *, last: bool) -> None:
        """The next part of a stream; `last` if nothing follows. An empty last part only ends the stream."""
        self._ended = self._ended or last
        spec = PartSpec(self._offered, self._taken, body.length)
        self._taken += body.length
        if last and self._offered == 0:
            self._phase = Phase.PUT
            self._ready.append(Work(Phase.PUT, part=spec, body=body))
            return
        if self._offered == 0:
            self._ready.append(Work(Phase.CREATE))
        if body.length:
            self._offered += 1
            self._offers.append(Work(Phase.PARTS, part=spec, body=body))
        self._advance()

    def on_response(self, token: int, answer: Any, sent: int | None) -> None:
        """A call succeeded: `answer` is what its `parse` returned, `sent` the digest of the streamed body."""
        work = self._running.pop(token)
        if work.phase is Phase.CREATE:
            self._upload_id = answer
            if self._phase is Phase.CREATE:
                self._phase = Phase.PARTS
            self._sweep()
        elif work.phase is Phase.LIST:
            self._parts_listed(answer)
        elif work.phase is Phase.ABORT:
            self._upload_id = None
        elif work.phase is Phase.SWEEP:
            strays = (upload_id for upload_id in answer if upload_id != self._upload_id)
            self._ready.extend(Work(Phase.DISCARD, upload_id=upload_id) for upload_id in strays)
        elif work.phase is Phase.DISCARD:
            pass
        elif work.phase is Phase.PARTS:
            self._part_stored(work, answer, sent)
        elif work.phase is Phase.PUT:
            self._object_stored(work, answer, sent)
        elif work.phase is Phase.COMPLETE:
            self._completed(work, answer)
        elif work.phase is Phase.SETTLE:
            self._settled(answer)
        self._advance()

    def on_failure(self, token: int, error: VodfastError, now: float) -> None:
        """A call failed, in the transport or in `parse`."""
        work = self._running.pop(token)
        self._failed(work, error, now)
        self._advance()

    def on_dropped(self, token: int) -> None:
        """A call was broken off by cancellation; its effect is unknown."""
        work = self._running.pop(token, None)
        self._strays = self._strays or (work is not None and work.phase is Phase.CREATE)
        if work is not None and work.final:
            self._error = in_doubt("the last request was not answered before the upload was cancelled")
        self._advance()

    def fail(self, error: VodfastError) -> None:
        """Something outside the requests went wrong (the source, say): take back what was started."""
        if not self.ended:
            self._give_up(error)
            self._advance()

    def cancel(self) -> None:
        """Stop: what is in flight is reported with `on_dropped`, then the upload is aborted, unless it is kept."""
        self.fail(Cancelled("the upload was cancelled"))

    # Taking up an unfinished upload.

    def _begin(self) -> None:
        """Begin anew, or for the first time."""
        assert self._plan is not None
        self._upload_id = None
        self._receipts.clear()
        self._digests.clear()
        self._acknowledged = 0
        self._planned = self._plan.parts()
        self._phase = Phase.CREATE
        self._ready.append(Work(Phase.CREATE))

    def _parts_listed(self, page: PartPage) -> None:
        self._listed |= {part.index: part for part in page.parts}
        if page.marker is not None:
            self._ready.append(Work(Phase.LIST, marker=page.marker))
        else:
            self._take_up(
                {index: part for index, part in self._kept.items() if still_there(part, self._listed.get(index))}
            )

    def _take_up(self, parts: dict[int, KeptPart]) -> None:
        assert self._plan is not None
        for index, part in parts.items():
            spec = self._plan.part(index)
            self._receipts[index] = part.receipt
            self._acknowledged += spec.length
            if part.digest is not None:
                self._digests[index] = (part.digest, spec.length)
        self._planned = (spec for spec in self._plan.parts() if spec.index not in parts)
        self._phase = Phase.PARTS
        self._sweep()

    def _upload_gone(self) -> None:
        """The store does not know the upload any more. If all of it was there, it may have been joined."""
        assert self._plan is not None
        if len(self._kept) < self._plan.part_count:
            self._begin()
            return
        self._take_up(self._kept)
        self._upload_id = None
        self._phase = Phase.SETTLE
        self._ready.append(Work(Phase.SETTLE))

    def _advance(self) -> None:
        if self._error is not None:
            self._advance_failure()
            return
        pending = self._running or self._ready or self._offers or self._delayed
        if self._phase is not Phase.PARTS or pending or not self._ended:
            return
        spec = next(self._planned, None)
        if spec is not None:
            self._ready.append(Work(Phase.PARTS, part=spec))
            return
        self._phase = Phase.COMPLETE
        self._ready.append(Work(Phase.COMPLETE))

    def _advance_failure(self) -> None:
        """Let what runs end, then abort, then find and discard strays, then report the failure."""
        if self._running or self._phase is Phase.FAILED:
            return
        assert self._error is not None
        if self._phase is not Phase.ABORT:
            self._phase = Phase.ABORT
            for queue in (self._ready, self._offers, self._delayed):
                queue.clear()
            if self._upload_id is not None and not self._keeps(self._error):
                self._ready.append(Work(Phase.ABORT))
            self._sweep()
        if not self._ready and not self._delayed:
            self._phase = Phase.FAILED
            if self._left:
                self._error.context = {**self._error.context, LEFT_BEHIND: "; ".join(self._left)}

    def _sweep(self) -> None:
        if self._strays:
            self._strays = False
            self._ready.append(Work(Phase.SWEEP))

    def _part_stored(self, work: Work, receipt: PartReceipt, sent: int | None) -> None:
        assert work.part is not None
        index = work.part.index
        problem = self._compare(receipt.digest, sent, f"part {index + 1}")
        if problem is not None:
            self._failed(work, problem, None)
            return
        self._receipts[index] = receipt
        self._news.append(KeptPart(receipt, sent))
        self._acknowledged += work.part.length
        if sent is not None:
            self._digests[index] = (sent, work.part.length)

    def _object_stored(self, work: Work, receipt: ObjectReceipt, sent: int | None) -> None:
        problem = self._compare(receipt.digest, sent, "the object")
        if problem is not None:
            self._failed(work, problem, None)
            return
        self._finish(receipt, sent)

    def _compare(self, stored: int | None, sent: int | None, what: str) -> IntegrityError | None:
        if stored is None or sent is None:
            self._confirmed = False
            return None
        if stored == sent:
            return None
        return IntegrityError(
            f"the store holds other bytes than were sent for {what} ({self._store.limits.part_digest} differs)",
            retry=RetryClass.LATER,
        )

    def _completed(self, work: Work, receipt: ObjectReceipt) -> None:
        whole = self._joined_digest(self._store.limits.object_digest)
        if receipt.digest is not None and whole is not None:
            if receipt.digest != whole:
                # The parts were right one by one, so the joined object is wrong: sending again cannot mend it.
                self._upload_id = None
                wrong = f"the joined object is not what was sent ({self._store.limits.object_digest} differs)"
                told = in_doubt(wrong) if work.final else IntegrityError(f"{wrong}; nothing was committed")
                self._give_up(told)
                return
        elif self._store.limits.object_digest is not None:
            self._confirmed = False  # a store without such a digest has confirmed every part it joins
        self._finish(receipt)

    def _settle(self, work: Work, error: VodfastError) -> None:
        """Ask for the object that `work` may have finished."""
        self._lost, self._finishing, self._phase = error, work, Phase.SETTLE
        self._doubt = error if work.final else None
        self._ready.append(Work(Phase.SETTLE))

    def _settled(self, found: ObjectReceipt | None) -> None:
        """After a request to finish the object whose answer was lost: is it there, whole and right?"""
        whole = self._joined_digest(self._store.limits.object_digest)
        if self._finishing is not None and self._finishing.part is not None:
            whole = self._sent_whole(self._finishing)
        right_size = found is not None and found.size in (None, self._taken)
        if found is None or not right_size or (None not in (found.digest, whole) and found.digest != whole):
            if found is None:
                self._doubt = None
            if self._lost is None:
                self._begin()
            elif found is None:
                self._give_up(self._lost)
            else:  # whoever failed deletes it, though the failure itself may pass
                self._give_up(IntegrityError(f"the store holds other bytes than were sent ({self._lost.message})"))
        else:
            self._confirmed = self._confirmed and found.digest is not None
            self._finish(found, whole)

    def _failed(self, work: Work, error: VodfastError, now: float | None) -> None:
        if work.phase is Phase.CREATE and outcome_unknown(error):
            self._strays = True
        if self._error is not None and work.phase not in (Phase.ABORT, *SIDELINE):
            return
        if work.final and outcome_unknown(error):
            self._doubt = error
        if work.phase is Phase.COMPLETE and error.kind is ErrorKind.NOT_FOUND:
            # The upload is gone, it says: an earlier completion may have worked without our hearing of it.
            self._settle(work, error)
            return
        if work.phase is Phase.LIST and error.kind is ErrorKind.NOT_FOUND:
            self._upload_gone()
            return
        delay = self._retry(error, work.attempt)
        if delay is not None:
            if now is None:
                self._ready.append(work)
            else:
                self._delays += 1  # two that fail at the same moment come back in that order
                heapq.heappush(self._delayed, (now + delay, self._delays, work))
            return
        if work.phase in (Phase.ABORT, *SIDELINE):
            what = work.upload_id or (self._upload_id if work.phase is Phase.ABORT else "of unknown id")
            self._left.append(f"upload {what}: {error.message}")
        elif work.final and error.reached and error.kind in _DAMAGED:
            self._give_up(in_doubt(error.message.partition(",")[0]))
        elif work.phase in (Phase.PUT, Phase.COMPLETE) and outcome_unknown(error):
            self._settle(work, error)
        else:
            self._give_up(error)

    def _give_up(self, error: VodfastError) -> None:
        """Nothing that comes after a doubt whether there is media ends it, but the store's word."""
        if self._error is None:
            self._error = error if self._doubt is None else in_doubt(self._doubt.message, self._doubt)

    def _joined_digest(self, name: str | None) -> int | None:
        """The digest of the whole object, joined from those of its parts; None if one is unknown."""
        if name is None or len(self._digests) != len(self._receipts):
            return None
        return joined_digest(name, self._digests)

    def _sent_whole(self, work: Work) -> int | None:
        """The digest of an object sent in one piece, read once more."""
        name, body = self._store.limits.part_digest, self._body(work)
        try:
            return None if name is None or body is None else body.checksum(name)
        except VodfastError:
            return -1  # it has changed

    def _finish(self, receipt: ObjectReceipt, sent: int | None = None) -> None:
        """`sent` is the digest of an object sent in one piece."""
        if self._error is not None:
            self._upload_id = None  # joined after all; whoever cancelled deletes the object
            return
        limits = self._store.limits
        if self._receipts:
            sent = self._joined_digest(limits.part_digest)
        verified = (limits.object_digest or limits.part_digest) if self._confirmed else None
        digest = None if sent is None else limits.part_digest
        self._result = Finished(receipt, self._taken, verified, digest, sent)
        self._phase = Phase.DONE
