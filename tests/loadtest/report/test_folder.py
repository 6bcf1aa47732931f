"""A run's folder: whole or not there, never written over, and read back as it was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from loadtest.record.folder import RECORD, REPORTS, folder_name, read, write, write_file
from loadtest.record.record import BadRecord, Record

from .example import passed
from .records import RECORDS


def test_a_run_is_kept_under_when_and_what_it_was(tmp_path: Path) -> None:
    folder = write(passed(), tmp_path / "runs")
    assert folder == tmp_path / "runs" / "2026-11-22T14-31-steady-evening-3f9a"
    assert {file.name for file in folder.iterdir()} == {RECORD, *REPORTS}
    assert list((tmp_path / "runs").iterdir()) == [folder]


def test_what_was_written_is_read_from_the_folder_and_from_the_file(tmp_path: Path) -> None:
    folder = write(passed(), tmp_path)
    assert read(folder) == read(folder / RECORD) == passed()


def test_a_second_run_of_the_same_name_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    first = write(passed(), tmp_path)
    second = write(replace(passed(), notes=["another"]), tmp_path)
    assert second.name == f"{first.name}-2"
    assert read(first) == passed()


def test_a_file_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / folder_name(passed())).write_text("mine")
    assert write(passed(), tmp_path).name.endswith("-2")
    assert (tmp_path / folder_name(passed())).read_text() == "mine"


def test_a_record_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write(replace(passed(), figures={"comment.p99_ms": float("nan")}), tmp_path)
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=25, deadline=None)
@given(RECORDS)
def test_a_folder_s_name_holds_nothing_but_letters_digits_and_dashes(record: Record) -> None:
    name = folder_name(record)
    assert name
    assert all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in name)
    assert len(name) < 200


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    for text in ("one", "two"):
        write_file(text, file)
        assert file.read_text() == text
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_no_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    cases = {
        "[": "no JSON",
        "{}": "no `format`",
        '{"format": 1}': "format is 1; this version reads 2",
        '{"format": 2}': "damaged",
    }
    for text, complaint in cases.items():
        file.write_text(text)
        with pytest.raises(BadRecord, match=complaint) as caught:
            read(file)
        assert str(file) in str(caught.value)


def test_a_place_without_a_run_is_told_apart_from_no_place(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match=r"has no run\.json"):
        read(tmp_path)
    with pytest.raises(BadRecord, match="there is no"):
        read(tmp_path / "nowhere")


def test_a_field_that_this_version_does_not_know_is_damage(tmp_path: Path) -> None:
    file = tmp_path / RECORD
    file.write_text(json.dumps({**passed().as_json(), "colour": "red"}))
    with pytest.raises(BadRecord, match="colour"):
        read(file)
