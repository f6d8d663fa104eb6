"""The path gate of manifests: a corpus of ways out, a corpus of legitimate names, and what chance finds."""

from __future__ import annotations

import itertools
import posixpath
import unicodedata
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.errors import InvalidInput
from vodfast.packages import collect, gate
from vodfast.packages.gate import Refused, member_path

DOTS = [
    "..", "%2e%2e", "%2E%2e", ".%2e", "%2e.", "%252e%252e", "%25252e%25252e", "%c0%ae%c0%ae",
    "%e0%80%ae%e0%80%ae", "%u002e%u002e", "\uff0e\uff0e", "\u2024\u2024", "\u2025", "\ufe52\ufe52", ".\u200d.",
    ".\u00ad.", "\ufeff..", "...", "..%20", "..;x",
]  # fmt: skip
SLASHES = [
    "/", "//", "\\", "%2f", "%2F", "%5c", "%252f", "%255c", "%c0%af", "%u2215", "\uff0f", "\u2215", "\u2044",
    "\uff3c", "/./",
]  # fmt: skip
CLIMBS = [f"{before}{dots}{slash}a.ts" for before, dots, slash in itertools.product(["", "d/"], DOTS, SLASHES)]
LOOK_ALIKE_DOTS = ["\u3002\u3002", ".\u06d4", "\u0701.", "\u0702\ua4f8", ".\ua60e"]
LOOK_ALIKE_SLASHES = ["\u29f8", "\u2571", "\u27cb", "\u29f5", "\u29f9", "\u2216", "\u27cd"]
NOT_SHOWN = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00\ufe0f"
OTHERS = [
    *(f"{dots}/a.ts" for dots in LOOK_ALIKE_DOTS),
    *(f"..{slash}a.ts" for slash in LOOK_ALIKE_SLASHES),
    *(f".{letter}./a.ts" for letter in NOT_SHOWN),
    "..", "d/..", "../", "d/../..", "%2e%2e", "/", "/etc/passwd", "//host/a.ts", "///a.ts", "%2fetc/passwd",
    "%252fetc/passwd", "\uff0fetc/passwd", "\u2215etc/passwd", "\\etc\\passwd", "%5cetc%5cpasswd",
    "\\\\host\\share\\a.ts", "C:/a.ts", "c:\\a.ts", "C:a.ts", "C%3A/a.ts", "c%3a%5ca.ts", "\uff23\uff1a\\a.ts",
    "\\\\?\\C:\\a.ts", "file:///etc/passwd", "file:/etc/passwd", "file:a.ts", "FILE:///etc/passwd",
    "http://169.254.169.254/latest/meta-data/", "https://example.com/a.ts", "HTTP://example.com/a.ts",
    "hTTps:a.ts", "ftp://h/a", "gopher://h/_x", "data:text/plain,x", "data:;base64,AAAA", "javascript:1",
    "concat:a.ts|b.ts", "subfile,,start,0,end,9,,:/etc/passwd", "crypto:a.ts", "skd://key", "blob:x",
    "jar:file:a!/b", "urn:x:y", "tel:1", "x+y-z.1:a", "a.ts:stream", "?a.ts", "#a.ts", "", " ", "a//b.ts", "a/",
    "a/ /b.ts", "a/%20/b.ts", "a.ts/", "a\0.ts", "a%00.ts", "a.ts%00.m3u8", "a\n.ts", "a%0a.ts",
    "a%0d%0aX:1.ts", "a\x7f.ts", "a%7f.ts", "a\x85b.ts", "a%c2%85b.ts", "a\u2028b.ts", "a%e2%80%a8b.ts",
    "a\x1b[0m.ts", "a%ff.ts", "a%fe%ff.ts", "a%c3.ts", "a%ed%a0%80.ts", "a%25ff.ts", "a%2fb.ts", "a%2Fb.ts",
    "a%252fb.ts", "a%5cb.ts", "a\\b.ts", "a%255cb.ts", "%25252525252525252e.ts", "....//a.ts", "....\\\\a.ts",
    ".../.../a.ts", "d/.../a.ts", "..%01/a.ts", "..%0d/a.ts", "..%09/a.ts", ".. /a.ts", "..%20/a.ts",
    "..../a.ts", "..;/a.ts", "..;a=b/a.ts", "d/..;/..;/a.ts", "d/%2e%2e;/a.ts", "x" * 4097 + ".ts",
    "a/" * 3000 + "b.ts",
]  # fmt: skip


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(set(CLIMBS + OTHERS)) >= 600


