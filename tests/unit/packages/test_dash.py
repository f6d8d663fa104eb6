"""What a DASH manifest names: base URLs, lists, templates, timelines, periods, and what is absurd."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.emulator.service import Refusal
from vodfast.emulator.tencent import manifests
from vodfast.packages.dash import entries
from vodfast.packages.dash_template import seconds
from vodfast.packages.entry import Role
from vodfast.packages.gate import Refused

SAMPLE = (Path(__file__).parents[2] / "media" / "dash" / "manifest.mpd").read_text()


def mpd(inside: str, attributes: str = 'mediaPresentationDuration="PT6S"') -> str:
    return f'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {attributes}>{inside}</MPD>'


def one(representation: str, adaptation: str = "", period: str = "", root: str = "") -> str:
    """An MPD of one representation, with elements before it at each level."""
    return mpd(f"{root}<Period>{period}<AdaptationSet>{adaptation}{representation}</AdaptationSet></Period>")


def names(text: str) -> list[str]:
    return list(dict.fromkeys(entry.uri for entry in entries(text)))


REPRESENTATION = '<Representation id="v1" bandwidth="5000"/>'


def timeline(run: str, attributes: str = "") -> str:
    return one(
        REPRESENTATION,
        f'<SegmentTemplate media="$Time$" {attributes}><SegmentTimeline>{run}</SegmentTimeline></SegmentTemplate>',
    )


def template(attributes: str) -> str:
    return one(REPRESENTATION, f"<SegmentTemplate {attributes}/>")


MANIFESTS = [
    # The whole file.
    (one("<Representation><BaseURL>a.mp4</BaseURL></Representation>"), ["a.mp4"]),
    (one("<Representation><BaseURL> a.mp4\n</BaseURL></Representation>"), ["a.mp4"]),
    (one("<Representation/>", adaptation="<BaseURL>a.mp4</BaseURL>"), ["a.mp4"]),
    # Base URLs at every level.
    (
        one(
            "<Representation><BaseURL>a.mp4</BaseURL></Representation>",
            "<BaseURL>set/</BaseURL>",
            "<BaseURL>period/</BaseURL>",
            "<BaseURL>root/</BaseURL>",
        ),
        ["root/period/set/a.mp4"],
    ),
    (
        one("<Representation><BaseURL>a.mp4</BaseURL></Representation>", "<BaseURL>set/index</BaseURL>"),
        ["set/a.mp4"],
    ),
    (
        one(
            "<Representation><BaseURL>a.mp4</BaseURL></Representation>",
            "<BaseURL>x/</BaseURL><BaseURL>y/</BaseURL>",
        ),
        ["x/a.mp4", "y/a.mp4"],
    ),
    (
        one("<Representation><BaseURL>http://h/a.mp4</BaseURL></Representation>", "<BaseURL>x/</BaseURL>"),
        ["http://h/a.mp4"],
    ),
    (one("<Representation><BaseURL>/a.mp4</BaseURL></Representation>", "<BaseURL>x/</BaseURL>"), ["/a.mp4"]),
    # Templates.
    (
        template('duration="2" media="$RepresentationID$/$Number$.m4s" initialization="$RepresentationID$.mp4"'),
        ["v1.mp4", "v1/1.m4s", "v1/2.m4s", "v1/3.m4s"],
    ),
    (
        template('duration="4" media="$Number%03d$-$Bandwidth$.m4s" startNumber="0"'),
        ["000-5000.m4s", "001-5000.m4s"],
    ),
    (
        template('duration="4500" timescale="1000" media="$Time%06d$.m4s" presentationTimeOffset="10"'),
        ["000010.m4s", "004510.m4s"],
    ),
    (template('media="$$a$$$Number$.m4s" duration="6"'), ["$a$1.m4s"]),
    (template('media="$Number$.m4s" startNumber="5" endNumber="7"'), ["5.m4s", "6.m4s", "7.m4s"]),
    (template('media="$Number$.m4s"'), ["1.m4s"]),
    (template('media="$RepresentationID$.mp4" duration="1"'), ["v1.mp4"]),
    (
        template('duration="3" media="$Number$.m4s" index="$Number$.idx" bitstreamSwitching="sw.mp4"'),
        ["sw.mp4", "1.m4s", "2.m4s", "1.idx", "2.idx"],
    ),
    (
        one(
            REPRESENTATION,
            '<SegmentTemplate duration="6" media="$Number$"><Initialization sourceURL="i.mp4"/></SegmentTemplate>',
        ),
        ["i.mp4", "1"],
    ),
    # Attributes come down and are overridden one by one.
    (
        one(
            '<Representation id="v"><SegmentTemplate startNumber="9"/></Representation>',
            '<SegmentTemplate media="$Number$.m4s"/>',
            '<SegmentTemplate duration="3" timescale="1" media="never"/>',
        ),
        ["9.m4s", "10.m4s"],
    ),
    # The innermost way of addressing counts.
    (
        one(
            "<Representation><BaseURL>w.mp4</BaseURL><SegmentBase indexRange='0-1'><Initialization range='0-1'/>"
            "</SegmentBase></Representation>",
            '<SegmentTemplate duration="2" media="$Number$"/>',
        ),
        ["w.mp4"],
    ),
    (
        one(
            '<Representation><BaseURL>w.mp4</BaseURL><SegmentBase><Initialization sourceURL="i.mp4"/>'
            '<RepresentationIndex sourceURL="x.sidx"/></SegmentBase></Representation>'
        ),
        ["i.mp4", "x.sidx", "w.mp4"],
    ),
    # Lists.
    (
        one(
            '<Representation><SegmentList duration="2"><Initialization sourceURL="i.mp4"/>'
            '<SegmentURL media="1.m4s" index="1.x"/><SegmentURL media="2.m4s"/></SegmentList></Representation>',
            "<BaseURL>d/</BaseURL>",
        ),
        ["d/i.mp4", "d/1.m4s", "d/1.x", "d/2.m4s"],
    ),
    (
        one(
            '<Representation><BaseURL>w.mp4</BaseURL><SegmentList><SegmentURL mediaRange="0-5"/>'
            '<SegmentURL mediaRange="6-9"/></SegmentList></Representation>'
        ),
        ["w.mp4"],
    ),
    # Timelines.
    (
        one(
            REPRESENTATION,
            '<SegmentTemplate media="$Number$" startNumber="3"><SegmentTimeline><S d="2" r="1"/><S d="3" n="9"/>'
            "</SegmentTimeline></SegmentTemplate>",
        ),
        ["3", "4", "9"],
    ),
    (
        timeline('<S t="5" d="2" r="2"/><S d="3"/><S t="20" d="1"/>'),
        ["5", "7", "9", "11", "20"],
    ),
    (
        timeline('<S d="2" r="-1"/>'),
        ["0", "2", "4"],
    ),
    (
        timeline('<S t="0" d="2" r="-1"/><S t="5" d="1"/>'),
        ["0", "2", "4", "5"],
    ),
    (
        timeline('<S t="100" d="30" r="-1"/>', 'timescale="10" presentationTimeOffset="100"'),
        ["100", "130"],
    ),
]
"""Manifests and what they name."""


@pytest.mark.parametrize(("text", "wanted"), MANIFESTS)
def test_what_a_manifest_names(text: str, wanted: list[str]) -> None:
    assert names(text) == wanted


@pytest.mark.parametrize(("text", "wanted"), MANIFESTS)
def test_the_emulator_written_by_the_same_rules_agrees(text: str, wanted: list[str]) -> None:
    if any(name.startswith(("http:", "/")) for name in wanted):
        with pytest.raises(Refusal):
            manifests.members(text, "mpd")
    else:
        assert set(manifests.members(text, "mpd")) == set(wanted)


TEMPLATE = '<AdaptationSet><SegmentTemplate duration="2" media="{}-$Number$"/><Representation/></AdaptationSet>'


@pytest.mark.parametrize(
    ("periods", "attributes", "wanted"),
    [
        ('<Period duration="PT4S">{0}</Period><Period duration="PT2S">{1}</Period>', "", ["a-1", "a-2", "b-1"]),
        (
            '<Period start="PT0S">{0}</Period><Period start="PT2S">{1}</Period>',
            'mediaPresentationDuration="PT6S"',
            ["a-1", "b-1", "b-2"],
        ),
        ("<Period>{0}</Period>", 'mediaPresentationDuration="PT0H0M3.5S"', ["a-1", "a-2"]),
        (
            '<Period duration="PT2S">{0}</Period><Period>{1}</Period>',
            'mediaPresentationDuration="PT8S"',
            ["a-1", "b-1", "b-2", "b-3"],
        ),
    ],
)
def test_the_length_of_a_period(periods: str, attributes: str, wanted: list[str]) -> None:
    text = mpd(periods.format(TEMPLATE.format("a"), TEMPLATE.format("b")), attributes)
    assert names(text) == manifests.members(text, "mpd") == wanted


def test_a_last_segment_that_only_rounding_expects_may_be_missing() -> None:
    found = entries(template('duration="4" media="$Number$"'))
    assert [(entry.uri, entry.role) for entry in found] == [("1", Role.FILE), ("2", Role.OPTIONAL)]
    found = entries(template('duration="3" media="$Number$"'))
    assert {entry.role for entry in found} == {Role.FILE}


def test_the_sample_names_what_its_packager_wrote() -> None:
    folder = Path(__file__).parents[2] / "media" / "dash"
    assert set(names(SAMPLE)) == {path.name for path in folder.iterdir()} - {"manifest.mpd"}


@pytest.mark.parametrize(
    ("text", "seconds_"),
    [
        ("PT8.0S", 8),
        ("PT1H2M3S", 3723),
        ("P1DT1S", 86401),
        ("P1Y2M", 365 * 86400 + 60 * 86400),
        ("PT0.5S", 0.5),
        ("PT0S", 0),
    ],
)
def test_durations_are_read_as_players_read_them(text: str, seconds_: float) -> None:
    assert seconds(text) == seconds_


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no MPD"),
        ("<MPD", "is no MPD"),
        ("#EXTM3U", "is no MPD"),
        ("<html/>", "root is another"),
        ('<!DOCTYPE MPD [<!ENTITY a "b">]><MPD>&a;</MPD>', "document type"),
        ('<!DOCTYPE MPD SYSTEM "http://h/x.dtd"><MPD/>', "document type"),
        ("<MPD>" + "<a>" * 40 + "</a>" * 40 + "</MPD>", "deeper than"),
        ('<?xml version="1.0" encoding="gbk"?><MPD/>', "encoding gbk"),
        (one("<Representation id='x'/>"), "'x' that names no file"),
        (mpd('<Period xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="http://h/p"/>'), "remote element"),
        (mpd(f"<Period>{TEMPLATE}</Period>", ""), "nothing tells"),
        (mpd("<Period/>", 'mediaPresentationDuration="soon"'), "no duration"),
        (mpd("<Period/>", 'mediaPresentationDuration="P"'), "no duration"),
        (template('media="$Number$" duration="0"'), "no duration of a segment"),
        (template('media="$Number$" duration="-2"'), "no duration of a segment"),
        (template('media="$Number$" duration="x"'), "whole number for duration"),
        (template('media="$Number$" duration="2" timescale="0"'), "usable timescale"),
        (template('media="$Number$" startNumber="1e9"'), "whole number for startNumber"),
        (template('media="$SubNumber$" duration="2"'), "identifier"),
        (template('media="$Number%08x$" duration="2"'), "identifier"),
        (template('media="$Number%0999999999d$" duration="2"'), "identifier"),
        (template('media="$RepresentationID%05d$" duration="2"'), "identifier"),
        (template('media="a$Number$$" duration="2"'), "without its partner"),
        (template('initialization="$Number$" media="$Number$" duration="2"'), "identifier"),
        (template('media="$Number$" endNumber="1000000000"'), "more than"),
        (template('media="$Number$" duration="1" timescale="1000000000"'), "more than"),
        (timeline('<S d="2" r="1000000000"/>'), "more than"),
        (timeline('<S d="1" r="-1"/>', 'timescale="1000000000"'), "more than"),
        (timeline('<S t="0" d="1" r="-1"/><S t="999999999999" d="1"/>'), "more than"),
        (timeline('<S d="0" r="5"/>'), "usable d"),
        (timeline('<S r="5"/>'), "usable d"),
        (timeline('<S d="2" r="-1"/><S d="2"/>'), "without an end"),
        (
            one(REPRESENTATION, *["".join(f"<BaseURL>{n}/</BaseURL>" for n in range(10))] * 2),
            "combinations of base URLs",
        ),
    ],
)
def test_what_cannot_be_understood_or_is_absurd_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        entries(text)


def test_an_absurd_template_is_refused_before_it_is_expanded() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match="more than"):
            entries(template('media="$Number$" endNumber="999999999999999999"'))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_representations_multiply_within_the_cap_only() -> None:
    adaptation = '<SegmentTemplate media="$RepresentationID$-$Number$" endNumber="70000"/>'
    with pytest.raises(Refused, match="more than"):
        entries(one('<Representation id="a"/><Representation id="b"/><Representation id="c"/>', adaptation))


VALUES = st.one_of(
    st.integers(-5, 50).map(str), st.text(max_size=6), st.sampled_from(["PT1S", "$Number$", "-1", "1e3", "9" * 17])
)


@settings(max_examples=300)
@given(st.data())
def test_a_mangled_manifest_is_listed_or_refused(data: st.DataObject) -> None:
    text = SAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        if data.draw(st.booleans()):
            start = data.draw(st.integers(0, len(text)))
            text = text[:start] + data.draw(st.text(max_size=5)) + text[start + data.draw(st.integers(0, 20)) :]
        else:
            name = data.draw(
                st.sampled_from(["d", "r", "t", "timescale", "startNumber", "media", "id", "start", "duration"])
            )
            before, found, after = text.partition(f' {name}="')
            if found:
                text = f'{before}{found}{data.draw(VALUES)}"{after.partition(chr(34))[2]}'
    try:
        found_entries = entries(text)
    except Refused:
        return
    assert all(entry.uri for entry in found_entries)
