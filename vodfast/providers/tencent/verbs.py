"""What Tencent Cloud VOD offers beside uploads: pull, jobs, media lookup, callbacks, upload tokens.

Decides the meaning of those calls and their answers (sections 2.9 and 5 of the protocol notes). Leaves field checks to
`checks.py` and signatures to `signing.py`.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, Unsupported, VodfastError
from vodfast.providers.answers import Reply
from vodfast.providers.contract import JobRecord, MediaInfo, PullItem, PullTicket
from vodfast.providers.fields import (
    MAX_INT,
    check_choice,
    check_http_url,
    check_id_list,
    check_int,
    check_known,
    check_seconds,
    check_text,
    refuse,
)
from vodfast.providers.tencent import checks, signing, wire
from vodfast.providers.tencent.calls import Api
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call

CLOUD: Final = checks.CLOUD

JOB_STATES: Final[Mapping[str, str]] = {
    "WAITING": "waiting",
    "PROCESSING": "running",
    "FINISH": "done",
    "ABORTED": "failed",
}

MEDIA_STATES: Final[Mapping[str, str]] = {"Normal": "done", "Forbidden": "failed"}

_NO_JOB: Final = "the service does not know this job"

MAX_TOKEN_LIFETIME: Final = 90 * 86400
_MAX_RANDOM: Final = 2**32 - 1
_SIGN_KEY = re.compile(r"[A-Za-z0-9]{1,32}")
_MODES: Final = ("PUSH", "PULL")
_CALLBACK_FIELDS: Final = ("mode", "sign_key", "upload_complete")


def pull(api: Api, sub_app_id: int | None, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
    """Have the service fetch one URL. Safe to repeat only with a `session_id`: a second pull makes a second media."""
    if len(items) != 1:
        raise InvalidInput("one PullUpload call takes exactly one URL", cloud=CLOUD)
    item = items[0]
    checks.check_pull(item)
    options = checks.pull_options(item)
    body = wire.PullUploadRequest(
        media_url=item.url,
        media_type=item.media_type.lower() if item.media_type else None,
        sub_app_id=sub_app_id,
        media_name=item.title or None,
        cover_url=item.cover_url,
        procedure=options.procedure,
        expire_time=options.expire_time,
        storage_region=options.storage_region,
        class_id=checks.class_id_of(item.category, options.class_id),
        tasks_priority=options.tasks_priority,
        session_context=options.session_context,
        session_id=options.session_id,
        ext_info=options.ext_info,
        source_context=options.source_context if item.context is None else item.context,
        media_storage_path=options.media_storage_path,
    )

    def read(reply: Reply) -> tuple[PullTicket, ...]:
        answer = reply.read(wire.PullUploadResponse)
        if not answer.task_id:
            raise reply.useless("an empty TaskId")
        return (PullTicket(job_id=answer.task_id, url=item.url, request_id=reply.request_id),)

    return api.call("PullUpload", body, read, repeatable=bool(options.session_id))


def jobs(api: Api, sub_app_id: int | None, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
    """The state of one job. The service remembers the last three days; one it does not know is `unknown`."""
    (job_id,) = check_id_list(CLOUD, "job_ids", job_ids, 1)
    body = wire.DescribeTaskDetailRequest(task_id=job_id, sub_app_id=sub_app_id)
    call = api.call("DescribeTaskDetail", body, lambda reply: (_job(job_id, reply),), reads=True)

    def parse(response: Response) -> tuple[JobRecord, ...]:
        try:
            return call.parse(response)
        except VodfastError as error:
            if error.code == "ResourceNotFound":
                return (JobRecord(job_id=job_id, state="unknown", vendor_state="", error_message=_NO_JOB),)
            raise

    return Call(cloud=call.cloud, operation=call.operation, build=call.build, parse=parse, reads=True)


def _job(job_id: str, reply: Reply) -> JobRecord:
    answer = reply.read(wire.DescribeTaskDetailResponse)
    task = answer.pull_upload_task or wire.PullUploadTask()
    state = JOB_STATES.get(answer.status, "unknown")
    failed = state == "failed" or (state == "done" and bool(task.err_code))
    return JobRecord(
        job_id=job_id,
        state="failed" if failed else state,
        vendor_state=answer.status,
        media_id=task.file_id or None,
        url=task.file_url or None,
        progress=task.progress,
        error_code=str(task.err_code) if task.err_code else None,
        error_message=(task.message or None) if failed else None,
        raw=reply.fields(),
    )


def media(api: Api, sub_app_id: int | None, media_ids: Sequence[str], *, most: int) -> Call[tuple[MediaInfo, ...]]:
    """What the service knows of up to `most` media, in the order asked; unknown ids have `found=False`."""
    ids = check_id_list(CLOUD, "media_ids", media_ids, most)
    body = wire.DescribeMediaInfosRequest(
        file_ids=list(dict.fromkeys(ids)), sub_app_id=sub_app_id, filters=["basicInfo", "metaData"]
    )

    def read(reply: Reply) -> tuple[MediaInfo, ...]:
        answer = reply.read(wire.DescribeMediaInfosResponse)
        described = {info.file_id: info for info in answer.media_info_set or ()}
        raw = {item["FileId"]: item for item in reply.fields().get("MediaInfoSet") or ()}
        return tuple(_media_info(media_id, described.get(media_id), raw.get(media_id, {})) for media_id in ids)

    return api.call("DescribeMediaInfos", body, read, reads=True)


def _media_info(media_id: str, info: wire.MediaInfo | None, raw: Mapping[str, Any]) -> MediaInfo:
    if info is None:
        return MediaInfo(media_id=media_id, found=False)
    basic = info.basic_info or wire.MediaBasicInfo()
    meta = info.meta_data or wire.MediaMetaData()
    return MediaInfo(
        media_id=media_id,
        found=True,
        name=basic.name,
        url=basic.media_url or None,
        cover_url=basic.cover_url or None,
        size=meta.size,
        duration=meta.duration,
        state=MEDIA_STATES.get(basic.status or "", "unknown"),
        vendor_state=basic.status or "",
        created=basic.create_time,
        raw=raw,
    )


def set_callback(api: Api, sub_app_id: int | None, url: str | None, fields: Mapping[str, object]) -> Call[None]:
    """Where events go: pushed to `url`, or, for None, kept in the account's queue for PullEvents.

    `fields` may hold `mode` (PUSH or PULL, if it agrees with `url`), `sign_key` (1 to 32 letters and digits, signs
    every push) and `upload_complete` (bool, whether finished uploads are reported; on by default with a URL).
    """
    check_known(CLOUD, "set_callback", fields, _CALLBACK_FIELDS)
    check_http_url(CLOUD, "url", url)
    mode = "PULL" if url is None else "PUSH"
    check_choice(CLOUD, "mode", fields.get("mode"), _MODES, ", ".join(_MODES))
    if fields.get("mode", mode) not in (mode, None):
        refuse(CLOUD, "mode", "must be PUSH with a URL and PULL without one")
    sign_key = fields.get("sign_key")
    if sign_key is not None and (not isinstance(sign_key, str) or not _SIGN_KEY.fullmatch(sign_key)):
        refuse(CLOUD, "sign_key", "must be 1 to 32 letters and digits")
    switch = fields.get("upload_complete", True if url is not None else None)
    if switch is not None and not isinstance(switch, bool):
        refuse(CLOUD, "upload_complete", "must be True or False")
    body = wire.ModifyEventConfigRequest(
        mode=mode,
        notification_url=url,
        upload_media_complete_event_switch=None if switch is None else "ON" if switch else "OFF",
        sign_key=sign_key,
        sub_app_id=sub_app_id,
    )
    return api.call("ModifyEventConfig", body, lambda _: None)


def verify_callback(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Whether an event came from the service and is still fresh: `Sign` is MD5(sign key + `T`), `T` not yet past.

    `Sign` and `T` are looked for in `headers` (give query parameters there too), then in the event's JSON; which of
    them the service uses is not documented. The rule does not cover the body: use an https callback URL.
    """
    given: Mapping[str, object] = {name.lower(): value for name, value in headers.items()}
    if "sign" not in given and "t" not in given:
        given = _top_level(body)
    sign, expires = str(given.get("sign", "")), str(given.get("t", ""))
    if not secret or not re.fullmatch(r"[0-9]{1,12}", expires) or int(expires) < now:
        return False
    expected = signing.callback_sign(secret, expires)
    return hmac.compare_digest(sign.lower().encode(errors="replace"), expected.encode())


