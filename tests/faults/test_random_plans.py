"""Two or three random faults in one upload, and others in the runs that continue it. The emulator judges: one media at
most, done only with the exact bytes, failed only without media, and nothing left that `gc` cannot find or nobody named.

Seeds are the parameters, so a failure is repeated by its name.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.oracle import sha256
from vodfast import Client, ErrorKind, TransferConfig, VodfastError
from vodfast.config import MIB
from vodfast.events import AnyEvent, Progress

HLS = Path(__file__).parents[1] / "media" / "hls"
Rule = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """One way into a cloud: what its requests are called, and its smallest part. `sums` says that the store answers
    checksums: where it does not, damage on the way cannot be found. `aborts` says that parts can be deleted."""

    name: str
    cloud: str
    part: int
    operations: tuple[str, ...]
    in_package: tuple[str, ...] = ()
    place: str | None = None
    sums: bool = True
    aborts: bool = True
    settings: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    many: int = 3
    """Parts of a file that is not small."""


_MULTIPART = (
    "PutObject",
    "InitiateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
    "ListParts",
    "HeadObject",
    "AbortMultipartUpload",
    "ListMultipartUploads",
    "DeleteObject",
)
_LATE = (("netease_late", (0, 0, 2, 10**6)), ("netease_callback", ("relayed", "relayed", "silent")))
WAYS = (
    Way(
        "tencent",
        "tencent",
        MIB,
        ("ApplyUpload", *_MULTIPART, "CommitUpload"),
        ("ApplyUpload", "ParseStreamingManifest", "PutObject", "CommitUpload", "DeleteObject"),
    ),
    Way("aliyun", "aliyun", MIB, ("CreateUploadVideo", *_MULTIPART), ("CreateUploadVideo", "PutObject")),
    Way(
        "volcengine",
        "volcengine",
        5 * MIB,
        ("ApplyUploadInfo", "DirectUpload", "InitUpload", "UploadPart", "MergeParts", "CommitUploadInfo", "ListParts"),
        ("ApplyUploadInfo", "ParseUploadManifest", "DirectUpload", "CommitUploadInfo"),
        place="demo",
        aborts=False,
        settings=(("volcengine_candidates", ("none", "separate", "shared")),),
    ),
    Way(
        "netease",
        "netease",
        MIB,
        ("upload/init", "lbs", "chunk", "offset", "video/query"),
        sums=False,
        aborts=False,
        settings=_LATE,
        many=12,  # so many go out behind one another
    ),
    Way(
        "overseas",
        "netease",
        MIB,
        ("upload/init", *_MULTIPART, "video/query"),
        settings=(("netease_storage", ("oss",)), *_LATE),
    ),
)
_ACTIONS: tuple[Callable[[random.Random], Rule], ...] = (
    lambda rng: {"action": "status", "code": rng.choice([200, 400, 403, 404, 409, 500, 502, 503])},
    lambda _: {"action": "throttle"},
    lambda rng: {"action": "reset", "at_byte": rng.choice([0, 1, 1000])},
    lambda rng: {"action": "reset", "of": "response", "at_byte": rng.choice([0, 20, 200])},
    lambda _: {"action": "drop_reply"},
    lambda _: {"action": "drop_reply"},
    lambda rng: {"action": "truncate_reply", "at_byte": rng.choice([10, 100, 300])},
    lambda _: {"action": "redirect", "location": "http://127.0.0.1:9/elsewhere"},
    lambda _: {"action": "corrupt_digest"},
    lambda _: {"action": "corrupt_body"},
)


def rule(rng: random.Random, operations: tuple[str, ...], *, corrupt: bool, far: int) -> Rule:
    action = rng.choice(_ACTIONS if corrupt else _ACTIONS[:-2])(rng)
    match: Rule = {"operation": rng.choice(operations)}
    if rng.random() < 0.5:
        match["nth"] = rng.randrange(1, far)
    return {**action, "match": match, "times": rng.choice([1, 1, 1, 2, 3, 0])}


class Trial:
    """One upload call, repeated until it is done or the seed has had enough of it."""

    def __init__(self, way: Way, seed: int, emulator: Any, config_for: Any, main: str) -> None:
        self.way = way
        self.rng = random.Random(f"{way.name} {seed}")  # the same faults for the same name
        self.emulator = emulator
        self.main = main
        emulator.settings(**{name: self.rng.choice(values) for name, values in way.settings})
        self.journal = self.rng.random() < 0.6
        self.config: TransferConfig = config_for(
            part_size=way.part, attempts=3, settle_seconds=2.0, resume=self.journal
        )
        self.error: VodfastError | None = None

    def client(self) -> Client:
        return Client(self.way.cloud, place=self.way.place, config=self.config)

    def run(self, source: Callable[[], dict[str, Any]], operations: tuple[str, ...], far: int, runs: int) -> None:
        for number in range(runs if self.journal else 1):
            count = self.rng.choice([2, 2, 3] if number == 0 else [0, 1, 2])
            plan = [rule(self.rng, operations, corrupt=self.way.sums, far=far) for _ in range(count)]
            self.emulator.set_faults(plan)
            result, self.error, told = None, None, list[AnyEvent]()
            try:
                with self.client() as client:
                    result = client.upload(**source(), events=told.append)
            except VodfastError as error:
                self.error = error
            self.judge(result)
            judge_progress([event for event in told if isinstance(event, Progress)], result)
            if result is not None:
                break
        self.judge_leftovers()

    def media(self) -> list[dict[str, Any]]:
        """Those that were made; of a package whose members are media as well, the playlist's."""
        made = [media for media in self.emulator.media() if media["state"] == "committed"]
        return (
            [media for media in made if not self.main or media["name"].endswith(self.main)] if len(made) > 1 else made
        )

    def judge(self, result: Any) -> None:
        made = self.media()
        assert len(made) <= 1
        if result is not None:
            assert [media["media_id"] for media in made] == [result.media_id]
        elif self.error is not None and self.error.kind is not ErrorKind.AMBIGUOUS:
            assert made == [], f"failed, but there is media: {self.error}"

    def judge_leftovers(self) -> None:
        self.emulator.set_faults([])
        if not self.way.aborts:
            return
        if self.journal:
            with self.client() as client:
                client.take_back()
        left = [
            media
            for media in self.emulator.media()
            if media["open_uploads"] or (media["state"] != "committed" and media["objects"])
        ]
        error = self.error
        said = error is not None and (error.kind is ErrorKind.AMBIGUOUS or "could be deleted" in error.message)
        assert left == [] or said