@pytest.mark.parametrize("entry", [*CLIMBS, *OTHERS], ids=ascii)
def test_no_way_out_passes_the_gate(entry: str) -> None:
    with pytest.raises(Refused) as caught:
        member_path(entry)
    assert caught.value.entry == entry
    assert "\n" not in str(caught.value)


def hls(entry: str) -> tuple[str, str]:
    return "p.m3u8", f"#EXTM3U\n#EXTINF:2,\nok.ts\n#EXTINF:2,\n{entry}\n"


def hls_attribute(entry: str) -> tuple[str, str]:
    return "p.m3u8", f'#EXTM3U\n#EXT-X-MAP:URI="{entry}"\n#EXTINF:2,\nok.ts\n'


def dash_base(entry: str) -> tuple[str, str]:
    return "p.mpd", f"<MPD><Period><AdaptationSet>{_representation(entry)}</AdaptationSet></Period></MPD>"


def dash_inherited(entry: str) -> tuple[str, str]:
    period = f"<AdaptationSet>{_representation('ok.ts')}</AdaptationSet>"
    return "p.mpd", f"<MPD><BaseURL>{escape(entry)}/</BaseURL><Period>{period}</Period></MPD>"


def dash_identifier(entry: str) -> tuple[str, str]:
    quoted = escape(entry, {'"': "&quot;"})
    template = '<SegmentTemplate media="$RepresentationID$"/>'
    return "p.mpd", (
        f'<MPD><Period><AdaptationSet>{template}<Representation id="{quoted}"/></AdaptationSet></Period></MPD>'
    )


def _representation(entry: str) -> str:
    return f"<Representation><BaseURL>{escape(entry)}</BaseURL></Representation>"


WAYS_IN = [hls, hls_attribute, dash_base, dash_inherited, dash_identifier]
OUT = ["../secret.ts", "d/../../secret.ts", "%2e%2e/secret.ts", "/secret.ts", "file:///secret.ts", "..%5csecret.ts"]


@pytest.mark.parametrize("entry", OUT)
@pytest.mark.parametrize("manifest", WAYS_IN, ids=lambda manifest: manifest.__name__)
def test_every_place_of_a_manifest_leads_through_the_gate(
    tmp_path: Path, manifest: Callable[[str], tuple[str, str]], entry: str
) -> None:
    (tmp_path / "secret.ts").write_bytes(b"outside")
    (tmp_path / "show" / "d").mkdir(parents=True)
    (tmp_path / "show" / "ok.ts").write_bytes(b"inside")
    name, text = manifest(entry)
    path = tmp_path / "show" / name
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        collect(str(path), name.rpartition(".")[2])
    assert name in str(caught.value)
    assert entry.strip("/")[:8] in str(caught.value)


LEGITIMATE = [
    "a.ts", "seg-00001.ts", "a_b-c.d~e.ts", "SEG.TS", "noextension", "a.b.c.d", "..a.ts", "a..ts", "a...ts",
    "a..", "...a", ".hidden.ts", "..hidden", "a .ts", " a.ts", "a. ts", "blank in name.ts", "two  blanks.ts",
    "100%.ts", "50% off.ts", "%41.ts", "a%20b.ts", "%.ts", "%%.ts", "a%zz.ts", "first/second/third.ts",
    "d1/..x/d2.ts", "第1集.ts", "中文 文件名.ts", "日本語／ファイル.ts", "한국어.ts", "ελληνικά.ts",
    "кириллица.ts", "العربية.ts", "עברית.ts", "ไทย.ts", "हिन्दी.ts", "é.ts", "e\u0301.ts", "ﬁ.ts", "Å.ts",
    "A\u030a.ts", "😀.ts", "👨\u200d👩\u200d👧.ts", "🏳\ufe0f\u200d🌈.ts", "🇨🇳.ts", "第１集：開始.ts",
    "Ep1：start.ts", "wait….ts", "a…b.ts", "what？.ts", "（1）.ts", "a，b.ts", "句号。.ts", "ａｂｃ.ts", "①.ts",
    "½.ts", "a?b.ts", "a#b.ts", "a&b=c.ts", "a+b.ts", "a,b;c.ts", "a;b.ts", "a@b.ts", "a!b'c(d)*.ts", "[1].ts",
    "{1}.ts", "a|b.ts", "a^b`c.ts", '"quoted".ts', "<tag>.ts", "a=b.ts", "$price$.ts", "~user.ts", "~",
    "-rf.ts", ":b.ts", "d/a:b.ts", "con.ts", "aux", "a.ts.", "a.ts ", "x" * 200 + ".ts",
    "/".join(["d"] * 20) + "/a.ts", "0", "-", "_",
]  # fmt: skip


