"""Training: the lite network learns a few synthetic people by heart, resumes after a kill, and refuses bad data."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from body.atlas import iuv_of, surface_of
from body.canonical import load_canonical_body
from body.surface import SurfacePoints, mirror, positions
from densepose.__main__ import main
from densepose.checkpoints import CheckpointError, begin_with, read_checkpoint
from densepose.config import LiteConfig
from densepose.models.heads import ChartMaps
from densepose.models.lite import LiteDensePose
from densepose.predictor import LitePredictor, load_predictor
from densepose.training.batches import NO_AUGMENTATION, Augmentation, Batch, make_batch
from densepose.training.examples import SOME_PART, UNKNOWN, People, Source
from densepose.training.lite import LiteLearner, LiteRecipe, order_of_step
from densepose.training.loop import NonFiniteLossError, Schedule, train
from densepose.training.losses import LOSS_WEIGHTS, coarse_loss, point_losses
from labels.boxes import Box
from labels.errors import LabelError
from rendering.scenes.dataset import write_dataset
from webapp.local.environment import ROOT

CONFIG = LiteConfig(width=32, n_context_convs=1, crop_px=64)
RECIPE = LiteRecipe(batch=4, crop_px=64, n_points=48, augmentation=NO_AUGMENTATION)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    write_dataset(folder, count=6, seed=40, size=(160, 160), with_truth=True)
    return folder


@pytest.fixture(scope="module")
def people(data: Path) -> People:
    return People([Source.of(data)], CONFIG.margin)


def learner(people: People, **changes: object) -> LiteLearner:
    return LiteLearner(CONFIG, people, None, replace(RECIPE, **changes), device=CPU, is_pretrained=False)  # type: ignore[arg-type]


def batch_of(people: People, **changes: object) -> Batch:
    settings = {"crop_px": 128, "n_points": 64, "augmentation": NO_AUGMENTATION, "is_dense": False}
    rng = np.random.default_rng(changes.pop("seed", 0))
    made = make_batch([people[0], people[1]], rng=rng, **(settings | changes))  # type: ignore[arg-type]
    return made.normalised(CONFIG)


def losses_of(pupil: LiteLearner) -> dict[str, float]:
    pupil.model.train()
    return {name: float(value.detach()) for name, value in pupil.losses(0, 0, 1).items()}


def test_points_lie_on_their_parts(people: People) -> None:
    """Whatever an example is turned and mirrored by, its points stay on the labels of their own parts."""
    from body.parts import PART_OF_CHART

    for seed in range(6):
        batch = batch_of(people, augmentation=Augmentation(mirror=seed % 2), is_dense=seed > 2, seed=seed)
        side = batch.label.shape[1]
        cell = ((batch.grid[:, :, 0] + 1) / 2 * side).long().clamp(0, side - 1)
        of_points = np.array(PART_OF_CHART)[batch.chart.numpy()]
        under = batch.label[torch.arange(2)[:, None], cell[..., 1], cell[..., 0]].numpy()
        is_point = batch.chart.numpy() > 0
        assert is_point.sum() > 40
        # A cell of four pixels takes the label of its middle, so points near a border may lie on the neighbour's.
        assert (under == of_points)[is_point].mean() > 0.7


def test_mirroring_twice_changes_nothing_and_agrees_with_the_mesh() -> None:
    from body.atlas import mirror_iuv

    rng = np.random.default_rng(3)
    triangle = rng.integers(0, 13_774, 2_000).astype(np.int32)
    points = SurfacePoints(triangle, rng.dirichlet(np.ones(3), 2_000))
    vertices = load_canonical_body().vertices
    chart, u, v = iuv_of(points)
    once = mirror_iuv(chart, u, v)
    mirrored = positions(surface_of(*once), vertices)
    assert np.abs(mirrored - positions(mirror(points), vertices)).max() < 1e-4
    twice = positions(surface_of(*mirror_iuv(*once)), vertices)
    assert np.quantile(np.linalg.norm(twice - positions(points, vertices), axis=1), 0.99) < 1e-3


def test_losses_are_those_computed_by_hand() -> None:
    logits = torch.zeros(1, 15, 1, 4)
    logits[0, 3, 0, 0] = 2.0
    label = torch.tensor([[[3, SOME_PART, UNKNOWN, 0]]])
    by_hand = -(2 - np.log(np.exp(2) + 14)) - np.log(14 / 15) - np.log(1 / 15)
    assert float(coarse_loss(logits, label)) == pytest.approx(by_hand / 3, abs=1e-5)

    maps = ChartMaps(torch.zeros(1, 15, 2, 2), *(torch.zeros(1, 25, 2, 2) for _ in range(3)))
    maps.u[:, 5], maps.v[:, 5] = 0.5, 0.25
    batch = Batch(
        torch.zeros(1, 3, 8, 8), torch.full((1, 2, 2), UNKNOWN), torch.zeros(1, 2, 1, 2), torch.tensor([[5, 0]]),
        torch.tensor([[[0.8, 0.0], [0.25, 0.0]]]),
    )  # fmt: skip
    chart, uv = point_losses(maps, batch, LOSS_WEIGHTS["s1x"])
    assert float(chart) == pytest.approx(np.log(25), abs=1e-5)
    assert float(uv) == pytest.approx(0.5 * 0.3**2, abs=1e-6)


def test_order_of_steps_is_rounds_of_all() -> None:
    rows = [row for step in range(5) for row in order_of_step(7, 3, step, seed=1)]
    assert sorted(rows[:7]) == sorted(rows[7:14]) == list(range(7))
    assert rows[:7] != rows[7:14]


@pytest.mark.slow
def test_lite_learns_ten_people_by_heart(people: People, tmp_path: Path) -> None:
    assert len(people) >= 10
    out = tmp_path / "run"
    pupil = LiteLearner(CONFIG, people, None, replace(RECIPE, batch=10, backbone_rate=0.5), device=CPU)
    first = losses_of(pupil)
    train(pupil, Schedule(steps=110, learning_rate=5e-3, ema=0.9), out, device=CPU)
    last = losses_of(pupil)
    assert last["coarse"] < 0.2 * first["coarse"], (first, last)
    assert last["chart"] < 0.4 * first["chart"], (first, last)
    assert last["uv"] < 0.2 * first["uv"], (first, last)

    predictor = load_predictor(out / "model.safetensors")
    with pytest.raises(ValueError, match="detects nobody"):
        LitePredictor(read_checkpoint(out / "model.safetensors")).predict(people.image(0))
    box = Box.from_xywh(people.record(0)["bbox"])
    [person] = predictor.predict(people.image(0), [box])
    assert person.window.width >= box.w
    assert person.part.shape == person.window.shape
    assert person.part.max() <= 14

    damaged = tmp_path / "damaged.safetensors"
    content = bytearray((out / "model.safetensors").read_bytes())
    content[-100] ^= 0xFF
    damaged.write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        read_checkpoint(damaged)


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_it_had_not_been(data: Path, people: People, tmp_path: Path) -> None:
    """A command that is killed in the middle and started again ends with the bytes of one that ran through."""
    schedule = Schedule(steps=14, save_every_s=0)
    train(learner(people), schedule, tmp_path / "whole", device=CPU)
    script = (
        "import sys, torch\n"
        "from pathlib import Path\n"
        "from tests.densepose.test_training import CONFIG, CPU, learner\n"
        "from densepose.training.examples import People, Source\n"
        "from densepose.training.loop import Schedule, train\n"
        "people = People([Source.of(Path(sys.argv[1]))], CONFIG.margin)\n"
        "train(learner(people), Schedule(steps=14, save_every_s=0, log_every=1), Path(sys.argv[2]), device=CPU)\n"
    )
    words = [sys.executable, "-c", script, str(data), str(tmp_path / "cut")]
    environment = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    child = subprocess.Popen(words, cwd=ROOT, env=environment)
    state = tmp_path / "cut" / "state.safetensors"
    log = tmp_path / "cut" / "log.jsonl"
    while not (state.exists() and log.exists() and log.read_text().count("\n") >= 4):
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert json.loads(log.read_text().splitlines()[-1])["step"] < 14
    train(learner(people), schedule, tmp_path / "cut", device=CPU)
    whole, cut = (read_checkpoint(tmp_path / name / "model.safetensors").tensors for name in ("whole", "cut"))
    assert max(float((whole[name] - cut[name]).abs().max()) for name in whole) < 1e-3


def test_a_loss_that_is_no_number_stops_training(people: People, tmp_path: Path) -> None:
    pupil = learner(people)
    with torch.no_grad():
        pupil.model.output.bias.fill_(float("nan"))
    with pytest.raises(NonFiniteLossError, match="step 0"):
        train(pupil, Schedule(steps=2), tmp_path, device=CPU)
    assert not (tmp_path / "model.safetensors").exists()


def test_another_run_is_not_gone_on_with(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same words do nothing more; other ones are refused by name instead of ending with the old network."""
    own = tmp_path / "config.json"
    own.write_text(json.dumps(asdict(CONFIG)))
    words = ["train", "--data", str(data), "--config", str(own), "--crop", "64", "--batch", "2", "--steps", "1"]
    words += ["--out", str(tmp_path / "run")]
    assert main(words) == 0
    made = tmp_path / "run" / "model.safetensors"
    assert main(words) == 0
    capsys.readouterr()
    wider = tmp_path / "wider.json"
    wider.write_text(json.dumps(asdict(replace(CONFIG, width=64))))
    for changed, name in (
        (["--seed", "1"], "seed"),
        (["--weights", str(made)], "start weights"),
        (["--config", str(wider)], "configuration"),
        (["--accumulate", "2"], "accumulate"),
    ):
        assert main([*words, *changed]) == 1
        assert f"holds another run: not the same are {name}; take another folder" in capsys.readouterr().err
    write_dataset(tmp_path / "others", count=2, seed=4, size=(96, 96))
    assert main([*words, "--data", str(tmp_path / "others")]) == 1
    assert "not the same are data;" in capsys.readouterr().err


