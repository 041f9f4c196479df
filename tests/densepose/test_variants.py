"""DP-FCN, teacher, cascade and embeddings: shapes, gradients everywhere, and each learns three people by heart."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from body.cse import N_CSE_VERTICES, cse_mesh
from body.parts import PART_OF_CHART
from densepose.config import LiteConfig, preset
from densepose.models.cascade import CascadeDensePose, CascadeMaps
from densepose.models.embedding import embedding_loss, vertex_features
from densepose.models.fcn import DensePoseFCN
from densepose.models.heads import ChartMaps, EmbeddingOutput
from densepose.models.teacher import N_HINTS, Teacher, dense_targets, hint_maps
from densepose.training.batches import NO_AUGMENTATION, Batch, make_batch
from densepose.training.distillation import DistilledPeople
from densepose.training.examples import SOME_PART, STORED_PX, Example
from densepose.training.losses import LOSS_WEIGHTS, chart_losses

SMALL = LiteConfig(width=32, n_context_convs=1, crop_px=64)
GRID = 16
PEOPLE, POINTS = 3, 12


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Three people of noise, each with its own parts in stripes and points whose charts fit the parts."""
    rng = torch.Generator().manual_seed(0)
    label = torch.zeros(PEOPLE, GRID, GRID, dtype=torch.int64)
    for person in range(PEOPLE):
        for stripe in range(4):
            label[person, 3:13, 2 + 3 * stripe : 5 + 3 * stripe] = 1 + (3 * person + stripe) % 14
    row = torch.randint(3, 13, (PEOPLE, POINTS), generator=rng)
    column = torch.randint(2, 14, (PEOPLE, POINTS), generator=rng)
    part = label[torch.arange(PEOPLE)[:, None], row, column]
    chart = torch.tensor([PART_OF_CHART.index(int(p)) for p in part.flatten()]).view(PEOPLE, POINTS)
    grid = (torch.stack([column, row], dim=-1) + 0.5) / GRID * 2 - 1
    uv = torch.rand(PEOPLE, 2, POINTS, generator=rng)
    images = torch.randn(PEOPLE, 3, 64, 64, generator=rng)
    return Batch(images, label, grid[:, :, None].float(), chart, uv)


def hints_of(batch: Batch) -> Tensor:
    return hint_maps(batch.label, batch.grid, batch.chart, batch.uv)


def last_of(model: nn.Module, batch: Batch) -> ChartMaps:
    maps = model(batch.images, hints_of(batch)) if isinstance(model, Teacher) else model(batch.images)
    return maps.last if isinstance(maps, CascadeMaps) else maps


@pytest.mark.parametrize("build", [DensePoseFCN, Teacher, CascadeDensePose])
def test_three_people_are_learnt_by_heart(build: type[nn.Module], batch: Batch) -> None:
    torch.manual_seed(0)
    model = build(SMALL).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first: dict[str, float] = {}
    for step in range(60):
        maps = last_of(model, batch)
        losses = chart_losses(maps, batch, LOSS_WEIGHTS["lite"])
        total = sum(losses.values())
        optimizer.zero_grad()
        total.backward()
        if step == 0:
            first = {name: float(value.detach()) for name, value in losses.items()}
            unused = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
            assert all(name.startswith(("mask.", "keypoints.")) for name in unused), unused
        optimizer.step()
    assert float(total.detach()) < 0.25 * sum(first.values())
    for name, value in losses.items():
        assert float(value.detach()) < 0.4 * first[name], (name, first[name], float(value))


def test_fcn_takes_pictures_of_any_size() -> None:
    model = DensePoseFCN(SMALL).eval()
    with torch.inference_mode():
        maps = model(torch.randn(2, 3, 70, 101))
    assert maps.coarse.shape == (2, 15, 18, 26)
    assert maps.fine.shape == maps.u.shape == maps.v.shape == (2, 25, 18, 26)


