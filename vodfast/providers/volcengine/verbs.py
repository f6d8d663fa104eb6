"""What Volcengine VOD offers beside uploads: pull, jobs, upload tokens.

Decides the meaning of those calls and their answers (sections 8.1, 8.2 and 9.2 of the protocol notes). Leaves field
checks to `checks.py` and the token's inside to `sts2.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from vodfast.credentials import Credentials
from vodfast.errors import InvalidInput, Unsupported
from vodfast.providers.answers import Reply
from vodfast.providers.contract import JobRecord, PullItem, PullTicket
from vodfast.providers.fields import (
    MAX_INT,
    check_choice,
    check_id_list,
    check_int,
    check_known,
    check_seconds,
    check_text,
    refuse,
)
from vodfast.providers.volcengine import checks, sts2, wire
from vodfast.providers.volcengine.calls import Api
from vodfast.transfer.ports import Call

CLOUD: Final = checks.CLOUD
VERSION: Final = "2020-08-01"
"""Of pulls and jobs; there is no newer one."""
BATCH: Final = 20

_STATES: Final = (("init", "waiting"), ("process", "running"), ("success", "done"), ("fail", "failed"))
"""By prefix: documentation and vendor clients spell them differently (section 8.2)."""

MAX_TOKEN_LIFETIME: Final = 10 * 365 * 86400
_TOKEN_FIELDS: Final = (
    "unrestricted",
    "statements",
    "actions",
    "resources",
    "spaces",
    "file_name_pattern",
    "content_type_allow",
    "content_type_deny",
    "min_bytes",
    "max_bytes",
)


def pull(api: Api, space: str, items: Sequence[PullItem]) -> Call[tuple[PullTicket, ...]]:
    """Have the service fetch up to 20 URLs. Not repeatable: a second pull makes a second media."""
    if not 1 <= len(items) <= BATCH:
        raise InvalidInput(f"one UploadMediaByUrl call takes 1 to {BATCH} URLs", cloud=CLOUD)
    for item in items:
        checks.check_pull(item)
    entries = [msgspec.to_builtins(_entry(item)) for item in items]
    body = wire.UploadMediaByUrlRequest(space_name=space, url_sets=json.dumps(entries))

    def read(reply: Reply) -> tuple[PullTicket, ...]:
        answered = reply.read(wire.PullResult).data or []
        if len(answered) != len(items) or not all(one.job_id for one in answered):
            raise reply.useless("not one job for each URL")
        by_url: dict[str, list[wire.PulledUrl]] = {}
        for one in answered:
            by_url.setdefault(one.source_url or "", []).append(one)
        ordered: list[wire.PulledUrl | None] = list(answered)
        if sorted(by_url) == sorted({item.url for item in items}):
            # The order of the answer is not documented; its SourceUrl is.
            jobs_of = {url: iter(jobs) for url, jobs in by_url.items()}
            ordered = [next(jobs_of[item.url], None) for item in items]
        tickets = tuple(
            PullTicket(
                job_id=job.job_id, url=item.url, request_id=reply.request_id, raw={"ImageUrls": job.image_urls or []}
            )
            for item, job in zip(items, ordered)
            if job is not None and job.job_id
        )
        if len(tickets) != len(items):
            raise reply.useless("not one job for each URL")
        return tickets

    return api.call("UploadMediaByUrl", VERSION, body, read, carried="form", repeatable=False)


def _entry(item: PullItem) -> wire.UrlEntry:
    options = checks.pull_options(item)
    material = options.record_type == 2
    number = None if material else checks.classification_of(item.category, options.classification_id)
    return wire.UrlEntry(
        source_url=item.url,
        callback_args=item.context,
        md5=options.md5,
        template_id=options.template_id,
        title=item.title,
        description=options.description,
        tags=",".join(options.tags) or None,
        category=options.category or (item.category if material else None),
        file_name=options.file_name,
        classification_id=None if number is None else str(number),
        storage_class=checks.storage_class_of(options.storage_class),
        file_extension=options.file_extension or (f".{item.media_type}" if item.media_type else None),
        url_encryption_algorithm=options.url_encryption_algorithm,
        enable_low_priority=options.low_priority,
        custom_url_headers=options.headers or None,
        templates=options.templates or None,
        file_type=options.file_type,
        image_set=options.images or None,
        executions=options.executions or None,
        record_type=options.record_type,
    )


def job_state(word: str) -> str:
    """One of our words for the service's."""
    return next((state for prefix, state in _STATES if word.lower().startswith(prefix)), "unknown")


def jobs(api: Api, job_ids: Sequence[str]) -> Call[tuple[JobRecord, ...]]:
    """The state of up to 20 pull jobs, in the order asked; one the service does not know is `unknown`."""
    ids = check_id_list(CLOUD, "job_ids", job_ids, BATCH, joined=True)
    body = wire.QueryUploadTaskInfoRequest(job_ids=",".join(dict.fromkeys(ids)))

    def read(reply: Reply) -> tuple[JobRecord, ...]:
        data = reply.read(wire.JobsResult).data or wire.JobsData()
        found = {one.job_id: one for one in data.media_info_list or ()}
        raw = reply.read(wire.RawJobsResult).data or wire.RawJobs()
        whole = {str(one.get("JobId")): one for one in raw.media_info_list or ()}
        missing = set(data.not_exist_job_ids or ())
        said = reply.request_id
        return tuple(_job(one, found.get(one), whole.get(one, {}), said, gone=one in missing) for one in ids)

    return api.call("QueryUploadTaskInfo", VERSION, body, read, reads=True)


