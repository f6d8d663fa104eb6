"""What ApsaraVideo VOD offers beside uploads: pull, jobs, registration, media lookup, callbacks.

Decides the meaning of those calls and their answers (sections 4.5 to 4.8 and 8 of the protocol notes). Leaves field
checks to `checks.py` and signatures to `signing.py`.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from vodfast.credentials import Credentials
from vodfast.errors import ErrorKind, InvalidInput, Unsupported, VodfastError
from vodfast.providers.aliyun import checks, signing, texts, wire
from vodfast.providers.aliyun.calls import Api, open_reply
from vodfast.providers.answers import Reply
from vodfast.providers.contract import JobRecord, MediaInfo, PullItem, PullTicket, Registered, RegisterItem
from vodfast.providers.fields import (
    check_http_url,
    check_id_list,
    check_known,
    check_operation,
    check_plain,
    check_text,
    fits,
    refuse,
)
from vodfast.transfer.message import Response
from vodfast.transfer.ports import Call

T = TypeVar("T")

CLOUD: Final = checks.CLOUD

JOB_STATES: Final[Mapping[str, str]] = {
    "PENDING": "waiting",
    "PROCESSING": "running",
    "UPLOADING": "running",
    "UPLOAD_SUCCESS": "done",
    "SUCCESS": "done",
    "UPLOAD_FAIL": "failed",
}
MEDIA_STATES: Final[Mapping[str, str]] = {
    "Uploading": "waiting",
    "UploadFail": "failed",
    "UploadSucc": "done",
    "Transcoding": "running",
    "TranscodeFail": "failed",
    "Checking": "running",
    "Blocked": "failed",
    "Normal": "done",
}
NO_TRANSCODE: Final = "VOD_NO_TRANSCODE"
NOT_FOUND: Final = "NonExists"

CALLBACK_WINDOW: Final = 300.0
"""Seconds a callback's timestamp may be off; it may come a second and third time some seconds later."""
_STS: Final = "sts.aliyuncs.com"
_STS_VERSION: Final = "2015-04-01"
_ROLE: Final = re.compile(r"acs:ram::\d+:role/[A-Za-z0-9.-]{1,64}", re.ASCII)
_SESSION_NAME: Final = re.compile(r"[A-Za-z0-9.@_-]{2,64}", re.ASCII)
_NOBODY: Final = "0" * 32
_AUTH_KEY = re.compile(r"[A-Za-z0-9]{1,32}")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,127}")
_EVENTS = re.compile(r"[A-Za-z]{1,64}(?:,[A-Za-z]{1,64})*")
_CALLBACK_FIELDS: Final = ("event_types", "auth_key", "app_id", "mns_endpoint", "mns_queue_name")


