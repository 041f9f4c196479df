"""Finding people: who answers for whom, and two-stage networks that learn a few pictures by heart, all at once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from body.cse import cse_mesh
from densepose.checkpoints import read_checkpoint
from densepose.config import DetectorConfig, ModelConfig
from densepose.evaluation.boxes import box_figures
from densepose.models.detector import cell_centres
from densepose.models.regions import decode_boxes, encode_boxes
from densepose.people_finder import FoundPerson, PeopleFinder, bundled_finder
from densepose.predictor import load_predictor
from densepose.training.batches import NO_AUGMENTATION
from densepose.training.collages import Album
from densepose.training.detector import DetectorLearner, DetectorRecipe, answering
from densepose.training.loop import Schedule, train
from densepose.training.losses import LossWeights
from densepose.training.pictures import Picture, read_pictures
from densepose.training.rcnn import RcnnLearner, RcnnRecipe
from densepose.training.sampling import BACKGROUND, UNUSED, matched, sampled
from densepose.training.surfaces import Surfaces, surface_of_record
from labels.boxes import Box
from labels.errors import LabelError
from rendering.scenes.dataset import write_dataset

CPU = torch.device("cpu")
SMALL = ModelConfig(
    width=32, short_side_px=128, long_side_px=256, dense_pool_px=14, proposals_per_level=100, max_proposals=100,
    max_detections=10,
)  # fmt: skip
RECIPE = RcnnRecipe(
    batch=3, short_sides_px=(128,), rpn_samples=64, box_samples=48, dense_regions=3, augmentation=NO_AUGMENTATION,
    proposals_per_level=100,
    weights=LossWeights(coarse=1.0, chart=1.0, uv=8.0, uv_reduction="mean", uv_knee=0.05),
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Picture]:
    """Three small scenes with truth, of at least four people together."""
    folder = tmp_path_factory.mktemp("scenes")
    write_dataset(folder, count=3, seed=40, size=(128, 128), with_truth=True)
    found = read_pictures(folder)
    assert sum(len(picture.boxes) for picture in found) >= 4
    return found


def test_deltas_lead_to_the_wanted_box() -> None:
    rng = torch.Generator().manual_seed(0)
    corner, other = torch.rand(2, 20, 2, generator=rng) * 100
    boxes = torch.cat([corner, corner + 5 + torch.rand(20, 2, generator=rng) * 50], dim=1)
    wanted = torch.cat([other, other + 5 + torch.rand(20, 2, generator=rng) * 50], dim=1)
    weights = (10.0, 10.0, 5.0, 5.0)
    torch.testing.assert_close(
        decode_boxes(encode_boxes(wanted, boxes, weights), boxes, weights), wanted, atol=1e-3, rtol=0
    )


def test_boxes_stand_for_people_background_or_nothing() -> None:
    people, crowd = torch.tensor([[0.0, 0, 10, 20], [100, 0, 110, 20]]), torch.tensor([[50.0, 50, 90, 90]])
    boxes = torch.tensor(
        [[0.0, 0, 10, 19], [0, 0, 10, 10], [0, 0, 3, 3], [104, 0, 114, 20], [60, 60, 70, 70], [200, 0, 210, 20]]
    )
    owner = matched(boxes, people, crowd, 0.3, 0.7, keeps_best=True)
    assert owner.tolist() == [0, UNUSED, BACKGROUND, 1, UNUSED, BACKGROUND]  # 1 has nothing better
    strict = matched(boxes, people, crowd, 0.5, 0.5, keeps_best=False)
    assert strict.tolist() == [0, 0, BACKGROUND, BACKGROUND, UNUSED, BACKGROUND]
    found, background = sampled(torch.tensor([0] * 50 + [BACKGROUND] * 50), 16, 0.25, torch.Generator().manual_seed(0))
    assert (len(found), len(background)) == (4, 12)
    assert (found < 50).all()
    assert (background >= 50).all()
    assert matched(boxes, people[:0], crowd[:0], 0.3, 0.7, keeps_best=True).tolist() == [BACKGROUND] * 6


def test_cells_answer_for_people_of_their_levels_size() -> None:
    centres = torch.cat([cell_centres(20, 20, 8, CPU), cell_centres(10, 10, 16, CPU), cell_centres(5, 5, 32, CPU)])
    strides = torch.tensor([8.0] * 400 + [16.0] * 100 + [32.0] * 25)
    small, large = [20.0, 20.0, 50.0, 80.0], [10.0, 0.0, 150.0, 158.0]
    owner = answering(centres, strides, torch.tensor([small, large]))
    assert set(owner[:400].tolist()) == {-1, 0}
    assert set(owner[400:500].tolist()) == {-1, 1}
    assert set(owner[500:].tolist()) == {-1}
    at = centres[owner == 0]
    assert float((at - torch.tensor([35.0, 50.0])).abs().max()) < 12
    assert (answering(centres, strides, torch.zeros(0, 4)) == -1).all()


def test_a_region_sees_its_person_where_the_picture_does(pictures: list[Picture]) -> None:
    """Labels and points over a shifted region against those of the whole picture; then all of it mirrored."""
    picture = max(pictures, key=lambda of: len(of.boxes))
    height, width = picture.pixels().shape[:2]
    record, corners = picture.records[0], torch.from_numpy(picture.boxes[:1]).float()
    surface = surface_of_record(record, (height, width))
    region = corners + torch.tensor([[-6.0, -4.0, 5.0, 9.0]])
    people = Surfaces.of([surface], corners).chosen(torch.tensor([0]))
    batch = people.batch(region, 64)
    box = Box.from_xywh(record["bbox"])
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    x = (region[0, 0].item() + columns / 64 * (region[0, 2] - region[0, 0]).item() - box.x) / box.w * 256
    y = (region[0, 1].item() + rows / 64 * (region[0, 3] - region[0, 1]).item() - box.y) / box.h * 256
    is_in = (x > 0) & (x < 256) & (y > 0) & (y < 256)
    expected = np.where(is_in, surface.label[np.clip(y, 0, 255).astype(int), np.clip(x, 0, 255).astype(int)], 0)
    assert (batch.label[0].numpy() == expected).mean() > 0.995
    assert int((batch.chart > 0).sum()) == len(surface.chart)

    twice = surface.mirrored().mirrored()
    np.testing.assert_array_equal(twice.label, surface.label)
    np.testing.assert_array_equal(twice.chart, surface.chart)
    np.testing.assert_allclose(twice.keypoints, surface.keypoints)
    away = np.linalg.norm(cse_mesh().vertices[twice.vertex] - cse_mesh().vertices[surface.vertex], axis=1)
    assert np.quantile(away, 0.9) < 0.01


def test_more_is_proposed_in_training_than_in_use(pictures: list[Picture]) -> None:
    pupil = RcnnLearner(SMALL, pictures, [], replace(RECIPE, proposals_per_level=300), device=CPU)
    assert (pupil.model.rpn.config.proposals_per_level, pupil.config.proposals_per_level) == (300, 100)
    assert RcnnRecipe().proposals_per_level == 2000


def test_boxes_are_measured_to_the_hundredth() -> None:
    """Thirty people side by side, each found: a cut at 20 would say that a third was missed."""

    class FindsAll:
        def find(self, image: np.ndarray) -> list[FoundPerson]:
            return [FoundPerson(Box(20.0 * number, 0, 18, 40), 1 - number / 100) for number in range(30)]

    class Crowded(Picture):
        def pixels(self) -> np.ndarray:
            return np.zeros((40, 600, 3), np.uint8)

    left = 20.0 * np.arange(30)
    boxes = np.column_stack([left, 0 * left, left + 18, 0 * left + 40])
    figures = box_figures(FindsAll(), [Crowded(Path("x"), (40, 600), boxes, np.zeros(30, bool), ())])
    assert figures["AR"] == 1


def test_a_damaged_annotation_is_named_while_two_stages_learn(pictures: list[Picture]) -> None:
    picture = pictures[0]
    record = {**picture.records[0], "dp_x": [1.0]}
    damaged = replace(picture, boxes=picture.boxes[:1], is_crowd=picture.is_crowd[:1], records=(record,))
    with pytest.raises(LabelError, match=f"annotation {record['id']} of .*one length"):
        RcnnLearner(SMALL, [damaged], [], RECIPE, device=CPU).losses(0, 0, 1)


@pytest.mark.slow
def test_rcnn_learns_three_pictures_by_heart(pictures: list[Picture], tmp_path: Path) -> None:
    """Proposals, boxes, surface, mask and keypoints together; the file that is written finds the people again."""
    config = replace(SMALL, has_mask=True, has_keypoints=True)
    pupil = RcnnLearner(config, pictures, pictures, RECIPE, device=CPU)
    first = {name: float(value.detach()) for name, value in pupil.losses(0, 0, 1).items()}
    assert set(first) == {"rpn_score", "rpn_box", "score", "box", "coarse", "chart", "uv", "mask", "keypoints"}
    figures = train(pupil, Schedule(steps=60, learning_rate=3e-3, ema=0.9), tmp_path, device=CPU)
    last = {name: float(value.detach()) for name, value in pupil.losses(0, 0, 1).items()}
    for name in ("rpn_score", "score", "coarse", "chart", "uv", "mask", "keypoints"):
        assert last[name] < 0.6 * first[name], (name, first, last)
    assert figures["box AP 0.50"] > 0.6, figures
    predictor = load_predictor(tmp_path / "model.safetensors")
    picture = pictures[0]
    found = predictor.predict(picture.pixels())
    assert found[0].score > predictor.sure_score
    assert found[0].surface.chart.any()


@pytest.mark.slow
def test_embedding_joins_the_rcnn(pictures: list[Picture], tmp_path: Path) -> None:
    config = replace(SMALL, output="embedding")
    pupil = RcnnLearner(config, pictures[:1], [], replace(RECIPE, batch=1), device=CPU)
    first = float(pupil.losses(0, 0, 1)["embedding"].detach())
    train(pupil, Schedule(steps=15, learning_rate=3e-3, ema=0.5), tmp_path, device=CPU)
    assert float(pupil.losses(0, 0, 1)["embedding"].detach()) < 0.8 * first
    box = Box(*picture_box(pictures[0]))
    [person] = load_predictor(read_checkpoint(tmp_path / "model.safetensors")).predict(pictures[0].pixels(), [box])
    assert person.surface.vertex is not None


def picture_box(picture: Picture) -> list[float]:
    x0, y0, x1, y1 = picture.boxes[0].tolist()
    return [x0, y0, x1 - x0, y1 - y0]


@pytest.mark.slow
def test_detector_learns_to_find_people(pictures: list[Picture], tmp_path: Path) -> None:
    config = DetectorConfig(width=32, n_tower_convs=1, long_side_px=128)
    recipe = DetectorRecipe(batch=3, sides=(128,), augmentation=NO_AUGMENTATION)
    pupil = DetectorLearner(config, Album.of(pictures), pictures, recipe, device=CPU)
    first = {name: float(value.detach()) for name, value in pupil.losses(0, 0, 1).items()}
    train(pupil, Schedule(steps=30, learning_rate=3e-3, ema=0.8), tmp_path, device=CPU)
    last = {name: float(value.detach()) for name, value in pupil.losses(0, 0, 1).items()}
    assert last["score"] < 0.9 * first["score"]
    assert last["box"] < 0.8 * first["box"]
    finder = PeopleFinder(read_checkpoint(tmp_path / "model.safetensors"), score_threshold=0.02)
    assert box_figures(finder, pictures)["AR 0.50"] > 0.3


def test_bundled_detector_finds_the_astronaut_and_synthetic_people(pictures: list[Picture]) -> None:
    import skimage.data

    finder = bundled_finder()
    assert finder is not None
    photo = np.asarray(skimage.data.astronaut())
    [best, *others] = finder.find(photo)
    assert best.box.x < 80
    assert best.box.x + best.box.w > 350
    assert best.box.h > 400
    assert len(others) <= 1
    assert box_figures(finder, pictures)["recall"] >= 0.5
    assert finder.find(np.full((90, 200, 3), 120, np.uint8)) == []
