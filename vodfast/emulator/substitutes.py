"""Answers the fault plan puts in place of an effect.

Decides which rules answer by themselves. Leaves vendor shapes to the services.
"""

from __future__ import annotations

from vodfast.emulator import faults
from vodfast.emulator.messages import Reply
from vodfast.emulator.service import Call, Refusal


def substitute(fault: faults.Rule | None, call: Call) -> Reply | None:
    """The answer instead of acting on the call, with `call.code` set; None if the fault leaves the effect alone."""
    match fault:
        case faults.Status(code=code, body=body, headers=headers):
            call.code = f"status {code}"
            return Reply(code, tuple(headers.items()), body.encode())
        case faults.Redirect(location=location, status=status):
            call.code = f"status {status}"
            return Reply(status, (("Location", location),))
        case faults.Error(code=code, message=message, status=status):
            call.code = code
            return call.service.refuse(call, Refusal(code, message, status))
        case faults.Throttle(retry_after=after):
            refusal = call.service.throttled()
            call.code = refusal.code
            reply = call.service.refuse(call, refusal)
            if after is not None:
                reply.headers = (*reply.headers, ("Retry-After", f"{after:g}"))
            return reply
    return None