def pull(api: Api, place: str | None, items: Sequence[PullItem], *, most: int) -> Call[tuple[PullTicket, ...]]:
    """Have the service fetch URLs. Safe to repeat only with a `session_id`: a second call makes second media.

    `context` and the options stand once in a call, so all items must agree on them.
    """
    if not 1 <= len(items) <= most:
        raise InvalidInput(f"one UploadMediaByURL call takes 1 to {most} URLs", cloud=CLOUD)
    for item in items:
        checks.check_pull(item)
    first, options = items[0], checks.pull_options(items[0])
    if any((item.context, item.options) != (first.context, first.options) for item in items):
        refuse(CLOUD, "context", "and options must be the same for all URLs of one call; pull them one by one")
    encoded = [texts.encoded_url(item.url) for item in items]
    if len(set(encoded)) != len(encoded):
        refuse(CLOUD, "url", "is given twice in one call")
    metadata = [
        wire.UploadMetadata(
            source_url=url,
            title=item.title or texts.default_title(_last_name(item.url), checks.MAX_TITLE),
            file_size=options.file_size,
            description=options.description,
            cover_url=item.cover_url,
            cate_id=None if item.category is None else int(item.category),
            tags=texts.joined(options.tags),
            file_extension=item.media_type.lower() if item.media_type else None,
        )
        for item, url in zip(items, encoded)
    ]
    params = (
        ("UploadURLs", ",".join(encoded)),
        ("UploadMetadatas", texts.json_text(metadata)),
        ("TemplateGroupId", options.template_group_id),
        ("WorkflowId", options.workflow_id),
        ("StorageLocation", place),
        ("UserData", texts.user_data(first.context, options.user_data)),
        ("AppId", options.app_id),
        ("SessionId", options.session_id),
    )

    def read(reply: Reply) -> tuple[PullTicket, ...]:
        given = reply.read(wire.UploadMediaByUrlResponse).upload_jobs
        if any(not job.job_id for job in given):
            raise reply.useless("an empty JobId")
        by_url = {job.source_url: job.job_id for job in given if job.source_url}
        found = [by_url.get(url) or by_url.get(item.url) for item, url in zip(items, encoded)]
        if None in found and len(given) == len(items) and not any(found):
            found = [job.job_id for job in given]
        tickets = [
            PullTicket(job_id=job_id, url=item.url, request_id=reply.request_id)
            for item, job_id in zip(items, found)
            if job_id is not None
        ]
        if len(tickets) != len(items):
            raise reply.useless(f"jobs for {len(tickets)} of {len(items)} URLs")
        return tuple(tickets)

    return api.call("UploadMediaByURL", params, read, repeatable=bool(options.session_id))


def _last_name(url: str) -> str:
    return unquote(url.partition("?")[0].partition("#")[0].rpartition("/")[2])


def jobs(api: Api, job_ids: Sequence[str], *, most: int) -> Call[tuple[JobRecord, ...]]:
    """The state of pull jobs, in the order asked: by their ids, or by the URLs they fetch, of which the latest job
    counts. Those the service does not know have the state `unknown`."""
    asked, by_url = _asked(job_ids, most)

    def read(reply: Reply) -> tuple[JobRecord, ...]:
        answer = reply.read(wire.GetUrlUploadInfosResponse)
        raw = {entry["JobId"]: entry for entry in reply.fields().get("URLUploadInfoList") or ()}
        known: dict[str, wire.UrlUploadInfo] = {}
        for info in sorted(answer.infos or (), key=lambda info: info.creation_time or ""):
            for name in (info.upload_url, texts.decoded_url(info.upload_url or "")) if by_url else (info.job_id,):
                known[name or ""] = info
        missing = set(answer.non_exists or ())
        if by_url:
            missing |= {texts.decoded_url(url) for url in missing}
        lost = [one for one in asked if one not in known and one not in missing]
        if lost:
            raise reply.useless(f"nothing about {len(lost)} of {len(asked)} jobs")
        infos = [known.get(one) for one in asked]
        return tuple(_job(one, info, raw[info.job_id] if info else {}) for one, info in zip(asked, infos))

    params = (_listed("UploadURLs", asked) if by_url else _listed("JobIds", asked),)
    return api.call("GetURLUploadInfos", params, read, reads=True)


def _asked(job_ids: Sequence[str], most: int) -> tuple[tuple[str, ...], bool]:
    """What is asked for, and whether that is URLs; one call takes either ids or URLs."""
    if not isinstance(job_ids, str) and any("://" in str(one) for one in job_ids):
        return checks.check_url_list("job_ids", job_ids, most), True
    return check_id_list(CLOUD, "job_ids", job_ids, most, joined=True), False


def _listed(name: str, values: Sequence[str]) -> tuple[str, str]:
    """The parameter `name`; URLs are encoded, so that the commas between them are the only ones."""
    return name, ",".join(dict.fromkeys(texts.encoded_url(one) if "://" in one else one for one in values))


def _job(job_id: str, info: wire.UrlUploadInfo | None, raw: Mapping[str, Any]) -> JobRecord:
    if info is None:
        return JobRecord(
            job_id=job_id, state="unknown", vendor_state=NOT_FOUND, error_message="the service does not know this job"
        )
    state = JOB_STATES.get(info.status, "unknown")
    failed = state == "failed"
    return JobRecord(
        job_id=info.job_id,
        state=state,
        vendor_state=info.status,
        media_id=info.media_id or None,
        url=info.upload_url or None,
        error_code=(info.error_code or None) if failed else None,
        error_message=(info.error_message or None) if failed else None,
        raw=raw,
    )