def _top_level(body: bytes) -> dict[str, object]:
    try:
        event = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return {name.lower(): value for name, value in event.items()}


def clock(api: Api, sub_app_id: int | None) -> Call[None]:
    """A read that changes nothing and whose content does not matter; a refusal is raised as usual."""
    return api.call(
        "DescribeStorageRegions",
        wire.DescribeStorageRegionsRequest(sub_app_id=sub_app_id),
        lambda _: None,
        reads=True,
    )


def _number(low: int, high: int) -> Callable[[str, object], None]:
    return lambda field, value: check_int(CLOUD, field, value, low, high)


def _text(limit: int, *, lines: bool = False) -> Callable[[str, object], None]:
    return lambda field, value: check_text(CLOUD, field, value, limit=limit, lines=lines)


def _one_time(field: str, value: object) -> None:
    if value is not None and value not in (0, 1):
        refuse(CLOUD, field, "must be True or False")


_TOKEN_FIELDS: Final[Mapping[str, tuple[str, Callable[[str, object], None]]]] = {
    "class_id": ("classId", _number(0, MAX_INT)),
    "procedure": ("procedure", _text(256)),
    "task_priority": ("taskPriority", _number(-10, 10)),
    "task_notify_mode": (
        "taskNotifyMode",
        lambda field, value: check_choice(CLOUD, field, value, ("Finish", "Change", "None"), "Finish, Change, None"),
    ),
    "source_context": ("sourceContext", _text(250, lines=True)),
    "one_time_valid": ("oneTimeValid", _one_time),
    "sub_app_id": ("vodSubAppId", _number(1, MAX_INT)),
    "session_context": ("sessionContext", _text(1000, lines=True)),
    "storage_region": ("storageRegion", lambda _, value: checks.check_storage_region(value)),
}


