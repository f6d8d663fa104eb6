"""One object on its way into a store, as a state machine asked for its next step.

Decides the order of requests, what is retried and what counts as proof. Has no clock, no sockets and no sleep: the
engine passes time in, performs what it is told and reports back, so every history can be replayed in a test.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from vodfast.errors import Cancelled, ErrorKind, IntegrityError, RetryClass, VodfastError
from vodfast.transfer.agenda import Agenda
from vodfast.transfer.message import Body
from vodfast.transfer.plan import UploadPlan
from vodfast.transfer.ports import ObjectReceipt, ObjectStore, PartPage, PartReceipt, PartSpec
from vodfast.transfer.proof import StoredParts, still_there
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
from vodfast.transfer.work import TIDYING, Phase, Work, request

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
        self._part_body = part_body
        self._concurrency = 1 if store.limits.part_order == "ascending" else concurrency
        # What is to be sent: a plan's parts, or those a stream has offered.
        self._plan = plan
        self._planned: Iterator[PartSpec] = iter(())
        self._offers: deque[Work] = deque()
        self._offered = 0
        self._taken = plan.size if plan is not None else 0
        self._all_offered = plan is not None
        # What is under way.
        self._phase = Phase.CREATE
        self._agenda = Agenda()
        self._running: dict[int, Work] = {}
        self._tokens = 0
        # What the store has, by its own word.
        self._upload_id: str | None = None
        self._stored = StoredParts()
        self._news: list[KeptPart] = []
        self._kept = {part.receipt.index: part for part in kept.parts} if kept is not None else {}
        self._listed: dict[int, PartReceipt] = {}
        self._contested: VodfastError | None = None
        self._confirmed = store.limits.part_digest is not None
        # What has become of it.
        self._strays = strays
        self._left: list[str] = []
        self._doubt: VodfastError | None = None
        self._spoilt: IntegrityError | None = None
        self._settling: tuple[Work, VodfastError] | None = None
        self._error: VodfastError | None = None
        self._result: Finished | None = None
        if plan is not None:
            self._open(plan, kept)

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
        return self._stored.length if self._result is None else self._result.size

    @property
    def left_behind(self) -> str | None:
        """What could not be taken back, or not yet, although it is of no use; None if nothing."""
        if self.failing and not self.ended:
            return f"upload {self._upload_id or 'of unknown id'}"
        return "; ".join(self._left) or None

    @property
    def moot(self) -> bool:
        """Whether parts that are under way are of no use any more."""
        return self.failing

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
        until = self._agenda.wake(now)
        work = self._next() if room > 0 else None
        return self._start(work) if work is not None else Wait(until, hungry=self._hungry())

    def _next(self) -> Work | None:
        sending = self._phase is Phase.PARTS and not self.failing
        if sending and self._concurrency is not None and len(self._running) >= self._concurrency:
            return None
        due = self._agenda.take()
        if due is not None or not sending:
            return due
        return self._offers.popleft() if self._offers else self._next_planned()

    def _next_planned(self) -> Work | None:
        part = next(self._planned, None)
        return None if part is None else Work(Phase.PARTS, part=part)

    def _hungry(self) -> bool:
        wanted = self._phase in (Phase.CREATE, Phase.PARTS) and not self.failing
        return wanted and not self._all_offered and not self._offers

    def _start(self, work: Work) -> Start:
        work.attempt += 1
        self._tokens += 1
        self._running[self._tokens] = work
        body = self._body(work)
        call = request(self._store, work, body, self._upload_id, self._stored.receipts)
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
        self._all_offered = last
        part = PartSpec(self._offered, self._taken, body.length)
        self._taken += body.length
        if last and self._offered == 0:
            self._begin(Phase.PUT, part=part, body=body)
            return
        if self._offered == 0:
            self._agenda.add(Work(Phase.CREATE))
        if body.length:
            self._offered += 1
            self._offers.append(Work(Phase.PARTS, part=part, body=body))
        self._advance()

    def on_response(self, token: int, answer: Any, sent: int | None) -> None:
        """A call succeeded: `answer` is what its `parse` returned, `sent` the digest of the streamed body."""
        work = self._running.pop(token)
        match work.phase:
            case Phase.PUT:
                self._object_stored(work, answer, sent)
            case Phase.LIST:
                self._parts_listed(answer)
            case Phase.CREATE:
                self._created(answer)
            case Phase.PARTS:
                self._part_stored(work, answer, sent)
            case Phase.COMPLETE:
                self._completed(work, answer)
            case Phase.SETTLE:
                self._settled(answer)
            case Phase.SWEEP:
                self._discard(answer)
            case Phase.ABORT:
                self._upload_id = None
            case Phase.DISCARD:
                pass
        self._advance()

    def on_failure(self, token: int, error: VodfastError, now: float) -> None:
        """A call failed, in the transport or in `parse`."""
        self._failed(self._running.pop(token), error, now)
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

    # The way on: from a phase to the next, once its work is done.

    def _open(self, plan: UploadPlan, kept: KeptUpload | None) -> None:
        if not plan.multipart:
            self._begin(Phase.PUT, part=plan.part(0))
        elif kept is None:
            self._anew(plan)
        else:
            self._upload_id = kept.upload_id
            if self._store.limits.can_list_parts:
                self._begin(Phase.LIST)
            else:
                self._take_up(plan, self._kept)

    def _begin(self, phase: Phase, *, part: PartSpec | None = None, body: Body | None = None) -> None:
        """Enter a phase that is one request."""
        self._phase = phase
        self._agenda.add(Work(phase, part=part, body=body))

    def _anew(self, plan: UploadPlan) -> None:
        self._upload_id = None
        self._stored.clear()
        self._planned = plan.parts()
        self._begin(Phase.CREATE)

    def _take_up(self, plan: UploadPlan, parts: dict[int, KeptPart]) -> None:
        """Go on with an upload that has `parts` already."""
        for index, part in parts.items():
            self._stored.add(part, plan.part(index).length)
        self._planned = (part for part in plan.parts() if part.index not in parts)
        self._phase = Phase.PARTS
        self._sweep()

    def _advance(self) -> None:
        if self._error is not None:
            self._take_back(self._error)
            return
        pending = self._running or self._agenda or self._offers
        if self._phase is not Phase.PARTS or pending or not self._all_offered:
            return
        work = self._next_planned()
        if work is not None:
            self._agenda.add(work)
        else:
            self._begin(Phase.COMPLETE)

    def _take_back(self, error: VodfastError) -> None:
        """Let what runs end, then abort, then find and discard strays, then report the failure."""
        if self._running or self._phase is Phase.FAILED:
            return
        if self._phase is not Phase.ABORT:
            self._phase = Phase.ABORT
            self._agenda.clear(but=TIDYING)  # a stray that was to be discarded still is
            self._offers.clear()
            if self._upload_id is not None and not self._keeps(error):
                self._agenda.add(Work(Phase.ABORT))
            self._sweep()
        if not self._agenda:
            self._phase = Phase.FAILED
            if self._left:
                error.context = {**error.context, LEFT_BEHIND: "; ".join(self._left)}

    def _sweep(self) -> None:
        if self._strays:
            self._strays = False
            self._agenda.add(Work(Phase.SWEEP))

    # What answers mean.

    def _parts_listed(self, page: PartPage) -> None:
        assert self._plan is not None
        self._listed |= {part.index: part for part in page.parts}
        if page.marker is not None:
            self._agenda.add(Work(Phase.LIST, marker=page.marker))
            return
        there = {index: part for index, part in self._kept.items() if still_there(part, self._listed.get(index))}
        if self._contested is not None and len(there) == len(self._kept):
            self._give_up(self._contested)
        else:
            self._stored.clear()
            self._take_up(self._plan, there)

    def _created(self, upload_id: str) -> None:
        self._upload_id = upload_id
        self._phase = Phase.PARTS
        self._sweep()

    def _discard(self, found: tuple[str, ...]) -> None:
        """Of the uploads open for this object only the one under way is of use."""
        for upload_id in found:
            if upload_id != self._upload_id:
                self._agenda.add(Work(Phase.DISCARD, upload_id=upload_id))

    def _part_stored(self, work: Work, receipt: PartReceipt, sent: int | None) -> None:
        assert work.part is not None
        if self._stored_right(work, receipt.digest, sent, f"part {work.part.index + 1}"):
            part = KeptPart(receipt, sent)
            self._stored.add(part, work.part.length)
            self._news.append(part)

    def _object_stored(self, work: Work, receipt: ObjectReceipt, sent: int | None) -> None:
        if self._stored_right(work, receipt.digest, sent, "the object"):
            self._finish(receipt, sent)

    def _stored_right(self, work: Work, stored: int | None, sent: int | None, what: str) -> bool:
        """Whether the bytes arrived as they were sent; if not, that is a failure of `work`."""
        if stored is None or sent is None:
            self._confirmed = False
        elif stored != sent:
            differs = f"{self._store.limits.part_digest} differs"
            wrong = f"the store holds other bytes than were sent for {what} ({differs})"
            problem = IntegrityError(wrong, retry=RetryClass.LATER)
            self._spoilt = problem if work.phase is Phase.PUT and not work.final else None
            if work.final:
                self._doubt = problem  # there is media of other bytes, unless it is replaced
            self._failed(work, problem, None)
            return False
        return True

    def _completed(self, work: Work, receipt: ObjectReceipt) -> None:
        name = self._store.limits.object_digest
        whole = self._stored.joined_digest(name)
        if receipt.digest is None or whole is None:
            # A store without such a digest has confirmed every part it joins.
            self._confirmed = self._confirmed and name is None
        elif receipt.digest != whole:
            # The parts were right one by one, so the joined object is wrong: sending again cannot mend it.
            self._upload_id = None
            wrong = f"the joined object is not what was sent ({name} differs)"
            self._doubt = IntegrityError(wrong) if work.final else None
            self._give_up(IntegrityError(f"{wrong}; nothing was committed"))
            return
        self._finish(receipt)

    def _finish(self, receipt: ObjectReceipt, sent: int | None = None) -> None:
        """`sent` is the digest of an object sent in one piece."""
        if self.failing:
            self._upload_id = None  # joined after all; whoever cancelled deletes the object
            return
        limits = self._store.limits
        if self._stored.receipts:
            sent = self._stored.joined_digest(limits.part_digest)
        verified = (limits.object_digest or limits.part_digest) if self._confirmed else None
        digest = None if sent is None else limits.part_digest
        self._result = Finished(receipt, self._taken, verified, digest, sent)
        self._phase = Phase.DONE

    # What failures mean.

    def _failed(self, work: Work, error: VodfastError, now: float | None) -> None:
        """What is made again is so after a pause from `now` on, at once without it."""
        unheard = outcome_unknown(error)
        self._strays = self._strays or (work.phase is Phase.CREATE and unheard)
        if self.failing and work.phase not in TIDYING:
            return
        if work.final and unheard:
            self._doubt = error
        match work.phase, error.kind:
            case Phase.COMPLETE, ErrorKind.NOT_FOUND:
                # The upload is gone, it says: an earlier completion may have worked without our hearing of it.
                self._settle(work, error)
            case Phase.COMPLETE, ErrorKind.CONFLICT if error.retry is RetryClass.NEVER and self._may_look_again():
                self._look_again(error)
            case Phase.LIST, ErrorKind.NOT_FOUND:
                self._upload_gone()
            case _:
                delay = self._retry(error, work.attempt)
                if delay is None:
                    self._failed_for_good(work, error)
                elif now is None:
                    self._agenda.add(work)
                else:
                    self._agenda.put_off(work, now + delay)

    def _failed_for_good(self, work: Work, error: VodfastError) -> None:
        if work.phase in TIDYING:
            what = work.upload_id or (self._upload_id if work.phase is Phase.ABORT else "of unknown id")
            self._left.append(f"upload {what}: {error.message}")
        elif work.final and error.reached and error.kind in _DAMAGED:
            self._doubt = None
            self._give_up(in_doubt(error.message.partition(",")[0], error))
        elif work.phase in (Phase.PUT, Phase.COMPLETE) and outcome_unknown(error):
            self._settle(work, error)
        else:
            self._give_up(error)

    def _give_up(self, error: VodfastError) -> None:
        """Nothing that comes after a doubt whether there is media ends it, but the store's word."""
        if not self.failing:
            # An object known to be wrong must go, though what kept it from being sent anew may pass.
            error = self._spoilt or error
            self._error = error if self._doubt is None else in_doubt(self._doubt.message, self._doubt)

    # Has the store lost a part it had acknowledged?

    def _may_look_again(self) -> bool:
        """Whether its list of parts may tell, and what is missing can be sent again: once in an object."""
        return self._contested is None and self._plan is not None and self._store.limits.can_list_parts

    def _look_again(self, error: VodfastError) -> None:
        """The store will not join the parts as named: see which of them it has."""
        self._contested = error
        self._kept, self._listed = self._stored.kept(), {}
        self._begin(Phase.LIST)

    # Was the object finished by a request whose answer was lost?

    def _upload_gone(self) -> None:
        """The store does not know the kept upload any more. If all of it was there, it may have been joined."""
        assert self._plan is not None
        if len(self._kept) < self._plan.part_count:
            self._anew(self._plan)
            return
        self._stored.clear()
        self._take_up(self._plan, self._kept)
        self._upload_id = None
        self._begin(Phase.SETTLE)

    def _settle(self, work: Work, error: VodfastError) -> None:
        """Ask for the object that `work` may have finished."""
        self._settling = work, error
        self._doubt = error if work.final else None
        self._begin(Phase.SETTLE)

    def _settled(self, found: ObjectReceipt | None) -> None:
        """Is the object there, whole and right?"""
        whole = self._whole_digest()
        if found is None:
            self._doubt = None
        elif found.size in (None, self._taken) and (None in (found.digest, whole) or found.digest == whole):
            self._confirmed = self._confirmed and found.digest is not None
            self._finish(found, whole)
            return
        if self._settling is None:
            assert self._plan is not None
            self._anew(self._plan)
            return
        _, lost = self._settling
        if found is not None:  # whoever failed deletes it, though the failure itself may pass
            lost = IntegrityError(f"the store holds other bytes than were sent ({lost.message})")
        self._give_up(lost)

    def _whole_digest(self) -> int | None:
        """The checksum of the object that may be there; one sent in one piece is read once more for it."""
        if self._settling is None or self._settling[0].part is None:
            return self._stored.joined_digest(self._store.limits.object_digest)
        name, body = self._store.limits.part_digest, self._body(self._settling[0])
        try:
            return None if name is None or body is None else body.checksum(name)
        except VodfastError:
            return -1  # it has changed
