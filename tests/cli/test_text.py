"""Sizes, durations, settings and what may be shown on a terminal."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vodfast.cli.text import human_size, json_line, parse_duration, parse_setting, parse_size, printable, sendable


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("200M", 200 << 20),
        ("1.5G", 3 << 29),
        ("64K", 65536),
        ("64k", 65536),
        ("64KiB", 65536),
        ("64 kb", 65536),
        ("2T", 2 << 40),
        ("1048576", 1 << 20),
        ("7b", 7),
    ],
)
def test_sizes_are_read_with_their_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "0.1", "-1M", "1e9", "nan", "inf", "M", "1.M", "1MM", "1,5G", "٣M", "1M\x1b[0m", "9" * 40]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size") as caught:
        parse_size(text)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("0.5s", 0.5)])
def test_durations_are_read_with_their_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-1", "1w", "inf", "nan", "1h30m", "1 2"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


def test_a_setting_is_split_at_its_first_equals_sign() -> None:
    assert parse_setting("media-type=mp4") == ("media_type", "mp4")
    assert parse_setting("context=a=b") == ("context", "a=b")
    assert parse_setting("context=") == ("context", "")
    for text in ("", "name", "=value", " =value", "a=b\r\nc", "a\0=b", "a=\udcff"):
        with pytest.raises(ValueError, match=r".+"):
            parse_setting(text)


BAD = "\0\t\n\v\r\x1b\x7f\x85\x9b\u2028\u2029\ud800\udcff"
STRANGE = st.text(alphabet='ab"\\é钢😀' + BAD.replace("\ud800", ""), max_size=8)
"""What a file name may hold: bytes that are no UTF-8 become low surrogates, never high ones."""


@settings(max_examples=50)
@given(st.text(alphabet=BAD, min_size=1, max_size=4), st.text(alphabet="a钢", max_size=3))
def test_what_cannot_be_sent_is_refused_and_shown_harmlessly(bad: str, around: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        sendable(around + bad + around)
    shown = printable(around + bad)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown


@settings(max_examples=50)
@given(st.dictionaries(STRANGE, STRANGE | st.integers() | st.none() | st.lists(STRANGE, max_size=2), max_size=4))
def test_a_json_line_is_one_line_of_utf8_and_keeps_everything(value: object) -> None:
    line = json_line(value)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert json.loads(line.decode()) == value


def test_a_name_that_is_no_text_survives_json() -> None:
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    assert json.loads(json_line({"source": name}))["source"] == name


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.5 KiB"), (200 << 20, "200 MiB"), (5 << 40, "5.0 TiB")]
)
def test_sizes_are_shown_with_two_or_three_digits(size: int, text: str) -> None:
    assert human_size(size) == text