def test_people_are_kept_on_the_device_by_the_command(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "train",
        "--data",
        str(data),
        "--crop",
        "64",
        "--batch",
        "2",
        "--steps",
        "2",
        "--out",
        str(tmp_path / "run"),
    ]
    assert main([*words, "--scenery", str(data / "images")]) == 1
    assert "add --on-device" in capsys.readouterr().err
    assert main([*words, "--on-device", "--scenery", str(data / "images")]) == 0
    assert read_checkpoint(tmp_path / "run" / "model.safetensors").tensors
    assert main([*words, "--on-device"]) == 1  # another run: without scenery its crops are others
    assert "not the same are scenery;" in capsys.readouterr().err


def test_weights_to_begin_with_fit_or_what_begins_new_is_said(caplog: pytest.LogCaptureFixture) -> None:
    start = {name: of for name, of in LiteDensePose(CONFIG).state_dict().items() if of.is_floating_point()}
    model = LiteDensePose(CONFIG)
    begin_with(model, start)
    assert torch.equal(model.output.weight, start["output.weight"])
    assert not caplog.records  # counters of norms are nothing to tell
    begin_with(LiteDensePose(replace(CONFIG, n_context_convs=2)), start)
    assert "begin new: " in caplog.text
    for changes in ({"width": 64}, {"n_context_convs": 2}):
        others = LiteDensePose(replace(CONFIG, **changes)).state_dict()
        with pytest.raises(CheckpointError, match="of another configuration"):
            begin_with(LiteDensePose(CONFIG), others)