def judge_progress(told: list[Progress], result: Any) -> None:
    """Never more bytes than there are, and at the end all of them. They become fewer where an upload begins anew."""
    assert all(event.total is None or 0 <= event.done <= event.total for event in told)
    if result is not None and told:
        assert told[-1].done == result.bytes


def digests(emulator: Any) -> set[str]:
    made = [media for media in emulator.media() if media["state"] == "committed"]
    return {held["sha256"] for media in made for held in media["objects"]}


each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


@each_way
@pytest.mark.parametrize("seed", range(24))
def test_no_random_plan_loses_or_doubles_a_file(
    vodfast_emulator: Any, config_for: Any, media_file: Callable[..., Path], way: Way, seed: int
) -> None:
    trial = Trial(way, seed, vodfast_emulator, config_for, "")
    path = media_file(trial.rng.choice([5000, 3 * way.part + 17, way.many * way.part + 17]))
    trial.run(lambda: {"source": path}, way.operations, far=5, runs=3)
    if trial.error is None:
        assert digests(vodfast_emulator) == {sha256(path)}


@each_way
@pytest.mark.parametrize("seed", range(100, 108))
def test_no_random_plan_loses_or_doubles_a_stream(
    vodfast_emulator: Any, config_for: Any, media_file: Callable[..., Path], way: Way, seed: int
) -> None:
    trial = Trial(way, seed, vodfast_emulator, config_for, "")
    path = media_file(trial.rng.choice([5000, 3 * way.part + 17]))
    trial.run(lambda: {"source": iter([path.read_bytes()]), "name": "clip.mp4"}, way.operations, far=5, runs=1)
    if trial.error is None:
        assert digests(vodfast_emulator) == {sha256(path)}


@pytest.mark.parametrize("way", [way for way in WAYS if way.in_package], ids=lambda way: way.name)
@pytest.mark.parametrize("seed", range(200, 210))
def test_no_random_plan_loses_or_doubles_a_package(
    vodfast_emulator: Any, config_for: Any, tmp_path: Path, way: Way, seed: int
) -> None:
    folder = shutil.copytree(HLS, tmp_path / "hls")
    trial = Trial(way, seed, vodfast_emulator, config_for, "master.m3u8")
    trial.run(lambda: {"source": folder / "master.m3u8"}, way.in_package, far=20, runs=3)
    if trial.error is None:
        assert digests(vodfast_emulator) == {sha256(path) for path in folder.rglob("*") if path.is_file()}