def cancel_jobs(api: Api, job_ids: Sequence[str], *, most: int) -> Call[tuple[str, ...]]:
    """Cancel jobs that are still waiting, by their ids or URLs; those the service does not name as cancelled go on."""
    asked, by_url = _asked(job_ids, most)

    def read(reply: Reply) -> tuple[str, ...]:
        return tuple(reply.read(wire.CancelUrlUploadJobsResponse).canceled_jobs or ())

    params = (_listed("UploadUrls", asked) if by_url else _listed("JobIds", asked),)
    return api.call("CancelUrlUploadJobs", params, read)


def register(api: Api, items: Sequence[RegisterItem], *, most: int) -> Call[tuple[Registered, ...]]:
    """Make media of objects that lie in a VOD bucket. Safe to repeat: the same object keeps its media id."""
    if not 1 <= len(items) <= most:
        raise InvalidInput(f"one RegisterMedia call takes 1 to {most} objects", cloud=CLOUD)
    for item in items:
        checks.check_register(item)
    options = checks.register_options(items[0])
    if any(item.options != items[0].options for item in items):
        refuse(CLOUD, "options", "must be the same for all objects of one call; register them one by one")
    if len({item.url for item in items}) != len(items):
        refuse(CLOUD, "url", "is given twice in one call")
    metadata = [
        wire.RegisterMetadata(
            file_url=item.url,
            title=item.title or texts.default_title(_last_name(item.url), checks.MAX_TITLE),
            description=item.description,
            tags=texts.joined(item.tags),
            cover_url=item.cover_url,
            cate_id=None if item.category is None else int(item.category),
        )
        for item in items
    ]
    params = (
        ("RegisterMetadatas", texts.json_text(metadata)),
        ("TemplateGroupId", options.template_group_id),
        ("WorkflowId", options.workflow_id),
        ("UserData", texts.user_data(None, options.user_data)),
    )

    def read(reply: Reply) -> tuple[Registered, ...]:
        answer = reply.read(wire.RegisterMediaResponse)
        done = {_bare(one.file_url): one for one in answer.registered_media_list or ()}
        failed = {_bare(url) for url in answer.failed_file_urls or ()}
        results = []
        for item in items:
            one = done.get(_bare(item.url))
            if one is None and _bare(item.url) not in failed:
                raise reply.useless("nothing about one of the objects")
            results.append(
                Registered(
                    url=item.url,
                    media_id=one.media_id if one is not None else None,
                    new=one is not None and one.new_register is not False,
                    request_id=reply.request_id,
                )
            )
        return tuple(results)

    return api.call("RegisterMedia", params, read)


def _bare(url: str) -> str:
    """An object URL without its scheme: the service may or may not say it back."""
    return url.partition("://")[2] if "://" in url else url


def media(api: Api, media_ids: Sequence[str]) -> Call[tuple[MediaInfo, ...]]:
    """What the service knows of one video; an unknown id has `found=False`."""
    (media_id,) = check_id_list(CLOUD, "media_ids", media_ids, 1, joined=True)

    def read(reply: Reply) -> tuple[MediaInfo, ...]:
        video = reply.read(wire.GetVideoInfoResponse).video
        raw = reply.fields()["Video"]
        info = MediaInfo(
            media_id=media_id,
            found=True,
            name=video.title,
            cover_url=video.cover_url or None,
            size=video.size,
            duration=video.duration,
            state=media_state(video.status, raw.get("TemplateGroupId")),
            vendor_state=video.status or "",
            created=video.creation_time,
            raw=raw,
        )
        return (info,)

    call = api.call("GetVideoInfo", (("VideoId", media_id),), read, reads=True)
    return _or_absent(call, (MediaInfo(media_id=media_id, found=False),))


