"""Wrong words on the command line: answered at once, in one line, before anything is read or run."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from body.geodesics import GeodesicsFileError
from body.topology import AtlasError
from densepose import __main__ as command
from densepose.__main__ import main
from densepose.training.loop import NonFiniteLossError, Schedule
from rendering.scenes.__main__ import main as draw_scenes

TRAIN = ["train", "--data", "nowhere", "--out", "nowhere/run"]
EVALUATE = ["evaluate", "--weights", "lite", "--data", "x.json", "--images", "."]


@pytest.mark.parametrize(
    "words",
    [
        [*TRAIN, "--steps", "-5"],
        [*TRAIN, "--minutes", "-1"],
        [*TRAIN, "--minutes", "nan"],
        [*TRAIN, "--steps", "5", "--accumulate", "0"],
        [*TRAIN, "--steps", "5", "--rate", "0"],
        [*TRAIN, "--steps", "5", "--batch", "0"],
        [*TRAIN, "--steps", "5", "--seed", "-1"],
        [*EVALUATE, "--limit", "-1"],
        ["benchmark", "--threads", "0"],
        ["benchmark", "--people", "0"],
    ],
)
def test_numbers_out_of_range_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert "must be a" in capsys.readouterr().err


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 0}, {"steps": -5}, {"minutes": -1.0}, {"minutes": float("nan")}, {"steps": 1, "accumulate": 0},
        {"steps": 1, "learning_rate": 0.0}, {"steps": 1, "ema": 1.0}, {"steps": 1, "precision": "fp8"},
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_kept_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Schedule(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("device", ["gpu", "cuda"])
@pytest.mark.parametrize(
    "words", [["predict", "x.png", "--out", "y.png"], [*TRAIN, "--steps", "1"], EVALUATE, ["benchmark"]]
)
def test_a_device_that_is_not_there_is_an_error(
    words: list[str], device: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--device", device]) == 1
    assert "the device must be cpu, or cuda where there is a GPU" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_without_dense_points_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "iscrowd": 0, "area": 9}],
    }
    file = tmp_path / "plain.json"
    file.write_text(json.dumps(document))
    assert main(["evaluate", "--weights", "lite", "--data", str(file), "--images", str(tmp_path)]) == 1
    assert "has DensePose points: there is nothing to measure against" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error", [NonFiniteLossError("x"), GeodesicsFileError("x"), AtlasError("x"), cv2.error("x")], ids=type
)
def test_errors_of_ours_are_said_in_a_line(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_options: object) -> None:
        raise error

    monkeypatch.setattr(command, "_convert", fail)
    assert main(["convert", "a", "b"]) == 1
    assert capsys.readouterr().err == "densepose convert: x\n"


def test_who_stops_a_command_is_spared_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_convert", stop)
    assert main(["convert", "a", "b"]) == 130
    assert capsys.readouterr().err == "\ndensepose convert: stopped\n"


def test_where_to_write_is_looked_at_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, complaint in {"picture.xyz": "must end as pictures do", "none/picture.png": "there is no folder"}.items():
        assert main(["predict", str(tmp_path / "absent.jpg"), "--out", str(tmp_path / name)]) == 1
        assert complaint in capsys.readouterr().err


def test_a_box_may_begin_outside_of_the_picture(our_file: Path, photo: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    words = ["predict", str(tmp_path / "photo.png"), "--weights", str(our_file), "--arrays", str(tmp_path / "out.npz")]
    assert main([*words, "--box", "-5,0,30,40"]) == 0
    with np.load(tmp_path / "out.npz") as stored:
        assert stored["box_1"].tolist() == [0, 0, 25, 40]


@pytest.mark.parametrize("words", [["--seed", "-1"], ["--processes", "0"]])
def test_scenes_refuse_numbers_out_of_range(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        draw_scenes(["--count", "1", "--out", str(tmp_path / "out"), *words])
    assert "or more" in capsys.readouterr().err