def test_damaged_annotations_are_named(data: Path, tmp_path: Path) -> None:
    document = json.loads((data / "annotations.json").read_text())
    document["annotations"][0]["dp_I"][0] = 25
    (tmp_path / "images").symlink_to(data / "images")
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    people = People([Source.of(tmp_path)], 0.15)
    with pytest.raises(LabelError, match=f"annotation {document['annotations'][0]['id']} of .*dp_I"):
        people[0]


def test_lessons_made_ahead_by_others_are_the_same(data: Path) -> None:
    alone, ahead = (
        LiteLearner(
            CONFIG, People([Source.of(data)], CONFIG.margin), None, RECIPE, device=CPU, is_pretrained=False,
            workers=workers, parts=2,
        )
        for workers in (0, 2)
    )  # fmt: skip
    for step, share in ((3, 0), (3, 1), (4, 0), (4, 1)):
        one, other = alone.batch(step, share, 2), ahead.batch(step, share, 2)
        for name in ("images", "label", "grid", "chart", "uv"):
            assert torch.equal(getattr(one, name), getattr(other, name)), (step, share, name)
    with pytest.raises(ValueError, match="part 1 of step 9 was asked for, 0 of 5 is made ahead"):
        ahead.batch(9, 1, 2)


def test_lessons_made_on_the_device_depend_on_the_step_alone(people: People) -> None:
    one, other = (learner(people, is_on_device=True) for _ in range(2))
    one.batch(0, 0, 1)
    made, again = one.batch(3, 1, 2), other.batch(3, 1, 2)
    for name in ("images", "label", "grid", "chart", "uv"):
        assert torch.equal(getattr(made, name), getattr(again, name)), name


def test_people_read_once_by_several_are_those_read_one_by_one(data: Path) -> None:
    one_by_one, at_once = (People([Source.of(data)], CONFIG.margin) for _ in range(2))
    at_once.fill(2)
    assert len(at_once) > 1
    for index in range(len(at_once)):
        made, kept = one_by_one[index], at_once[index]
        assert (made.image == kept.image).all()
        assert (made.label == kept.label).all()
        assert (made.xy == kept.xy).all()