def media_state(word: str | None, template_group: object = None) -> str:
    """One of our words for the service's. An uploaded video stays so unless a template group transcodes it."""
    if word == "UploadSucc" and template_group not in (None, "", NO_TRANSCODE):
        return "running"
    return MEDIA_STATES.get(word or "", "unknown")


def mezzanine(api: Api, media_id: str) -> Call[MediaInfo]:
    """The uploaded file of one video, with its URL; an unknown id has `found=False`."""
    (wanted,) = check_id_list(CLOUD, "media_id", (media_id,), 1, joined=True)

    def read(reply: Reply) -> MediaInfo:
        found = reply.read(wire.GetMezzanineInfoResponse).mezzanine
        duration = _number(found.duration)
        size = _number(found.size)
        return MediaInfo(
            media_id=wanted,
            found=True,
            name=found.file_name,
            url=found.file_url or None,
            size=None if size is None else int(size),
            duration=duration,
            state=media_state(found.status),
            vendor_state=found.status or "",
            created=found.creation_time,
            raw=reply.fields()["Mezzanine"],
        )

    call = api.call("GetMezzanineInfo", (("VideoId", wanted),), read, reads=True)
    return _or_absent(call, MediaInfo(media_id=wanted, found=False))


def _number(value: float | str | None) -> float | None:
    try:
        number = float(value) if value not in (None, "") else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _or_absent(call: Call[T], absent: T) -> Call[T]:
    """The same call, for which "no such video" is an answer."""

    def parse(response: Response) -> T:
        try:
            return call.parse(response)
        except VodfastError as error:
            if error.kind is ErrorKind.NOT_FOUND and error.code == "InvalidVideo.NotFound":
                return absent
            raise

    return Call(cloud=call.cloud, operation=call.operation, build=call.build, parse=parse, reads=True)


def delete_parts(api: Api, media_id: str) -> Call[None]:
    """Drop the parts of a video's unfinished upload. Nothing there counts as dropped."""
    (wanted,) = check_id_list(CLOUD, "media_id", (media_id,), 1, joined=True)
    operation = "DeleteMultipartUpload"
    call = api.call(operation, (("MediaId", wanted), ("MediaType", "video")), lambda _: None)

    def parse(response: Response) -> None:
        try:
            open_reply(operation, response)
        except VodfastError as error:
            if error.code != "InvalidMultipartUpload.NotFound":
                raise

    return Call(cloud=call.cloud, operation=operation, build=call.build, parse=parse)