def test_cascade_without_branches_and_with(batch: Batch) -> None:
    plain, whole = CascadeDensePose(SMALL, has_mask=False, has_keypoints=False), CascadeDensePose(SMALL)
    with torch.inference_mode():
        without, with_branches = plain.eval()(batch.images), whole.eval()(batch.images)
    assert without.mask is None
    assert without.keypoints is None
    assert with_branches.mask.shape == (PEOPLE, 1, GRID, GRID)
    assert with_branches.keypoints.shape == (PEOPLE, 17, GRID, GRID)
    # Untrained, the second stage repeats the first.
    assert float((without.last.u - without.first.u).abs().max()) < 0.5


def test_hints_say_what_is_annotated_and_no_more(batch: Batch) -> None:
    hints = hints_of(batch)
    assert hints.shape == (PEOPLE, N_HINTS, GRID, GRID)
    column, row = ((batch.grid[0, 0, 0] + 1) / 2 * GRID).long().tolist()
    assert hints[0, int(batch.chart[0, 0]), row, column] == 1
    assert hints[0, 27:, row, column].argmax() == batch.label[0, row, column]
    untold = hint_maps(batch.label, batch.grid, torch.zeros_like(batch.chart), batch.uv)
    assert not untold[:, :27].any()
    unknown = hint_maps(torch.full_like(batch.label, 255), batch.grid, batch.chart, batch.uv)
    assert not unknown[:, 27:].any()


def test_dense_targets_stay_inside_the_annotated_parts(batch: Batch) -> None:
    maps = ChartMaps(*(torch.randn(PEOPLE, n, GRID, GRID) for n in (15, 25, 25, 25)))
    dense = dense_targets(maps, batch.label)
    chart = dense[:, 0].long()
    np.testing.assert_array_equal(torch.tensor(PART_OF_CHART)[chart].numpy(), batch.label.numpy())
    assert not dense[:, 1:][(batch.label == 0)[:, None].expand(-1, 2, -1, -1)].any()
    assert float(dense[:, 1:].max()) <= 1
    assert not dense_targets(maps, torch.full_like(batch.label, 254)).any()


def test_distilled_people_have_a_surface_on_their_parts_only() -> None:
    """A teacher that is not trained still fills exactly the cells of annotated parts, each with a chart of its part."""
    torch.manual_seed(0)
    teacher = Teacher(SMALL).eval()
    label = np.zeros((STORED_PX, STORED_PX), np.uint8)
    label[80:160, 100:150] = 6
    label[160:200, 100:150] = SOME_PART
    image = np.full((STORED_PX, STORED_PX, 3), 100, np.uint8)
    example = Example(image, label, np.array([[120.0, 100.0]]), np.array([7], np.uint8), np.array([[0.3, 0.6]]), None)
    dense = DistilledPeople([example], teacher, SMALL)[0].dense
    chart = dense[:, :, 0]
    assert set(np.unique(chart)) <= {0, 7, 9}  # those of the right upper leg
    is_deep = np.zeros_like(label, dtype=bool)
    is_deep[86:154, 106:144] = True  # away from borders by a cell of the teacher's grid and more
    assert (chart[is_deep] > 0).all()
    assert not chart[:70].any()
    assert not chart[170:].any()