@pytest.mark.parametrize("name", LEGITIMATE, ids=ascii)
def test_no_legitimate_name_is_refused(name: str) -> None:
    """Written as a URI reference, percent-encoded as it should be."""
    assert member_path(quote(name)) == name


@pytest.mark.parametrize("name", [name for name in LEGITIMATE if not set("?#%:") & set(name)], ids=ascii)
def test_names_need_not_be_encoded_where_nothing_else_can_be_meant(name: str) -> None:
    assert member_path(name) == name


@pytest.mark.parametrize("name", [name for name in LEGITIMATE if len(name) < 100], ids=ascii)
def test_legitimate_names_are_found_on_disk(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"member")
    (tmp_path / "top manifest.m3u8").write_text(f"#EXTM3U\n#EXTINF:2,\n{quote(name)}\n")
    assert list(collect(str(tmp_path / "top manifest.m3u8"), "m3u8").members) == [name]


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("./a.ts", "a.ts"),
        ("././d/./a.ts", "d/a.ts"),
        ("a.ts?x=../../b", "a.ts"),
        ("a.ts#../b", "a.ts"),
        ("a.ts?x#y?z", "a.ts"),
        ("a%3Fb.ts?c", "a?b.ts"),
        ("a%23b.ts#c", "a#b.ts"),
        ("%E7%AC%AC1%E9%9B%86.ts", "第1集.ts"),
        ("a%2520b.ts", "a%20b.ts"),
        ("%43%2D.ts", "C-.ts"),
        ("Ep1%3Astart.ts", "Ep1:start.ts"),
        ("./Ep1:start.ts", "Ep1:start.ts"),
    ],
)
def test_what_an_entry_means(entry: str, path: str) -> None:
    assert member_path(entry) == path


def readings(path: str) -> set[str]:
    """What anyone down the line might make of a path."""
    found = {path}
    for _ in range(4):
        found |= {unquote(one, errors="replace") for one in found}
        found |= {unicodedata.normalize("NFKC", one) for one in found}
        found |= {one.replace("\\", "/") for one in found}
    return found


PIECES = st.sampled_from(
    [*DOTS, *SLASHES, "a", "b.ts", "%", "2e", "%25", "\uff05", " ", ";", "?", "#", ":", "http:", "."]
)
ENTRIES = st.one_of(st.text(max_size=40), st.lists(PIECES, max_size=8).map("".join))


@settings(max_examples=400)
@given(ENTRIES)
def test_whatever_passes_stays_inside_in_every_reading(entry: str) -> None:
    try:
        path = member_path(entry)
    except Refused:
        return
    for reading in readings(path):
        assert posixpath.normpath(posixpath.join("/root", reading)).startswith("/root/"), (entry, reading)


def unmistakable(name: str) -> bool:
    """Whether a name looks like nothing else, however it is folded."""
    folded = unicodedata.normalize("NFKC", name)
    return not {"/", "\\"} & set(folded) and bool(folded.partition(";")[0].strip(" .\u3002")) and folded[1:2] != ":"


STRANGE = {"/", "\\", "%", *map(chr, gate._LOOK_ALIKES), *gate._INVISIBLE}
LETTERS = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters=STRANGE)
NAMES = st.text(LETTERS, min_size=1, max_size=30).filter(unmistakable)


@settings(max_examples=300)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_names_chance_makes_come_through_encoded(segments: list[str]) -> None:
    path = "/".join(segments)
    assert member_path(quote(path)) == path