def set_callback(api: Api, url: str | None, fields: Mapping[str, object]) -> Call[None]:
    """Where events go: posted to `url`, or, without one, put into a message queue.

    `fields` may hold `event_types` (names joined with commas, `ALL` by default), `auth_key` (1 to 32 letters and
    digits, signs every post; "" switches signing off), `app_id`, and for a queue `mns_endpoint` and `mns_queue_name`.

    Raises:
        Unsupported: neither a URL nor a queue; the callback can be removed in the console only.
    """
    check_known(CLOUD, "set_callback", fields, _CALLBACK_FIELDS)
    check_http_url(CLOUD, "url", url)
    queue = [fields.get(name) for name in ("mns_endpoint", "mns_queue_name")]
    if url is None and not any(queue):
        raise Unsupported(
            "aliyun cannot clear the callback with a call: give a URL, or a queue as mns_endpoint and mns_queue_name",
            cloud=CLOUD,
        )
    if url is None and not all(queue):
        refuse(CLOUD, "mns_endpoint", "and mns_queue_name belong together; give both")
    if url is not None and any(queue):
        refuse(CLOUD, "url", "and a queue are both given; give one of them")
    check_http_url(CLOUD, "mns_endpoint", fields.get("mns_endpoint"))
    check_text(CLOUD, "mns_queue_name", fields.get("mns_queue_name"), limit=256)
    checks.check_id("app_id", fields.get("app_id"))
    events, key = fields.get("event_types"), fields.get("auth_key")
    if events is not None and (not isinstance(events, str) or not _EVENTS.fullmatch(events)):
        refuse(CLOUD, "event_types", "must be names of events joined with commas, or ALL")
    if key not in (None, "") and (not isinstance(key, str) or not _AUTH_KEY.fullmatch(key)):
        refuse(CLOUD, "auth_key", "must be 1 to 32 letters and digits")
    params = (
        ("CallbackType", "HTTP" if url is not None else "MNS"),
        ("CallbackURL", url),
        ("EventTypeList", events),
        ("AuthSwitch", None if key is None else "on" if key else "off"),
        ("AuthKey", str(key) if key else None),
        ("MnsEndpoint", _text(queue[0])),
        ("MnsQueueName", _text(queue[1])),
        ("AppId", _text(fields.get("app_id"))),
    )
    return api.call("SetMessageCallback", params, lambda _: None)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def verify_callback(url: str, headers: Mapping[str, str], secret: str, now: float) -> bool:
    """Whether a callback came from the service and is fresh: MD5 of the callback URL, the timestamp and the AuthKey.

    The rule does not cover the body: use an https callback URL.
    """
    given = {name.lower(): value for name, value in headers.items()}
    seconds, signature = given.get("x-vod-timestamp", ""), given.get("x-vod-signature", "")
    if not secret or not re.fullmatch(r"[0-9]{10}", seconds) or abs(int(seconds) - now) > CALLBACK_WINDOW:
        return False
    expected = signing.callback_signature(url, seconds, secret)
    return hmac.compare_digest(signature.lower().encode(errors="replace"), expected.encode())


def invoke(api: Api, operation: str, parameters: Mapping[str, object], version: str) -> Call[dict[str, Any]]:
    """Any operation by its name. Lists and objects travel as JSON text, as the API wants them; None is left out."""
    reads = check_operation(CLOUD, operation)
    check_plain(CLOUD, "parameters", parameters)
    pairs = [(_name(name), _plain(name, value)) for name, value in parameters.items() if value is not None]
    api = replace(api, version=version)
    return api.call(operation, pairs, lambda reply: reply.fields(), repeatable=reads, reads=reads)


def _name(name: object) -> str:
    if not isinstance(name, str) or not _PARAMETER.fullmatch(name):
        refuse(CLOUD, "parameters", "must go by names such as VideoId")
    return name


def _plain(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else texts.json_text(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        refuse(CLOUD, name, "holds characters that cannot be encoded as UTF-8")
    return text


def clock(api: Api) -> Call[None]:
    """A read whose content does not matter; that the video does not exist is the answer due."""
    call = media(api, (_NOBODY,))

    def parse(response: Response) -> None:
        call.parse(response)

    return Call(cloud=CLOUD, operation=call.operation, build=call.build, parse=parse, reads=True)


def assume_role(api: Api, role_arn: str, session_name: str, seconds: int) -> Call[Credentials]:
    """Temporary keys of a role (section 1.3), asked for at STS."""
    if not fits(_ROLE, role_arn):
        refuse(CLOUD, "role_arn", "must be like acs:ram::ACCOUNT:role/NAME")
    if not fits(_SESSION_NAME, session_name):
        refuse(CLOUD, "session_name", "must have 2 to 64 letters, digits, '.', '@', '_' and '-'")
    if not 900 <= seconds <= 43200:
        refuse(CLOUD, "seconds", f"must be between 900 and 43200, not {seconds}")

    def read(reply: Reply) -> Credentials:
        found = reply.read(wire.AssumeRoleResponse).credentials
        keys = (found.access_key_id, found.access_key_secret, found.security_token)
        if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
            raise reply.useless("Credentials that cannot be used")
        until = found.expiration.timestamp()
        return Credentials.of(*keys, until)

    params: list[tuple[str, str | int | None]] = [
        ("RoleArn", role_arn),
        ("RoleSessionName", session_name),
        ("DurationSeconds", seconds),
    ]
    return replace(api, endpoint=_STS, version=_STS_VERSION).call("AssumeRole", params, read)