class Ramps(nn.Module):
    """A teacher that says chart 7 on the left and 9 on the right; v falls downwards."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor, hints: Tensor) -> ChartMaps:
        side = hints.shape[-1]
        along = ((torch.arange(side) + 0.5) / side).expand(len(images), side, side)
        fine, u, v = (torch.zeros(len(images), 25, side, side) for _ in range(3))
        fine[:, 7], fine[:, 9] = 1 - along, along
        u[:, 7], u[:, 9], v[:] = along, 0.25, 1 - along[:, None]
        return ChartMaps(torch.zeros(len(images), 15, side, side), fine, u, v)


def test_what_a_teacher_says_is_interpolated_inside_a_chart() -> None:
    label = np.full((STORED_PX, STORED_PX), 6, np.uint8)
    image = np.full((STORED_PX, STORED_PX, 3), 100, np.uint8)
    example = Example(image, label, np.array([[120.0, 100.0]]), np.array([7], np.uint8), np.array([[0.3, 0.6]]), None)
    dense = DistilledPeople([example], Ramps(), SMALL)[0].dense  # type: ignore[arg-type]
    row = dense[STORED_PX // 2, 30:226].astype(float)  # inside of the teacher's crop, away from its border
    along = (np.arange(30, 226) + 0.5 - STORED_PX / 2) * 1.25 / STORED_PX + 0.5
    is_left = row[:, 0] == 7
    assert (is_left == (along < 0.5)).all()
    assert np.abs(row[:, 2] / 255 - (1 - along))[np.abs(along - 0.5) > 0.02].max() < 0.6 / 255
    assert np.abs(row[:, 1] / 255 - along)[along < 0.48].max() < 0.6 / 255
    assert (row[~is_left, 1] == 64).all()  # nothing of the chart beside it


def test_annotated_points_count_beside_what_a_teacher_says() -> None:
    label = np.full((STORED_PX, STORED_PX), 6, np.uint8)
    image = np.full((STORED_PX, STORED_PX, 3), 100, np.uint8)
    dense = np.full((STORED_PX, STORED_PX, 3), 7, np.uint8)
    xy, chart, uv = np.full((30, 2), 128.0), np.full(30, 9, np.uint8), np.full((30, 2), 0.5)
    example = Example(image, label, xy, chart, uv, dense)
    shown = {"crop_px": 64, "n_points": 40, "augmentation": NO_AUGMENTATION, "is_dense": True}
    for share, expected in ((0.5, 20), (0.0, 0), (1.0, 30)):
        batch = make_batch([example], rng=np.random.default_rng(0), annotated_share=share, **shown)  # type: ignore[arg-type]
        assert int((batch.chart == 9).sum()) == expected
    few = make_batch(
        [replace(example, xy=xy[:3], chart=chart[:3], uv=uv[:3])],
        rng=np.random.default_rng(0),
        annotated_share=0.5,
        **shown,
    )  # type: ignore[arg-type]
    assert int((few.chart == 9).sum()) == 3


def test_embedding_head_learns_the_vertices_of_its_points() -> None:
    torch.manual_seed(0)
    head = EmbeddingOutput(preset("r50_cse_s1x"))
    head.features.normal_()
    features = torch.randn(2, 512, 4, 4)
    vertex = torch.randint(0, N_CSE_VERTICES, (2, 8))
    grid = torch.rand(2, 8, 1, 2) * 1.6 - 0.8
    optimizer = torch.optim.Adam(head.parameters(), lr=4e-2)
    for step in range(15):
        maps = head(features)
        at = F.grid_sample(maps.embedding, grid, align_corners=False)[..., 0].transpose(1, 2).flatten(0, 1)
        loss = embedding_loss(at, vertex.flatten(), maps.vertices)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            before = float(loss.detach())
            assert head.projection.grad.any()
            assert head.embedding.weight.grad.any()
        optimizer.step()
    assert float(loss) < 0.5 * before


def test_vertex_features_are_smooth_and_independent() -> None:
    features = vertex_features(6)
    assert features.shape == (N_CSE_VERTICES, 6)
    own = features[:6890].double()
    np.testing.assert_allclose((own.T @ own / 6890).numpy(), np.eye(6), atol=1e-4)
    faces = cse_mesh().faces.copy()
    step = (features[faces[:, 0]] - features[faces[:, 1]]).abs().mean(dim=0)
    assert float((step / features.std(dim=0)).max()) < 0.05


def test_embedding_loss_by_hand() -> None:
    vertices = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    pixel = torch.tensor([[1.0, 0.1]])  # squared distances 0.01 and 1.81
    hard = embedding_loss(pixel, torch.tensor([0]), vertices)
    assert float(hard) == pytest.approx(np.log1p(np.exp(-180)), abs=1e-6)
    other = embedding_loss(pixel, torch.tensor([1]), vertices)
    assert float(other) == pytest.approx(180, rel=1e-4)
    # 7 mm away on the body: the target is shared 1 : exp(-0.7).
    share = np.exp(-0.7) / (1 + np.exp(-0.7))
    soft = embedding_loss(pixel, torch.tensor([0]), vertices, torch.tensor([[0.0, 0.007]]))
    assert float(soft) == pytest.approx(180 * share, rel=1e-4)
