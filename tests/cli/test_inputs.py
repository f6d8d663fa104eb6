"""Arguments, globs, directories and lists become one plan."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from vodfast.cli.inputs import Plan, gather
from vodfast.errors import InvalidInput

Clip = Callable[..., Path]


class Notes(list[str]):
    """What the user was told."""


def no_media(name: str) -> str | None:
    return None if name.endswith((".mp4", ".mkv")) else "no media type"


def plan_of(
    *arguments: object, lists: Sequence[object] = (), recursive: bool = False, notes: Notes | None = None
) -> Plan:
    told = Notes() if notes is None else notes
    return gather(
        [str(argument) for argument in arguments],
        [str(name) for name in lists],
        cloud="tencent",
        recursive=recursive,
        refusal=no_media,
        note=told.append,
    )


def sources(plan: Plan) -> list[str]:
    return [entry.source for entry in plan.entries]


def result_line(source: str, state: str, cloud: str = "tencent", **more: object) -> str:
    return json.dumps({"type": "result", "source": source, "cloud": cloud, "state": state, **more})


def test_arguments_keep_their_order_and_missing_files_stay() -> None:
    assert sources(plan_of("b.mp4", "missing.mp4", "-", "a.mp4")) == ["b.mp4", "missing.mp4", "-", "a.mp4"]


def test_the_same_file_by_two_names_is_uploaded_once(clip: Clip) -> None:
    path = clip("a.mp4")
    os.symlink("a.mp4", "link.mp4")
    notes = Notes()
    assert sources(plan_of("a.mp4", path, "./a.mp4", "link.mp4", notes=notes)) == ["a.mp4"]
    assert len(notes) == 3
    assert all("uploaded once" in note for note in notes)


def test_a_glob_is_sorted_and_leaves_hidden_files_and_directories_out(clip: Clip) -> None:
    for name in ("b.mp4", "a.mp4", ".hidden.mp4", "d.mp4/inner.mp4"):
        clip(name)
    notes = Notes()
    assert sources(plan_of("*.mp4", notes=notes)) == ["a.mp4", "b.mp4"]
    assert any("d.mp4" in note for note in notes)
    assert sources(plan_of("*.mp4", recursive=True)) == ["a.mp4", "b.mp4", "d.mp4/inner.mp4"]
    assert sources(plan_of("**/*.mp4")) == ["a.mp4", "b.mp4", "d.mp4/inner.mp4"]


@pytest.mark.parametrize("pattern", ["d/**/*.mp4", "d/**", "**/*.mp4", "*/**/*.mp4", "d/**/**/*.mp4", "{here}/d/**"])
def test_a_glob_of_all_below_survives_loops(clip: Clip, pattern: str) -> None:
    for name in ("d/a.mp4", "d/sub/b.mp4", "d/.hidden/c.mp4"):
        clip(name)
    for link, target in (("d/again", "."), ("d/sub/up", ".."), ("d/once-more", ".")):
        os.symlink(target, link)
    notes = Notes()
    found = sources(plan_of(pattern.format(here=Path.cwd()), notes=notes))
    assert {os.path.realpath(path) for path in found} == {os.path.realpath(p) for p in ("d/a.mp4", "d/sub/b.mp4")}
    assert len(found) == 2
    assert len(notes) < 10


@pytest.mark.parametrize(("argument", "recursive"), [("d", True), ("d/**", False), ("**/*.mp4", False)])
def test_a_directory_that_cannot_be_read_is_told(
    clip: Clip, monkeypatch: pytest.MonkeyPatch, argument: str, recursive: bool
) -> None:
    """Whoever runs the tests as root may read everything, so the system's word is made up."""
    clip("d/a.mp4")
    clip("d/locked/b.mp4")
    scandir = os.scandir

    def guarded(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    notes = Notes()
    assert sources(plan_of(argument, recursive=recursive, notes=notes)) == ["d/a.mp4"]
    assert [note.replace("./", "") for note in notes] == ["skipped d/locked: Permission denied"]


def test_a_glob_waits_for_no_pipe_and_passes_over_directories_without_media(clip: Clip) -> None:
    clip("a.mp4")
    clip("notes/readme.txt")
    os.mkfifo("pipe.mp4")
    os.symlink("/dev/zero", "zero.mp4")
    os.symlink("nowhere.mp4", "lost.mp4")
    notes = Notes()
    assert sources(plan_of("*", recursive=True, notes=notes)) == ["a.mp4", "lost.mp4"]
    assert {note.partition(":")[0] for note in notes} >= {"skipped pipe.mp4", "skipped zero.mp4", "skipped notes"}
    with pytest.raises(InvalidInput, match="can be uploaded"):
        plan_of("pipe*")


def test_a_file_whose_name_looks_like_a_glob_is_taken_as_it_stands(clip: Clip) -> None:
    clip("clip[1].mp4")
    clip("clip1.mp4")
    assert sources(plan_of("clip[1].mp4")) == ["clip[1].mp4"]


def test_a_glob_without_a_match_and_a_directory_are_refused(clip: Clip) -> None:
    clip("d/a.mp4")
    with pytest.raises(InvalidInput, match="no file matches"):
        plan_of("*.mkv")
    with pytest.raises(InvalidInput, match="--recursive"):
        plan_of("d")
    Path("empty").mkdir()
    with pytest.raises(InvalidInput, match="no file of a media type"):
        plan_of("empty", recursive=True)


def test_a_directory_gives_its_media_files_and_survives_loops(clip: Clip) -> None:
    for name in ("d/b.mp4", "d/a.mkv", "d/notes.txt", "d/.hidden.mp4", "d/.git/x.mp4", "d/sub/c.mp4"):
        clip(name)
    os.symlink("..", "d/sub/up")
    os.symlink("nowhere.mp4", "d/dangling.mp4")
    os.mkfifo("d/pipe.mp4")
    notes = Notes()
    assert sources(plan_of("d", recursive=True, notes=notes)) == ["d/a.mkv", "d/b.mp4", "d/sub/c.mp4"]
    told = "\n".join(notes)
    assert "notes.txt" in told
    assert "pipe.mp4" in told
    assert "dangling.mp4" in told
    assert "hidden" not in told


def test_a_list_of_paths(clip: Clip) -> None:
    clip("d/x.mp4")
    Path("list.txt").write_bytes("\ufeffa.mp4\r\n\n b c.mp4\nd\n".encode() + b"caf\xe9.mp4")
    expected = ["a.mp4", " b c.mp4", "d/x.mp4", b"caf\xe9.mp4".decode("utf-8", "surrogateescape")]
    assert sources(plan_of(lists=["list.txt"], recursive=True)) == expected
    with pytest.raises(InvalidInput, match="--recursive"):
        plan_of(lists=["list.txt"])


def test_a_list_of_paths_that_end_with_zero_bytes() -> None:
    """As `find -print0` writes them: any name a file can have."""
    Path("list").write_bytes(b"a.mp4\0line\nbreak.mp4\0{brace}.mp4\0 caf\xe9.mp4\0")
    expected = ["a.mp4", "line\nbreak.mp4", "{brace}.mp4", b" caf\xe9.mp4".decode("utf-8", "surrogateescape")]
    assert sources(plan_of(lists=["list"])) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a.mp4\n".encode("utf-16"), "UTF-16"),
        (b'[{"source": "a.mp4"}]', "one JSON list"),
        (b'[\n  {\n    "type": "result"\n  }\n]\n', "one JSON list"),
        (b'{\n  "source": "a.mp4"\n}\n', "on a line of its own"),
    ],
)
def test_what_is_no_list_of_lines_says_so(content: bytes, said: str) -> None:
    Path("list").write_bytes(content)
    with pytest.raises(InvalidInput, match=said):
        plan_of(lists=["list"])
    Path("list").write_text("[1].mp4\n")
    assert sources(plan_of(lists=["list"])) == ["[1].mp4"]