def _job(
    job_id: str, found: wire.JobState | None, raw: Mapping[str, Any], request_id: str | None, *, gone: bool
) -> JobRecord:
    if found is None:
        problem = "the service does not know this job" if gone else "the service says nothing about this job"
        return JobRecord(job_id=job_id, state="unknown", vendor_state="", error_message=problem, request_id=request_id)
    word = found.state or ""
    return JobRecord(
        job_id=job_id,
        state=job_state(word),
        vendor_state=word,
        media_id=found.vid or None,
        request_id=request_id,
        raw=raw,
    )


def clock(api: Api) -> Call[None]:
    """A read that changes nothing and whose content does not matter; a refusal is raised as usual."""
    body = wire.QueryUploadTaskInfoRequest(job_ids="clock")
    return api.call("QueryUploadTaskInfo", VERSION, body, lambda _: None, reads=True)


def issue_token(credentials: Credentials, now: float, lifetime: float, fields: Mapping[str, object]) -> str:
    """An STS2 token for the vendor's browser and phone clients, as the JSON text their servers hand out.

    `lifetime` is seconds, raised to 60. Without fields it allows applying and committing in every space. `fields` may
    hold `actions` and `resources` (lists of the policy's own words, one Allow statement), or `spaces` (a list of
    names); `file_name_pattern` (one glob such as `test/*`); `content_type_allow` and `content_type_deny` (lists),
    `min_bytes` and `max_bytes` (limits of an upload). Or else `statements` alone, a whole policy as a list of mappings
    with Effect, Action and Resource; an empty one allows nothing. `unrestricted=True`, alone as well, makes a token
    without a policy, which allows everything the key may do.

    Raises:
        InvalidInput: a field is unknown, of the wrong type or out of range.
        Unsupported: the keys are temporary; a token can be made from permanent ones only.
    """
    if credentials.token:
        raise Unsupported("upload tokens need a permanent key: they cannot be made from a temporary one", cloud=CLOUD)
    check_seconds(CLOUD, "lifetime", lifetime)
    if not 0 < lifetime <= MAX_TOKEN_LIFETIME:
        refuse(CLOUD, "lifetime", f"must be above 0 and at most {MAX_TOKEN_LIFETIME} seconds")
    check_known(CLOUD, "issue_token", fields, _TOKEN_FIELDS)
    given = {name: value for name, value in fields.items() if value is not None}
    policy = sts2.policy_text(_policy(given))
    return json.dumps(sts2.issue(credentials, now, lifetime, policy, sts2.draw()))


def _policy(given: dict[str, object]) -> list[dict[str, Any]] | None:
    unrestricted = given.pop("unrestricted", False)
    if not isinstance(unrestricted, bool):
        refuse(CLOUD, "unrestricted", "must be true or false")
    if unrestricted:
        if given:
            refuse(CLOUD, "unrestricted", "means no policy; leave out the other fields")
        return None
    ready = given.pop("statements", None)
    return _statements(given) if ready is None else _ready_statements(ready, alone=not given)


def _statements(given: Mapping[str, object]) -> list[dict[str, Any]]:
    actions, resources, spaces = (_texts(name, given.get(name)) for name in ("actions", "resources", "spaces"))
    if spaces and (actions or resources):
        refuse(CLOUD, "spaces", "stands for actions and resources; give either")
    if spaces:
        apply, commit = sts2.UPLOAD_ACTIONS
        statements = [
            sts2.allow([apply], [sts2.space_resource(space) for space in spaces]),
            sts2.allow([commit], []),
        ]
    else:
        statements = [sts2.allow(actions or sts2.UPLOAD_ACTIONS, resources)]
    pattern = given.get("file_name_pattern")
    check_text(CLOUD, "file_name_pattern", pattern, limit=1024)
    if pattern:
        statements.append(sts2.allow(["FileNamePtn"], [str(pattern)]))
    limits = _upload_limits(given)
    if limits:
        statements.append(sts2.allow(["UploadPolicy"], [json.dumps(limits, separators=(",", ":"))]))
    return statements


def _ready_statements(statements: object, *, alone: bool) -> list[dict[str, Any]]:
    if not alone:
        refuse(CLOUD, "statements", "are a whole policy; leave out the other fields")
    if not isinstance(statements, Sequence) or isinstance(statements, (str, bytes)):
        refuse(CLOUD, "statements", "must be a list of mappings")
    for one in statements:
        if not isinstance(one, Mapping) or set(one) != {"Effect", "Action", "Resource"}:
            refuse(CLOUD, "statements", "must each have Effect, Action and Resource, and nothing else")
        check_choice(CLOUD, "statements: Effect", one["Effect"], ("Allow", "Deny"), "Allow, Deny")
        for field in ("Action", "Resource"):
            if one[field] or field == "Action":
                _texts(f"statements: {field}", one[field])
    return [
        {"Action": list(one["Action"]), "Effect": one["Effect"], "Resource": list(one["Resource"])}
        for one in statements
    ]


def _upload_limits(given: Mapping[str, object]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for name, word in (("content_type_deny", "ContentTypeBlackList"), ("content_type_allow", "ContentTypeWhiteList")):
        listed = _texts(name, given.get(name))
        if listed:
            limits[word] = listed
    low, high = given.get("min_bytes"), given.get("max_bytes")
    for name, word, value in (("max_bytes", "FileSizeUpLimit", high), ("min_bytes", "FileSizeBottomLimit", low)):
        check_int(CLOUD, name, value, 0, MAX_INT)
        if value is not None:
            limits[word] = str(value)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        refuse(CLOUD, "min_bytes", "is above max_bytes")
    return limits


def _texts(field: str, value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        refuse(CLOUD, field, "must be a list of texts, not empty")
    for one in value:
        check_text(CLOUD, field, one, limit=1024)
        if not one:
            refuse(CLOUD, field, "holds an empty text")
    return list(value)
