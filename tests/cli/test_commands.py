"""Each command once as a process of its own, on real files, with a tiny untrained model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from avatar_app import cli, training_run
from avatar_app.settings import bundled
from tests.cli.process import DEMO_CLIP, FRAMES, Run, assert_one_sentence, started
from tests.test_training_run import CONFIG

FETCHED = ("vox-adv", "vox-adv-avatarify", "vgg19", "lpips", "face-alignment")


def test_animate(run: Run, clip: Path, model: Path, tmp_path: Path) -> None:
    """A video and everything beside it, each named at the end."""
    beside = ("--frames", "f.csv", "--events", "e.jsonl", "--stats", "s.json")
    result = run("animate", "mei", clip, "-o", "out.mp4", "--model", model, "--best-frame", *beside)
    assert result.returncode == 0, result.stderr
    for name in ("out.mp4", "f.csv", "e.jsonl", "s.json"):
        assert (tmp_path / name).stat().st_size > 0
        assert name in result.stdout
    assert json.loads((tmp_path / "s.json").read_text())["frames"] == FRAMES
    assert (tmp_path / "f.csv").read_text().startswith("frame,time_s,score,flags,")
    assert f"{FRAMES} of {FRAMES} frames" in result.stderr


def test_inspect(run: Run, call: Run, clip: Path, tmp_path: Path) -> None:
    """A report with its table and events, and in words what was found."""
    result = run("inspect", clip, "-o", "report")
    assert result.returncode == 0, result.stderr
    assert "No glitch was seen" in result.stdout
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"frames.csv", "events.jsonl", "report.html"}
    assert_one_sentence(call("inspect", "missing.mp4", "-o", "report"), "missing.mp4")
    still = call("inspect", bundled("assets", "avatars", "mei.png"), "-o", "of-a-still")
    assert still.returncode == 1
    assert "holds a single picture, which cannot be inspected; give a video." in still.stderr
    assert not (tmp_path / "of-a-still").exists()


def test_interrupted_animate_leaves_nothing(
    environment: dict[str, str], model: Path, tmp_path: Path
) -> None:
    """Ctrl-C in the middle is one line, 130, and an empty folder."""
    out = tmp_path / "out"
    out.mkdir()
    arguments = ["animate", "mei", DEMO_CLIP, "-o", out / "out.mp4", "--model", model]
    with started(environment, *arguments, "--stats", out / "s.json") as (process, stderr):
        assert "frames" in stderr.readline()  # the first frame is through
        assert list(out.iterdir())
        process.send_signal(signal.SIGINT)
        rest = stderr.read()
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "avatar-app: stopped."
    assert "Traceback" not in rest
    assert not list(out.iterdir())


def test_demo(environment: dict[str, str], clip: Path, model: Path, tmp_path: Path) -> None:
    """As a newcomer starts it: a video, a strip of pictures and the speed, each path printed.

    Of the clip that comes along it plays the beginning; `tests/animation/test_demo.py` all of it.
    """
    clip.with_suffix(".json").write_text('{"events": {"talking": [2, 6], "smile": [8, 10]}}')
    play = (
        "import pathlib, sys; from avatar_app import cli, settings; whole = settings.bundled\n"
        "def bundled(*parts):\n"
        "    return pathlib.Path(sys.argv[1]) if parts[1:] == ('demo', 'webcam.mp4')"
        " else whole(*parts)\n"
        "settings.bundled = bundled; sys.exit(cli.main(['demo', *sys.argv[2:]]))"
    )
    has_model = bundled("models", "fomm-mini.safetensors").is_file()
    given = [clip, *(() if has_model else ("--model", model))]
    result = subprocess.run(
        [sys.executable, "-c", play, *map(str, given)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr
    assert f"{FRAMES} of {FRAMES} frames" in result.stderr
    files = list((tmp_path / "demo-output").iterdir())
    assert len(files) == 3
    for path in files:
        assert str(path.relative_to(tmp_path)) in result.stdout


@pytest.mark.slow
def test_bench(run: Run, model: Path, tmp_path: Path) -> None:
    """The machine, a row for every runtime, and the figures as JSON."""
    result = run("bench", "--quick", "--model", model, "--json", "b.json")
    assert result.returncode == 0, result.stderr
    assert "processor: " in result.stdout
    assert json.loads((tmp_path / "b.json").read_text())["speedup"] > 0


def test_train(run: Run, call: Run, clip: Path, tmp_path: Path) -> None:
    """A run of a second leaves a model that `info` can read; a missing config is one sentence."""
    clips = tmp_path / "clips"
    clips.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (clips / name).write_bytes(clip.read_bytes())
    (tmp_path / "tiny.toml").write_text(CONFIG.format(clips=""))
    arguments = ("train", "tiny.toml", "--clips", clips, "-o", "run", "--minutes", "0.02")
    result = run(*arguments, "--device", "cpu")
    assert result.returncode == 0, result.stderr
    assert "model: run/tiny.safetensors" in result.stdout
    assert call("models", "info", "run/tiny.safetensors").returncode == 0
    assert_one_sentence(call("train", "missing.toml", "-o", "run2"), "missing.toml")


def test_a_run_stopped_before_it_began_has_nothing_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--resume is only advised where there is something to go on with."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(training_run, "train", interrupted)
    arguments = ["train", "tiny.toml", "-o", str(tmp_path)]
    assert cli.main(arguments) == 130
    assert capsys.readouterr().err == "avatar-app: stopped.\n"
    (tmp_path / training_run.CHECKPOINT).touch()
    assert cli.main(arguments) == 130
    assert "--resume" in capsys.readouterr().err


def test_evaluate(run: Run, call: Run, clip: Path, model: Path, tmp_path: Path) -> None:
    """Tables, remarks and numbers; a sheet only where one is asked for."""
    clips = tmp_path / "clips"
    clips.mkdir()
    clip_here = clips / "clip.mp4"
    clip_here.write_bytes(clip.read_bytes())
    result = run("evaluate", "--clips", clips, "--model", model, "--json", "q.json")
    assert result.returncode == 0, result.stderr
    assert "still source" in result.stdout
    assert json.loads((tmp_path / "q.json").read_text())["totals"]
    assert {path.name for path in tmp_path.iterdir()} == {"clips", "q.json"}
    sheet = ("--stride", FRAMES - 1, "--sheet", "sheet.png")
    assert "sheet.png" in call("evaluate", "--clips", clips, "--model", model, *sheet).stdout
    assert (tmp_path / "sheet.png").stat().st_size > 0


def test_study_lists_the_cases(run: Run, call: Run, tmp_path: Path) -> None:
    """Every case with its sentence; a misspelt one is met with the nearest names."""
    listed = run("study", "--list", "--cases", "hand_mouth,tongue")
    assert listed.returncode == 0, listed.stderr
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()][1:] == [
        "hand_mouth",
        "tongue",
    ]
    wrong = call("study", "-o", tmp_path / "study", "--cases", "hand_mout")
    assert wrong.returncode == 1
    assert "did you mean hand_mouth" in wrong.stderr
    far = call("study", "--list", "--cases", "foo")
    assert_one_sentence(far, "There is no case foo; `avatar-app study --list` names all of them.")


def test_models(run: Run, call: Run, model: Path) -> None:
    """`list` shows what is known, `info` one of them, `fetch` and `import` refuse politely."""
    listed = run("models", "list")
    assert listed.returncode == 0
    assert "vox-adv\tmodels fetch vox-adv (751 MB)" in listed.stdout
    rows = dict(line.split("\t")[:2] for line in listed.stdout.splitlines())
    assert all(rows[name].startswith(f"models fetch {name} (") for name in FETCHED)
    info = call("models", "info", model)
    assert info.returncode == 0
    assert "pictures: 256 x 256" in info.stdout
    assert "mirror: " in call("models", "info", "vox-adv").stdout
    assert_one_sentence(call("models", "info", "fomm-mimi"), "fomm-mini")
    assert_one_sentence(call("models", "fetch", "lpisp"), "did you mean lpips?")
    assert_one_sentence(call("models", "fetch", "foo"), f"{', '.join(FETCHED)}.")
    assert_one_sentence(call("models", "import", DEMO_CLIP), "webcam.mp4")


def test_avatars(run: Run, call: Run, home: Path, tmp_path: Path) -> None:
    """`add` keeps a photo under its name, and `list` shows it."""
    photo = tmp_path / "someone_new.png"
    photo.write_bytes(bundled("assets", "avatars", "mei.png").read_bytes())
    added = run("avatars", "add", photo)
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith("someone_new: ")
    assert f"someone_new\t{home}" in call("avatars", "list").stdout
    assert_one_sentence(call("avatars", "add", DEMO_CLIP), "webcam.mp4")
    removed = run("avatars", "remove", "someone_new")
    assert removed.returncode == 0, removed.stderr
    assert removed.stdout == f"removed: {home / 'data' / 'avatars' / 'someone_new.png'}\n"
    assert "someone_new" not in call("avatars", "list").stdout
    assert_one_sentence(call("avatars", "remove", "mei"), "mei comes with the app")


def test_a_removed_avatar_is_not_begun_with(call: Run, home: Path) -> None:
    """Where the settings had chosen it, they choose another, and that is said."""
    own = home / "data" / "avatars"
    own.mkdir(parents=True, exist_ok=True)
    (own / "me.png").touch()
    settings = home / "data" / "preferences.json"
    settings.write_text('{"avatar": "me", "label": false}')
    removed = call("avatars", "remove", "me")
    assert removed.returncode == 0, removed.stderr
    assert removed.stdout.endswith("me was your choice in the settings; the next start shows mei\n")
    assert json.loads(settings.read_text()) == {"label": False}
    settings.unlink()
    bundled_one = bundled("assets", "avatars", "mei.png")
    (own / "mei.png").write_bytes(bundled_one.read_bytes())
    assert (
        "mei is again the avatar that comes with the app" in call("avatars", "remove", "mei").stdout
    )
    assert f"mei\t{bundled_one}" in call("avatars", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["mei", "missing.mp4"], "missing.mp4"),
        (["mei", "."], "folder"),
        (["mei", "empty.mp4"], "empty.mp4"),
        (["mei", "text.mp4"], "text.mp4"),
        (["nobody", "CLIP"], "nobody"),
        (["text.mp4", "CLIP"], "text.mp4"),
        (["mei", "CLIP", "--model", "fomm-mimi"], "fomm-mini"),
        (["mei", "CLIP", "--model", "text.mp4"], "text.mp4"),
        (["mei", "CLIP", "-o", "/proc/out.mp4"], "/proc"),
        (["mei", "CLIP", "-o", "empty.mp4/out.mp4"], "empty.mp4"),
        (["mei", "CLIP", "--stats", "out.mp4"], "twice"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_input_is_one_sentence(
    arguments: list[str],
    word: str,
    clip: Path,
    model: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever is wrong with the files, the answer names it and nothing is left behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVATAR_APP_HOME", str(home))
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video at all\n" * 100)
    before = sorted(tmp_path.iterdir())
    given = [str(clip) if argument == "CLIP" else argument for argument in arguments]
    assert cli.main(["animate", "--model", str(model), "-o", "out.mp4", *given]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("avatar-app: ")
    assert complaint.count("\n") == 1
    assert word in complaint
    assert sorted(tmp_path.iterdir()) == before


def test_cuda_without_cuda_is_one_sentence(run: Run, clip: Path, model: Path) -> None:
    """A device that is not there is not silently replaced."""
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has an NVIDIA driver")
    result = run("animate", "mei", clip, "-o", "o.mp4", "--model", model, "--device", "cuda")
    assert_one_sentence(result, "CUDA")


def test_what_training_cannot_begin_from_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is played; nothing is ignored, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    given = ["--train-network", "1", "--weights", "x.npz", "-o", "y.npz"]
    assert cli.main(["calibrate", "--clips", "clips", *given]) == 1
    assert "x.npz holds no network" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())
