"""Lessons made on the training device against those made by processors."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from densepose.training.batches import NO_AUGMENTATION, Augmentation, make_batch
from densepose.training.examples import SOME_PART, STORED_PX, UNKNOWN, Example
from densepose.training.on_device import PeopleOnDevice, _compressed, cuttings, recoloured

CPU = torch.device("cpu")
PLACES = Augmentation(colour=0, grey=0, blur=0, erase=0, coarse=0, noise=0, compress=0, scenery=0, cloth=0)


class Few:
    """People made up: a coloured one with truth at pixels, and one of whom only the outline is known."""

    def __init__(self) -> None:
        rng = np.random.default_rng(3)
        image = cv2.GaussianBlur(rng.integers(0, 256, (STORED_PX, STORED_PX, 3), dtype=np.uint8), (0, 0), 6)
        label = np.zeros((STORED_PX, STORED_PX), np.uint8)
        label[40:200, 60:120], label[40:200, 120:180], label[:, 250:] = 3, 4, UNKNOWN
        dense = np.zeros((STORED_PX, STORED_PX, 3), np.uint8)
        dense[40:200, 60:180] = (2, 120, 90)
        xy = rng.uniform(60, 180, (30, 2))
        chart = rng.integers(1, 25, 30).astype(np.uint8)
        self.people = [
            Example(image, label, xy, chart, rng.uniform(0.3, 0.7, (30, 2)), dense),
            Example(image[::-1].copy(), np.where(label == 3, SOME_PART, 0).astype(np.uint8), *_nothing(), None),
        ]

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, index: int) -> Example:
        return self.people[index]


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.zeros((0, 2)), np.zeros(0, np.uint8), np.zeros((0, 2))


def batch(people: PeopleOnDevice, how: Augmentation, rows: tuple[int, ...] = (0, 1), **others: object):
    options = {"crop_px": 128, "n_points": 64, "is_dense": False, "rng": np.random.default_rng(5)} | others
    return people.batch(rows, augmentation=how, **options)


def test_unchanged_people_are_the_same_as_made_by_a_processor() -> None:
    few = Few()
    here = batch(PeopleOnDevice(few, CPU), NO_AUGMENTATION)
    there = make_batch(
        few.people, crop_px=128, n_points=64, augmentation=NO_AUGMENTATION, is_dense=False, rng=np.random.default_rng(5)
    )
    assert (here.images - there.images.float()).abs().max() < 3  # OpenCV counts in 32nds of a pixel
    assert (here.label == there.label).float().mean() > 0.995
    assert {int(label) for label in here.label.unique()} == {0, 3, 4, SOME_PART}
    for mine, other in zip(_points(here), _points(there), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)


def _points(made) -> list[torch.Tensor]:
    """Return the points of each person, in order of place."""
    found = []
    for row in range(len(made.chart)):
        is_point = made.chart[row] > 0
        rows = torch.cat([made.grid[row, :, 0], made.chart[row, :, None], made.uv[row].T], dim=1)[is_point]
        found.append(rows[rows[:, 0].argsort()])
    return found


@pytest.mark.parametrize("is_dense", [False, True])
def test_points_stay_where_they_are_on_the_picture(is_dense: bool) -> None:
    """A picture that shows its own places tells at each point where it was before it was turned and mirrored."""
    few = Few()
    place = np.zeros((STORED_PX, STORED_PX, 3), np.uint8)
    place[..., 0], place[..., 1] = np.meshgrid(np.arange(STORED_PX), np.arange(STORED_PX))
    person = few.people[0]
    few.people[0] = Example(place, person.label, person.xy, person.chart, person.uv, person.dense)
    made = batch(PeopleOnDevice(few, CPU), PLACES, rows=(0,) * 16, is_dense=is_dense, annotated_share=0.5)
    at = torch.nn.functional.grid_sample(made.images, made.grid, align_corners=False)[:, :2, :, 0].transpose(1, 2)
    is_inner = (made.chart > 0) & (made.grid[:, :, 0].abs() < 0.95).all(dim=2)
    away = torch.cdist(at[is_inner].double() + 0.5, torch.from_numpy(person.xy)).min(dim=1).values
    is_annotated = away < 0.7
    assert is_annotated.float().mean() > (0.45 if is_dense else 0.99)
    inside = (at[is_inner] > torch.tensor([59.0, 39.0])) & (at[is_inner] < torch.tensor([180.0, 200.0]))
    assert inside.all()


def test_mirrored_people_have_the_charts_parts_and_uv_of_the_other_side() -> None:
    few = Few()
    people = PeopleOnDevice(few, CPU)
    how = Augmentation(0.0, 1.0, 0.0, 0.0, 1.0, *(8 * [0.0]))
    for is_dense in (False, True):
        here = batch(people, how, rows=(0,), is_dense=is_dense)
        there = make_batch(
            few.people[:1], crop_px=128, n_points=64, augmentation=how, is_dense=is_dense, rng=np.random.default_rng(5)
        )
        assert (here.label == there.label).float().mean() > 0.99
        mine, other = _points(here)[0], _points(there)[0]
        if is_dense:
            assert set(mine[:, 2].tolist()) == set(other[:, 2].tolist())
            torch.testing.assert_close(mine[0, 3:], other[0, 3:], atol=1e-4, rtol=0)
        else:
            torch.testing.assert_close(mine, other, atol=1e-5, rtol=0)


def test_a_person_without_truth_at_pixels_teaches_annotated_points_beside_one_who_has_it() -> None:
    few = Few()
    person = few.people[0]
    few.people[1] = Example(person.image, person.label, person.xy, person.chart, person.uv, None)
    made = batch(PeopleOnDevice(few, CPU), NO_AUGMENTATION, is_dense=True)
    assert (made.chart[0] == 2).all()
    assert sorted(made.chart[1][made.chart[1] > 0].tolist()) == sorted(person.chart.tolist())


def test_the_same_step_is_the_same_and_another_is_not() -> None:
    people = PeopleOnDevice(Few(), CPU, torch.randint(0, 256, (5, 3, STORED_PX, STORED_PX), dtype=torch.uint8))
    how = Augmentation(scenery=0.5, cloth=0.5)
    first = batch(people, how, rows=(0, 1) * 8)
    again = batch(people, how, rows=(0, 1) * 8)
    with torch.autocast("cpu", torch.bfloat16):
        in_half = batch(people, how, rows=(0, 1) * 8)
    assert torch.equal(first.images, in_half.images)
    other = batch(people, how, rows=(0, 1) * 8, rng=np.random.default_rng(6))
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.grid, again.grid)
    assert not torch.equal(first.images, other.images)
    assert float(first.images.min()) >= 0
    assert float(first.images.max()) <= 255


def test_scenery_comes_behind_people_and_cloth_onto_them() -> None:
    people = PeopleOnDevice(Few(), CPU, torch.full((2, 3, STORED_PX, STORED_PX), 250, dtype=torch.uint8))
    plain = batch(people, NO_AUGMENTATION).images
    label = batch(people, NO_AUGMENTATION, crop_px=128).label
    inner = torch.nn.functional.interpolate(label[:, None].float(), size=plain.shape[-2:])[:, 0]
    core = torch.nn.functional.max_pool2d(-inner[:, None], 9, 1, 4)[:, 0] < 0  # body with body around
    far = torch.nn.functional.max_pool2d(inner[:, None], 9, 1, 4)[:, 0] == 0
    behind = batch(people, Augmentation(0.0, 1.0, *(9 * [0.0]), scenery=1.0, cloth=0.0)).images
    assert (behind.movedim(1, -1)[far] > 249).all()
    torch.testing.assert_close(behind.movedim(1, -1)[core], plain.movedim(1, -1)[core])
    dressed = batch(people, Augmentation(0.0, 1.0, *(9 * [0.0]), scenery=0.0, cloth=1.0), rows=(0,) * 60).images
    is_same = (dressed == plain[0]).all(dim=1)
    assert is_same[:, far[0]].all()
    assert 0.3 < is_same[:, core[0]].float().mean() < 0.7  # each part by an even chance
    outlined = batch(people, Augmentation(0.0, 1.0, *(9 * [0.0]), scenery=0.0, cloth=1.0), rows=(1,)).images
    assert torch.equal(outlined, plain[1:])  # of whom no part is known


def test_scenery_covers_nobody_of_whom_only_points_are_known() -> None:
    few = Few()
    known = few.people[0]
    few.people[0] = Example(known.image, np.full_like(known.label, UNKNOWN), known.xy, known.chart, known.uv, None)
    people = PeopleOnDevice(few, CPU, torch.full((2, 3, STORED_PX, STORED_PX), 250, dtype=torch.uint8))
    plain = batch(people, NO_AUGMENTATION, rows=(0,))
    shown = batch(people, Augmentation(0.0, 1.0, *(9 * [0.0]), scenery=1.0, cloth=1.0), rows=(0,))
    assert (plain.chart > 0).any()
    assert torch.equal(shown.images, plain.images)


def test_colour_and_wear_change_what_they_say_and_nothing_else() -> None:
    torch.manual_seed(0)
    pixels = torch.nn.functional.interpolate(torch.rand(6, 3, 8, 8) * 200 + 20, size=(64, 64), mode="bilinear")
    chance = torch.Generator().manual_seed(1)

    def worn(**how: float) -> torch.Tensor:
        off: dict[str, float] = dict.fromkeys(("colour", "grey", "blur", "erase", "coarse", "noise", "compress"), 0.0)
        return recoloured(pixels.clone(), Augmentation(**(off | how)), np.random.default_rng(2), chance)

    torch.testing.assert_close(worn(), pixels)
    assert (worn(grey=1.0).std(dim=1) < 1e-3).all()
    for name in ("blur", "coarse", "noise", "compress", "erase", "colour"):
        away = (worn(**{name: 0.4 if name == "colour" else 1.0}) - pixels).abs()
        assert 0.05 < float(away.mean()) < 60, name


def test_compression_keeps_pictures_whole_where_its_step_is_small() -> None:
    torch.manual_seed(0)
    pixels = torch.rand(2, 3, 32, 32) * 255
    torch.testing.assert_close(_compressed(pixels, torch.full((2,), 1e-3)), pixels, atol=0.05, rtol=0)
    flat = torch.full((1, 3, 16, 16), 96.0)
    torch.testing.assert_close(_compressed(flat, torch.tensor([32.0])), flat, atol=3.0, rtol=0)


def test_cuttings_are_pieces_of_photographs_and_a_folder_without_any_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no \.jpg or \.png"):
        cuttings(tmp_path, 3)
    for name, value in (("a.png", 40), ("b.png", 200)):
        cv2.imwrite(str(tmp_path / name), np.full((90, 60, 3), value, np.uint8))
    pieces = cuttings(tmp_path, 5)
    assert pieces.shape == (5, 3, STORED_PX, STORED_PX)
    assert sorted(int(piece.float().mean()) for piece in pieces) == [40, 40, 40, 200, 200]