def test_a_list_of_items_keeps_their_fields() -> None:
    Path("items.jsonl").write_text(
        '{"source": "a.mp4", "title": "A", "tags": ["x"], "options": {"class_id": 3}}\n'
        '{"source": "a.mp4", "title": "B"}\n'
    )
    first, second = plan_of(lists=["items.jsonl"]).entries
    assert first.given() == {"title": "A", "tags": ("x",), "options": {"class_id": 3}}
    assert second.given() == {"title": "B"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"source": "a.mp4", "titel": "x"}', "titel"),
        ('{"title": "x"}', "source"),
        ('{"source": 7}', "source"),
        ('{"source": "a.mp4", "title": 7}', "title"),
        ('{"source": ""}', "empty"),
        ('{"source": "-"}', "needs a name"),
        ('{"source": "a.mp4"', "not a JSON object"),
        ('{"type": "result", "source": "a", "cloud": "c", "state": "done", "extra": 1}', "extra"),
        ('{"type": "result", "source": "a"}', "cloud"),
        ('{"type": "started", "source": "a"}', "type"),
        ("a\0b", "zero byte"),
    ],
)
def test_a_bad_line_is_named(line: str, said: str) -> None:
    Path("list").write_text(f"good.mp4\n{line}\n")
    with pytest.raises(InvalidInput, match=said) as caught:
        plan_of(lists=["list"])
    assert "list, line 2" in str(caught.value)


def test_a_list_that_cannot_be_read() -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        plan_of(lists=["missing"])


