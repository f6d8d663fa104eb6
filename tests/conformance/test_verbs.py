"""The table of verbs and clouds, cell by cell, through Python and from the shell.

A cell either works, judged by the calls the emulator has seen, or raises `Unsupported`, which names the cloud and the
nearest alternative, before anything is sent. A cloud new in the registry fails here until its column is filled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.conftest import CLOUDS, Cloud
from vodfast import AsyncClient, Client, TransferConfig, Unsupported, UploadResult
from vodfast.cli import main
from vodfast.cli.catalogue import COMMANDS
from vodfast.providers import provider_names

MEDIA = Path(__file__).parents[1] / "media"
CALLBACK = "http://127.0.0.1:9/cb"
SOURCE_URL = "https://example.com/a.mp4"


class No(str):
    """The cell is Unsupported; the text is a pattern of the alternative its message names."""


class Local(str):
    """The cell works without asking the service; the text is what the answer holds."""


@dataclass(frozen=True)
class Cell:
    """One cell at work: a client, and what the cloud needs to have beforehand."""

    client: Client
    cloud: Cloud
    files: Path

    def file(self, name: str) -> Path:
        path = self.files / name
        path.write_bytes(b"the bytes of " + name.encode())
        return path

    def uploaded(self, kind: str = "media", name: str = "clip.mp4") -> UploadResult | None:
        """Something to ask for, where the cloud takes it."""
        if not self.cloud.takes(kind=kind, name=name):
            return None
        return self.client.upload(self.file(name), kind=kind)

    def job(self) -> str:
        """A job to ask for, where the cloud has any."""
        try:
            return self.client.pull([SOURCE_URL])[0].job_id
        except Unsupported:
            return "1"

    def media_id(self) -> str:
        done = self.uploaded()
        return (done.query_id if done else None) or "0.mp4"

    def stored_url(self) -> str:
        done = self.uploaded("image", "a.png")
        return ((done.url if done else None) or "https://bucket/a.png").partition("://")[2]


@dataclass(frozen=True)
class Verb:
    """How a verb is asked for: `prepare` makes its subject, `python` and `shell` use it."""

    cells: dict[str, str]
    python: Callable[[Cell, Any], Any]
    shell: Callable[[Cell, Any], list[str]]
    prepare: Callable[[Cell], Any] = lambda cell: None
    refused: int = 2
    """The exit code where it is refused: usage, or 1 for a file that fails alone."""


def upload(kind: str, name: str) -> dict[str, Any]:
    return {
        "python": lambda cell, _: cell.client.upload(cell.file(name), kind=kind),
        "shell": lambda cell, _: ["upload", str(cell.file(name)), "--kind", kind],
    }


TOKEN_FIELDS = {
    "volcengine": {"spaces": ["demo"]},
    "aliyun": {"name": "a.mp4"},
    "tencent": {"class_id": 7},
    "netease": {"name": "a.mp4"},
}


def token_fields(cell: Cell) -> dict[str, Any]:
    return TOKEN_FIELDS.get(cell.cloud.name, {})


def token_arguments(cell: Cell) -> list[str]:
    return [part for name, value in token_fields(cell).items() for part in ("--set", f"{name}={text(value)}")]


OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "volcengine": ("QueryUploadTaskInfo", {"JobIds": "nobody", "Version": "2020-08-01"}),
    "aliyun": ("CreateUploadVideo", {"Title": "t", "FileName": "a.mp4"}),
    "tencent": ("DescribeMediaInfos", {"FileIds": ["1"]}),
    "netease": ("video/query", {"objectNames": ["0.mp4"]}),
}


def invoke_arguments(cell: Cell) -> list[str]:
    given = OPERATIONS[cell.cloud.name][1]
    return [part for name, value in given.items() for part in ("--set", f"{name}={text(value)}")]


def text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


VERBS: dict[str, Verb] = {
    "upload media": Verb(
        {
            "volcengine": "CommitUploadInfo",
            "aliyun": "CreateUploadVideo",
            "tencent": "CommitUpload",
            "netease": "upload/init",
        },
        **upload("media", "clip.mp4"),
    ),
    "upload image": Verb(
        {
            "volcengine": "CommitUploadInfo",
            "aliyun": "CreateUploadImage",
            "tencent": No("cover"),
            "netease": "upload/init",
        },
        **upload("image", "photo.png"),
    ),
    "upload subtitle": Verb(
        {
            "volcengine": "CommitUploadInfo",
            "aliyun": "CreateUploadAttachedMedia",
            "tencent": No("media"),
            "netease": No("media and image"),
        },
        **upload("subtitle", "words.vtt"),
    ),
    "upload material": Verb(
        {
            "volcengine": "CommitUploadInfo",
            "aliyun": "CreateUploadAttachedMedia",
            "tencent": No("media"),
            "netease": No("media and image"),
        },
        python=lambda cell, _: cell.client.upload(cell.file("m.gif"), kind="material", category=material(cell)),
        shell=lambda cell, _: [
            "upload", str(cell.file("m.gif")), "--kind", "material",
            *(["--category", str(material(cell))] if material(cell) else []),
        ],
    ),
    "upload watermark": Verb(
        {
            "volcengine": No("media"),
            "aliyun": "CreateUploadAttachedMedia",
            "tencent": No("media"),
            "netease": No("media and image"),
        },
        **upload("watermark", "w.gif"),
    ),
    "upload with a cover": Verb(
        {
            "volcengine": No("Snapshot"),
            "aliyun": No("cover_url"),
            "tencent": "CommitUpload",
            "netease": No("snapshot"),
        },
        python=lambda cell, _: cell.client.upload(cell.file("clip.mp4"), cover=cell.file("c.png")),
        shell=lambda cell, _: ["upload", str(cell.file("clip.mp4")), "--cover", str(cell.file("c.png"))],
    ),
    "upload HLS with its segments": Verb(
        {
            "volcengine": "CommitUploadInfo",
            "aliyun": "CreateUploadVideo",
            "tencent": "ParseStreamingManifest",
            "netease": No("preset_id"),
        },
        python=lambda cell, _: cell.client.upload(MEDIA / "hls" / "master.m3u8"),
        shell=lambda cell, _: ["upload", str(MEDIA / "hls" / "master.m3u8")],
        refused=1,
    ),
    "upload DASH with its segments": Verb(
        {
            "volcengine": No("HLS"),
            "aliyun": No("HLS"),
            "tencent": "ParseStreamingManifest",
            "netease": No("preset_id"),
        },
        python=lambda cell, _: cell.client.upload(MEDIA / "dash" / "manifest.mpd"),
        shell=lambda cell, _: ["upload", str(MEDIA / "dash" / "manifest.mpd")],
        refused=1,
    ),
    "pull": Verb(
        {
            "volcengine": "UploadMediaByUrl",
            "aliyun": "UploadMediaByURL",
            "tencent": "PullUpload",
            "netease": No("upload"),
        },
        python=lambda cell, _: cell.client.pull([SOURCE_URL]),
        shell=lambda cell, _: ["pull", SOURCE_URL],
    ),
    "jobs": Verb(
        {
            "volcengine": "QueryUploadTaskInfo",
            "aliyun": "GetURLUploadInfos",
            "tencent": "DescribeTaskDetail",
            "netease": No("media"),
        },
        prepare=Cell.job,
        python=lambda cell, job: cell.client.jobs([job]),
        shell=lambda cell, job: ["jobs", job],
    ),
    "wait for jobs": Verb(
        {
            "volcengine": "QueryUploadTaskInfo",
            "aliyun": "GetURLUploadInfos",
            "tencent": "DescribeTaskDetail",
            "netease": No("media"),
        },
        prepare=Cell.job,
        python=lambda cell, job: cell.client.wait_jobs([job], timeout=60),
        shell=lambda cell, job: ["jobs", job, "--wait", "--wait-timeout", "60"],
    ),
    "cancel jobs": Verb(
        {
            "volcengine": No("jobs"),
            "aliyun": "CancelUrlUploadJobs",
            "tencent": No("delete its media"),
            "netease": No("nothing to cancel"),
        },
        prepare=Cell.job,
        python=lambda cell, job: cell.client.cancel_jobs([job]),
        shell=lambda cell, job: ["jobs", job, "--cancel"],
    ),
    "register": Verb(
        {
            "volcengine": No("pull"),
            "aliyun": "RegisterMedia",
            "tencent": No("pull"),
            "netease": No("upload"),
        },
        prepare=Cell.stored_url,
        python=lambda cell, url: cell.client.register([url]),
        shell=lambda cell, url: ["register", url],
    ),
    "media": Verb(
        {
            "volcengine": No("commit"),
            "aliyun": "GetVideoInfo",
            "tencent": "DescribeMediaInfos",
            "netease": "video/query",
        },
        prepare=Cell.media_id,
        python=lambda cell, media_id: cell.client.media([media_id]),
        shell=lambda cell, media_id: ["media", media_id],
    ),
    "wait for media": Verb(
        {
            "volcengine": No("commit"),
            "aliyun": "GetVideoInfo",
            "tencent": "DescribeMediaInfos",
            "netease": "video/query",
        },
        prepare=Cell.media_id,
        python=lambda cell, media_id: cell.client.wait_media([media_id], timeout=60),
        shell=lambda cell, media_id: ["media", media_id, "--wait", "--wait-timeout", "60"],
    ),
    "invoke an operation of the cloud's own": Verb(
        {
            "volcengine": "QueryUploadTaskInfo",
            "aliyun": "CreateUploadVideo",
            "tencent": "DescribeMediaInfos",
            "netease": "video/query",
        },
        python=lambda cell, _: cell.client.invoke(*OPERATIONS[cell.cloud.name]),
        shell=lambda cell, _: ["invoke", OPERATIONS[cell.cloud.name][0], *invoke_arguments(cell)],
    ),
    "token": Verb(
        {
            "volcengine": Local("STS2"),
            "aliyun": "CreateUploadVideo",
            "tencent": Local("ZWNyZXRJZD12b2RmYXN0"),  # ecretId=vodfast
            "netease": "upload/init",
        },
        python=lambda cell, _: cell.client.issue_token(**token_fields(cell)),
        shell=lambda cell, _: ["token", *token_arguments(cell)],
    ),
    "set callback": Verb(
        {
            "volcengine": No("console"),
            "aliyun": "SetMessageCallback",
            "tencent": "ModifyEventConfig",
            "netease": "upload/setcallback",
        },
        python=lambda cell, _: cell.client.set_callback(CALLBACK),
        shell=lambda cell, _: ["callback", "set", CALLBACK],
    ),
    "clear callback": Verb(
        {
            "volcengine": No("console"),
            "aliyun": No("queue"),
            "tencent": "ModifyEventConfig",
            "netease": No("another URL"),
        },
        python=lambda cell, _: cell.client.set_callback(None),
        shell=lambda cell, _: ["callback", "clear"],
    ),
    "verify callback": Verb(
        {
            "volcengine": No("jobs"),
            "aliyun": Local("not genuine"),
            "tencent": Local("not genuine"),
            "netease": Local("not genuine"),
        },
        python=lambda cell, _: "genuine" if cell.client.verify_callback({}, b"{}", "key") else "not genuine",
        shell=lambda cell, _: ["callback", "verify", str(cell.file("body")), "-H", "sign: 00"],
    ),
}  # fmt: skip

NOT_VERBS = {
    "aclose",
    "cancel",
    "check_clock",
    "cloud",
    "origin",
    "config",
    "upload_many",
    "invoke",
    "perform",
    "take_back",
}
"""What a client offers beside the verbs of a cloud; `invoke` reaches any operation and has tests of its own."""
NOT_COMMANDS = {"emulator", "doctor", "completion", "status", "gc"}


def material(cell: Cell) -> str | None:
    """The category a material must have where materials have one."""
    return None if cell.cloud.takes(kind="material", name="m.gif") else "dynamic_img"


CELLS = [(verb, cloud) for verb in VERBS for cloud in provider_names()]


def test_the_table_is_whole() -> None:
    for name, verb in VERBS.items():
        assert set(verb.cells) == set(provider_names()), name
    table = Path(__file__).read_text()
    verbs = {name for name in vars(AsyncClient) if not name.startswith("_")} - NOT_VERBS
    assert {name for name in verbs if f"client.{name}(" not in table} == set()
    assert {command for command in COMMANDS if f'["{command}"' not in table} - NOT_COMMANDS == set()


@pytest.fixture
def cell(
    request: pytest.FixtureRequest,
    config_for: Callable[..., TransferConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    vodfast_emulator: Any,
) -> Any:
    """A client on the emulator, and a shell that would use the same one."""
    cloud = next(cloud for cloud in CLOUDS if cloud.name == request.getfixturevalue("cloud_name"))
    monkeypatch.setattr("vodfast.waiting.FIRST_PAUSE", 0.01)
    monkeypatch.setenv("VODFAST_EMULATOR", vodfast_emulator.endpoint)
    monkeypatch.setenv("VODFAST_CALLBACK_SECRET", "key1")
    monkeypatch.setenv("VODFAST_TO", cloud.name if cloud.place is None else f"{cloud.name}:{cloud.place}")
    settings = {"callback_url": CALLBACK} if cloud.name == "aliyun" else {}
    with Client(cloud.name, config=config_for(), place=cloud.place, settings=settings) as client:
        yield Cell(client, cloud, tmp_path)


def seen(emulator: Any, since: int) -> list[str]:
    return [record["operation"] for record in emulator.history()[since:]]


@pytest.mark.parametrize(("verb", "cloud_name"), CELLS)
def test_from_python(cell: Cell, vodfast_emulator: Any, verb: str, cloud_name: str) -> None:
    asked, expected = VERBS[verb], VERBS[verb].cells[cloud_name]
    subject = asked.prepare(cell)
    since = len(vodfast_emulator.history())
    if isinstance(expected, No):
        with pytest.raises(Unsupported, match=expected) as caught:
            asked.python(cell, subject)
        assert cloud_name in str(caught.value)
        assert seen(vodfast_emulator, since) == []
        return
    answer = asked.python(cell, subject)
    if isinstance(expected, Local):
        assert expected in answer
        assert seen(vodfast_emulator, since) == []
    else:
        assert expected in seen(vodfast_emulator, since)
        assert all(record["status"] == 200 for record in vodfast_emulator.history()[since:])


@pytest.mark.parametrize(("verb", "cloud_name"), CELLS)
def test_from_the_shell(
    cell: Cell, vodfast_emulator: Any, capfd: pytest.CaptureFixture[str], verb: str, cloud_name: str
) -> None:
    asked, expected = VERBS[verb], VERBS[verb].cells[cloud_name]
    subject = asked.prepare(cell)
    arguments = asked.shell(cell, subject)
    if verb == "verify callback" and cloud_name == "aliyun":
        arguments += ["--service", f"callback_url={CALLBACK}"]
    since = len(vodfast_emulator.history())
    capfd.readouterr()
    code = main(arguments)
    out, err = capfd.readouterr()
    if isinstance(expected, No):
        assert code == asked.refused, (out, err)
        assert cloud_name in err
        assert len(err.splitlines()) == 1 or asked.refused == 1
        assert seen(vodfast_emulator, since) == []
    elif isinstance(expected, Local):
        assert expected in out
        assert seen(vodfast_emulator, since) == []
    else:
        assert (code, expected in seen(vodfast_emulator, since)) == (0, True), (out, err)


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_a_session_is_renewed_or_that_is_refused_by_name(cloud: Cloud) -> None:
    provider = cloud.provider()
    if not provider.limits.can_renew:
        with pytest.raises(Unsupported, match=f"{cloud.name}.*upload again"):
            provider.renew(None)
