"""The results folder: what survives a kill, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from avatar_app.study.results import Results, read_results
from avatar_app.types import AvatarAppError

HEADER = {
    "app": "1",
    "model": "m",
    "model_sha256": "s",
    "detector": "d",
    "seconds": 2.4,
    "stride": 2,
    "contents": {"clip/talk": "a"},
}


def test_a_row_cut_off_by_a_kill_is_dropped_and_written_again(tmp_path: Path) -> None:
    """The rows before it stay, and the next one begins a line of its own."""
    results = Results(tmp_path, HEADER)
    results.add({"id": "one"})
    with (tmp_path / "trials.jsonl").open("a") as file:
        file.write('{"id":"tw')
    again = Results(tmp_path, HEADER)
    assert again.known == {"one"}
    again.add({"id": "two"})
    assert [row["id"] for row in read_results(tmp_path)[1]] == ["one", "two"]


def test_a_trial_that_two_processes_did_counts_once(tmp_path: Path) -> None:
    """Both wrote into one folder."""
    first, second = Results(tmp_path, HEADER), Results(tmp_path, HEADER)
    for results, name in ((first, "one"), (second, "one"), (second, "two"), (first, "two")):
        results.add({"id": name})
    assert [row["id"] for row in read_results(tmp_path)[1]] == ["one", "two"]


@pytest.mark.parametrize(
    "what", ["model", "model_sha256", "detector", "app", "seconds", "stride", "contents"]
)
def test_a_folder_of_another_study_is_refused(tmp_path: Path, what: str) -> None:
    """Rows of two models, detectors, versions, lengths or clips of one name are never mixed."""
    Results(tmp_path, HEADER)
    other = {"clip/talk": "b"} if what == "contents" else "other"
    with pytest.raises(AvatarAppError, match="choose another folder"):
        Results(tmp_path, {**HEADER, what: other})
    Results(tmp_path, {**HEADER, "contents": {"clip/walk": "b"}})  # one more is welcome


def test_a_folder_of_another_format_is_refused(tmp_path: Path) -> None:
    """What an older or newer app wrote is neither read nor changed."""
    (tmp_path / "study.json").write_text('{"format": 99}')
    with pytest.raises(AvatarAppError, match="another version"):
        Results(tmp_path, HEADER)
    with pytest.raises(AvatarAppError, match="another version"):
        read_results(tmp_path)


def test_a_folder_without_a_study_has_no_report(tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(AvatarAppError, match="holds no study"):
        read_results(tmp_path)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    """By its number."""
    Results(tmp_path, HEADER).add({"id": "one"})
    rows = tmp_path / "trials.jsonl"
    rows.write_text("rubbish\n" + rows.read_text())
    with pytest.raises(AvatarAppError, match="line 1"):
        Results(tmp_path, HEADER)


def test_what_a_study_keeps_meanwhile_is_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """A user's folder of whatever name stays, and another study's too."""
    mine = tmp_path / "cache" / "mine.txt"
    mine.parent.mkdir()
    mine.touch()
    results = Results(tmp_path, HEADER)
    before = set(tmp_path.iterdir())
    with results.cache() as one, results.cache() as other:
        Path(one, "stage.npz").touch()
        assert Path(one).parent == Path(other).parent == tmp_path
        assert one != other
    results.leave_if_nothing_new()
    assert mine.is_file()
    assert set(tmp_path.iterdir()) < before


def test_clips_that_could_not_be_used_are_not_said_to_be_in_the_study(tmp_path: Path) -> None:
    """Who goes on with a clip that shows nobody has a study of what was measured before."""
    measured = Results(tmp_path, {**HEADER, "clips": ["talk"]})
    measured.add({"id": "one"})
    before = read_results(tmp_path)
    more = {"clips": ["wall"], "contents": {"clip/wall": "b"}}
    Results(tmp_path, {**HEADER, **more}).leave_if_nothing_new()
    assert read_results(tmp_path) == before
    grown = Results(tmp_path, {**HEADER, **more})
    grown.add({"id": "two"})
    grown.leave_if_nothing_new()
    assert read_results(tmp_path)[0]["clips"] == ["talk", "wall"]


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    """Linux has a device that is always full."""
    results = Results(tmp_path, HEADER)
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    (tmp_path / "trials.jsonl").symlink_to("/dev/full")
    with pytest.raises(AvatarAppError, match="disk is full"):
        results.add({"id": "one"})