def test_a_report_skips_what_is_done_and_retries_the_rest() -> None:
    states = ("done", "failed", "cancelled", "ambiguous")
    Path("report").write_text("".join(result_line(f"{state}.mp4", state) + "\n" for state in states))
    notes = Notes()
    plan = plan_of("new.mp4", "done.mp4", "failed.mp4", lists=["report"], notes=notes)
    assert sources(plan) == ["new.mp4", "failed.mp4", "cancelled.mp4", "ambiguous.mp4"]
    assert [record["source"] for record in plan.settled] == ["done.mp4"]
    assert any("ambiguous" in note for note in notes)


def test_the_last_word_on_an_item_counts_and_another_cloud_has_none() -> None:
    lines = [
        result_line("a.mp4", "failed"),
        result_line("a.mp4", "done"),
        result_line("b.mp4", "done"),
        result_line("b.mp4", "failed"),
        result_line("c.mp4", "done", cloud="elsewhere"),
    ]
    Path("report").write_text("\n".join(lines) + "\n")
    assert sources(plan_of(lists=["report"])) == ["b.mp4", "c.mp4"]


def test_fields_come_from_the_item_list_and_states_from_the_report() -> None:
    Path("items").write_text('{"source": "a.mp4", "title": "A"}\n{"source": "b.mp4", "title": "B"}\n')
    Path("report").write_text(result_line("a.mp4", "done") + "\n" + result_line("b.mp4", "failed") + "\n")
    [entry] = plan_of(lists=["report", "items"]).entries
    assert (entry.source, entry.title) == ("b.mp4", "B")


def test_what_a_report_left_unfinished_keeps_the_fields_it_was_listed_with() -> None:
    listed = {"title": "A", "tags": ["x"]}
    Path("report").write_text(
        result_line("a.mp4", "failed", listed=listed)
        + "\n"
        + result_line("b.mp4", "done", listed={"title": "B"})
        + "\n"
    )
    for arguments in ([], ["a.mp4", "b.mp4"]):
        plan = plan_of(*arguments, lists=["report"])
        assert [(entry.source, entry.given()) for entry in plan.entries] == [("a.mp4", {"title": "A", "tags": ("x",)})]
        assert [(record["source"], record["listed"]) for record in plan.settled] == [("b.mp4", {"title": "B"})]


def test_a_newer_list_wins_over_what_a_report_was_made_of() -> None:
    Path("report").write_text(
        result_line("a.mp4", "failed", listed={"title": "Wrnog"}) + "\n"
        + result_line("b.mp4", "done", listed={"title": "B"}) + "\n"
    )  # fmt: skip
    Path("items").write_text(
        '{"source": "a.mp4", "title": "Wrong"}\n{"source": "b.mp4", "title": "B"}\n{"source": "b.mp4", "title": "C"}\n'
    )
    entries = plan_of(lists=["report", "items"]).entries
    assert [(entry.source, entry.title) for entry in entries] == [("a.mp4", "Wrong"), ("b.mp4", "C")]


@pytest.mark.parametrize("order", [("done", "failed"), ("failed", "done")])
def test_one_medium_does_not_settle_a_file_that_is_listed_for_two(order: tuple[str, str]) -> None:
    """The report of a file listed several times does not say which of its lines was for which fields."""
    lines = {"done": result_line("a.mp4", "done", media_id="1"), "failed": result_line("a.mp4", "failed")}
    Path("report").write_text("".join(lines[state] + "\n" for state in order))
    Path("items").write_text('{"source": "a.mp4", "title": "A"}\n{"source": "a.mp4", "title": "B"}\n')
    assert [entry.title for entry in plan_of(lists=["report", "items"]).entries] == ["A", "B"]
    Path("report").write_text(lines["done"] + "\n" + lines["done"].replace('"1"', '"2"') + "\n")
    assert plan_of(lists=["report", "items"]).entries == []


def test_a_report_with_fields_that_no_list_has_is_named() -> None:
    Path("report").write_text(result_line("a.mp4", "failed", listed={"titel": "A"}) + "\n")
    with pytest.raises(InvalidInput, match=r"report, line 1: .*titel"):
        plan_of(lists=["report"])


def test_a_report_cut_off_by_a_crash_is_still_a_list() -> None:
    Path("report").write_text(result_line("a.mp4", "done") + "\n" + result_line("b.mp4", "failed")[:40])
    plan = plan_of("b.mp4", lists=["report"])
    assert sources(plan) == ["b.mp4"]


def test_stdin_in_a_report_is_never_taken_for_a_file() -> None:
    Path("report").write_text(result_line("-", "done") + "\n")
    assert sources(plan_of("-", lists=["report"])) == ["-"]
    Path("report").write_text(result_line("-", "failed") + "\n")
    assert sources(plan_of("-", lists=["report"])) == ["-"]
    with pytest.raises(InvalidInput, match="stdin"):
        plan_of("a.mp4", lists=["report"])


def test_stdin_is_read_once() -> None:
    with pytest.raises(InvalidInput, match="once"):
        plan_of("-", lists=["-"])