def issue_token(
    credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object], sub_app_id: int | None
) -> str:
    """An upload signature for the vendor's browser and phone clients, made here without asking the service.

    `lifetime` is seconds, at most 90 days. `fields` may hold `class_id`, `procedure`, `task_priority`,
    `task_notify_mode`, `source_context`, `one_time_valid`, `sub_app_id` (otherwise the provider's), `session_context`,
    `storage_region`, and `random` (32 bits; otherwise drawn anew, as one-time signatures must differ).

    Raises:
        InvalidInput: a field is unknown or out of range.
        Unsupported: the keys are temporary; the signature has no place for their token.
    """
    if credentials.token:
        raise Unsupported("upload signatures need a permanent key: they have no place for a token", cloud=CLOUD)
    check_seconds(CLOUD, "lifetime", lifetime)
    if not 1 <= lifetime <= MAX_TOKEN_LIFETIME:
        refuse(CLOUD, "lifetime", f"must be 1 to {MAX_TOKEN_LIFETIME} seconds (90 days)")
    check_known(CLOUD, "issue_token", fields, ("random", *_TOKEN_FIELDS))
    random = fields.get("random")
    check_int(CLOUD, "random", random, 0, _MAX_RANDOM)
    given = {field: value for field, value in fields.items() if value is not None}
    if sub_app_id is not None and given.setdefault("sub_app_id", sub_app_id) != sub_app_id:
        refuse(CLOUD, "sub_app_id", "differs from the place of this client; give one of them")
    options = []
    for field, value in given.items():
        if field == "random":
            continue
        wire_name, check = _TOKEN_FIELDS[field]
        check(field, value)
        options.append((wire_name, str(int(value)) if isinstance(value, bool) else str(value)))
    started = int(now)
    original = signing.ugc_original(
        credentials.access_key,
        started,
        started + int(lifetime),
        random if isinstance(random, int) else secrets.randbits(32),
        options,
    )
    return signing.ugc_signature(credentials.secret_key, original)
