"""What an HLS playlist names, tag by tag."""

from __future__ import annotations

from typing import Any

import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.emulator.tencent import manifests
from vodfast.packages.entry import Entry, Role
from vodfast.packages.gate import Refused
from vodfast.packages.hls import entries


def listed(*lines: str) -> set[Entry]:
    return set(entries("\n".join(["#EXTM3U", *lines, ""])))


PLAYLISTS = [
    (["#EXTINF:2,", "a.ts", "#EXTINF:3.5,title, with comma", "b.ts"], {Entry("a.ts"), Entry("b.ts")}),
    (["#EXTINF:2", "a b.ts  "], {Entry("a b.ts")}),
    (["#EXTINF:2,", "#EXT-X-BYTERANGE:5@0", "a.ts", "#EXT-X-BYTERANGE:5", "a.ts"], {Entry("a.ts")}),
    (["#EXTINF:2,", "# a comment", "", "a.ts"], {Entry("a.ts")}),
    (["#EXT-X-STREAM-INF:BANDWIDTH=1", "v/1.m3u8"], {Entry("v/1.m3u8", Role.PLAYLIST)}),
    (["#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"a,b\"", "v.php?x=1"], {Entry("v.php?x=1", Role.PLAYLIST)}),
    (['#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"'], {Entry("i.m3u8", Role.PLAYLIST)}),
    (['#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"'], {Entry("i.m3u8", Role.PLAYLIST)}),
    (['#EXT-X-MEDIA:TYPE=AUDIO,NAME="a,URI=x",URI="a.m3u8"'], {Entry("a.m3u8", Role.RENDITION)}),
    (['#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="c",INSTREAM-ID="CC1"'], set()),
    (['#EXT-X-KEY:METHOD=AES-128,URI="k?v=1,2",IV=0x1', "#EXT-X-KEY:METHOD=NONE"], {Entry("k?v=1,2")}),
    (['#EXT-X-SESSION-KEY:METHOD=AES-128,URI="k.bin"'], {Entry("k.bin")}),
    (['#EXT-X-MAP:URI="init.mp4",BYTERANGE="5@0"'], {Entry("init.mp4")}),
    (["#EXT-X-MAP:URI='init.mp4'"], {Entry("init.mp4")}),
    (["#EXT-X-MAP:URI=init.mp4"], {Entry("init.mp4")}),
    (['#EXT-X-SESSION-DATA:DATA-ID="t",URI="data.json"'], {Entry("data.json")}),
    (['#EXT-X-SESSION-DATA:DATA-ID="t",VALUE="URI=x"'], set()),
    (
        ['#EXT-X-PART:DURATION=1,URI="p1.mp4"', '#EXT-X-PART:DURATION=1,GAP=YES,URI="p2.mp4"'],
        {Entry("p1.mp4"), Entry("p2.mp4", Role.OPTIONAL)},
    ),
    (
        ['#EXT-X-PRELOAD-HINT:TYPE=MAP,URI="m.mp4"', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p.mp4"'],
        {Entry("m.mp4"), Entry("p.mp4")},
    ),
    (['#EXT-X-RENDITION-REPORT:URI="b.m3u8",LAST-MSN=1'], {Entry("b.m3u8", Role.MENTION)}),
    (["#EXTINF:2,", "#EXT-X-GAP", "lost.ts"], {Entry("lost.ts", Role.OPTIONAL)}),
    (['#EXT-X-DATERANGE:ID="x",X-ASSET-URI="https://ads/x"', "#EXTINF:2,", "a.ts"], {Entry("a.ts")}),
    (['#EXT-X-FUTURE:URI="f.bin"'], {Entry("f.bin")}),
    (['# URI="comment.bin"', '#EXTINF:2,URI="title"', "a.ts"], {Entry("a.ts")}),
    (["#EXT-X-TARGETDURATION:abc", "#EXT-X-PROGRAM-DATE-TIME:never", "#EXTINF:2,", "a.ts"], {Entry("a.ts")}),
    ([], set()),
]  # fmt: skip
"""Lines after #EXTM3U and what they name."""


@pytest.mark.parametrize(("lines", "wanted"), PLAYLISTS)
def test_what_lines_name(lines: list[str], wanted: set[Entry]) -> None:
    assert listed(*lines) == wanted


FORGIVEN = ("URI='", "URI=i")
"""Forms a service need not forgive."""


@pytest.mark.parametrize(
    ("lines", "wanted"), [row for row in PLAYLISTS if not any(form in line for line in row[0] for form in FORGIVEN)]
)
def test_the_emulator_written_by_the_same_rules_agrees(lines: list[str], wanted: set[Entry]) -> None:
    assert set(manifests.members("\n".join(["#EXTM3U", *lines]), "m3u8")) == {entry.uri for entry in wanted}


@pytest.mark.parametrize(
    "tag",
    [
        '#EXT-X-KEY:METHOD=AES-128,URI="https://keys.example/?id=1"',
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://1",KEYFORMAT="com.apple.streamingkeydelivery"',
        '#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text/plain;base64,AA=="',
    ],
)
def test_keys_that_a_server_gives_out_are_no_files(tag: str) -> None:
    assert entries(f"#EXTM3U\n{tag}\n#EXTINF:2,\na.ts\n") == [Entry("a.ts")]


def test_anything_else_behind_a_url_is_an_entry_that_the_gate_refuses() -> None:
    for tag in ("MAP", "PART", "SESSION-DATA"):
        assert entries(f'#EXTM3U\n#EXT-X-{tag}:URI="https://h/a"\n') == [Entry("https://h/a")]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_lines_may_end_either_way(ending: str) -> None:
    assert entries(ending.join(["#EXTM3U", "#EXTINF:2,", "a.ts", ""])) == [Entry("a.ts")]


@pytest.mark.parametrize(
    ("text", "reason", "entry"),
    [
        ("", "does not begin", ""),
        ("\n#EXTM3U\n", "does not begin", ""),
        ("EXTM3U", "does not begin", ""),
        ("#EXTM3U\n#EXTINF:\na.ts\n", "near this line", "#EXTINF:"),
        ("#EXTM3U\n#EXT-X-STREAM-INF:FRAME-RATE=x\na.m3u8\n", "near this line", "#EXT-X-STREAM-INF:FRAME-RATE=x"),
        ("#EXTM3U\n#EXTINF:2,\na.ts\nb.ts\n", "follows no", "b.ts"),
        ("#EXTM3U\n" + "#EXTINF:2,\na.ts\n" * 400_001, "more than 400000 segments", ""),
        ("#EXTM3U\n#EXTINF:2,\n{$host}/a.ts\n", "variable", "{$host}/a.ts"),
        ("#EXTM3U\n#EXTINF:2,\na\x1b.ts\n", "control character", ""),
        ("#EXTM3U\n#EXTINF:2,\na\x85b.ts\n", "control character", ""),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, reason: str, entry: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        entries(text)
    assert caught.value.entry == entry


def test_the_library_never_sees_what_it_takes_quadratic_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are searched from the start for every segment, renditions for every variant."""
    parsed: list[Any] = []
    loads = m3u8.loads
    monkeypatch.setattr(m3u8, "loads", lambda *given, **named: parsed.append(loads(*given, **named)) or parsed[-1])
    lines = [
        f'#EXT-X-KEY:METHOD=AES-128,URI="{n}.bin"\n#EXT-X-MAP:URI="{n}.mp4"\n#EXTINF:2,\n{n}.ts' for n in range(50)
    ]
    lines += [f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="{n}",URI="{n}.m3u8"' for n in range(50)]
    assert len(listed(*lines)) == 200
    (playlist,) = parsed
    assert (playlist.keys, playlist.segment_map, list(playlist.media)) == ([None], [], [])


LINES = st.one_of(
    st.sampled_from(
        ["#EXTINF:2,", "#EXTINF:", "a.ts", "#EXT-X-GAP", "#EXT-X-BYTERANGE:1@0", "#EXT-X-STREAM-INF:BANDWIDTH=1",
         '#EXT-X-KEY:URI="k"', "#EXT-X-KEY:URI", '#EXT-X-MEDIA:URI="', "#EXT-X-MAP:", "#EXT-X-ENDLIST", "#EXT-X-SKIP:",
         "#EXT-X-PART:URI=,", "#EXT-X-CUE-OUT:", "#EXTM3U", "#", "", "#EXT-X-DEFINE:NAME"]
    ),
    st.text(max_size=30),
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(LINES, max_size=12))
def test_any_text_is_listed_or_refused(lines: list[str]) -> None:
    try:
        found = entries("\n".join(["#EXTM3U", *lines]))
    except Refused:
        return
    assert all(entry.uri for entry in found)
