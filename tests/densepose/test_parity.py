"""The numbers of the public implementation, layer by layer, with weights from a formula."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from densepose.checkpoints import Checkpoint, from_zoo
from densepose.config import preset
from densepose.images import to_batch
from densepose.models.regions import ANCHOR_SIZES_PX, level_anchors
from densepose.predictor import window_of
from densepose.surface_maps import surface_maps


@dataclass(frozen=True)
class Tolerance:
    layers: float
    decoder: float
    segmentation: float
    uv: float
    boxes_px: float
    scores: float
    other_labels: float
    same_uv: float
    near_cap: float


R50 = Tolerance(1e-4, 1e-4, 3e-4, 1e-4, 1e-2, 1e-4, 0.001, 0.995, 1e-4)
R101 = Tolerance(1e-3, 1.5e-3, 5e-3, 1.5e-3, 5e-2, 3e-3, 0.005, 0.98, 3e-3)

# The last entry: made ready for inference, as the predictor runs it.
CASES = [
    pytest.param(("r50_s1x", "r50_s1x.txt", "densepose_rcnn_R_50_FPN_s1x", R50, False), id="s1x"),
    pytest.param(("r50_s1x", "r50_s1x.txt", "densepose_rcnn_R_50_FPN_s1x", R50, True), id="s1x-ready"),
    pytest.param(
        ("r50_s1x_legacy", "r50_s1x_legacy.txt", "densepose_rcnn_R_50_FPN_s1x_legacy", R50, True), id="legacy"
    ),
    pytest.param(("r50_dl_s1x", "r50_DL_s1x.txt", "densepose_rcnn_R_50_FPN_DL_s1x", R50, True), id="deeplab"),
    pytest.param(
        ("r101_s1x", "r101_s1x.txt", "densepose_rcnn_R_101_FPN_s1x", R101, True), id="r101", marks=pytest.mark.slow
    ),
]


@pytest.fixture(scope="module", params=CASES)
def run(request: pytest.FixtureRequest, parity_folder: Path, make_weights: ModuleType) -> SimpleNamespace:
    """Everything that the network computes for the photograph, beside what the public implementation computed."""
    name, keys, reference, tolerance, is_ready = request.param
    with np.load(parity_folder / f"{reference}.seed1.npz") as stored:
        expected = dict(stored)
    arrays = make_weights.make_weights(parity_folder / "keys" / keys, 1)
    total = sum(np.abs(array, dtype=np.float64).sum() for array in arrays.values())
    assert total == pytest.approx(float(expected["weights_abs_sum"]), rel=1e-9)

    config, tensors = from_zoo(reference, arrays)
    assert config == preset(name)
    model = Checkpoint(config, tensors).build()
    if is_ready:
        model.prepare()
    photo = np.asarray(Image.open(parity_folder / "photo.png").convert("RGB"))
    batch = to_batch([photo], preset(name, short_side_px=240))
    fixed = torch.from_numpy(expected["fixed_boxes"])
    with torch.inference_mode():
        pyramid = model.backbone(batch.images)
        logits, deltas = model.rpn(pyramid)
        proposals = model.rpn.propose(logits, deltas, batch.sizes)
        people = model.box_head.detect(pyramid, [p.corners for p in proposals], batch.sizes)
        box_logits, box_deltas = model.box_head(pyramid, [fixed])
        features = model.shared_features(pyramid)
        maps = model.densify(features, [fixed])
    return SimpleNamespace(
        expected=expected, near=tolerance, config=config, model=model, batch=batch, pyramid=pyramid, logits=logits,
        deltas=deltas, proposals=proposals[0], people=people[0], box_logits=box_logits, box_deltas=box_deltas,
        features=features, maps=maps,
    )  # fmt: skip


def assert_close(actual: torch.Tensor, expected: np.ndarray, tolerance: float) -> None:
    assert tuple(actual.shape) == expected.shape
    assert float(np.abs(actual.numpy() - expected).max()) <= tolerance


def test_input_is_resized_normalised_and_padded(run: SimpleNamespace) -> None:
    assert run.batch.sizes == [tuple(run.expected["image_hw"])]
    assert tuple(run.batch.images.shape[2:]) == tuple(run.expected["padded_hw"])
    assert_close(run.batch.images[0, :, ::8, ::8], run.expected["input_s8"], 1e-4)


def test_pyramid(run: SimpleNamespace) -> None:
    for level in range(5):
        assert_close(run.pyramid[level][0, :, ::4, ::4], run.expected[f"p{level + 2}_s4"], run.near.layers)


def test_proposal_network(run: SimpleNamespace) -> None:
    for level in (2, 3, 4):
        assert_close(run.logits[level][0], run.expected[f"rpn_logits_p{level + 2}"], run.near.layers)
        assert_close(run.deltas[level][0], run.expected[f"rpn_deltas_p{level + 2}"], run.near.layers)


def test_anchors(run: SimpleNamespace) -> None:
    shapes = [tuple(level.shape[2:]) for level in run.pyramid]
    p2 = level_anchors(shapes[0], 4, ANCHOR_SIZES_PX[0], torch.device("cpu"))
    p6 = level_anchors(shapes[4], 64, ANCHOR_SIZES_PX[4], torch.device("cpu"))
    assert_close(p2[:12], run.expected["anchors_p2_first12"], 1e-4)
    assert_close(p6, run.expected["anchors_p6"], 1e-4)


def assert_holds(found: object, boxes: np.ndarray, scores: np.ndarray, px: float, near: float, cap: float) -> None:
    """Every expected box must be among those found, near in place and score, unless it stood at the cap."""
    ours, our_scores = found.corners.numpy(), found.scores.numpy()
    apart = np.abs(ours[None] - boxes[:, None]).max(axis=2)  # (expected, ours)
    nearest = apart.argmin(axis=1)
    is_there = (apart.min(axis=1) <= px) & (np.abs(our_scores[nearest] - scores) <= near)
    assert np.all(is_there | (scores <= cap)), f"{(~is_there).sum()} of {len(boxes)} boxes are missing"


def test_best_proposals_as_a_set(run: SimpleNamespace) -> None:
    boxes, scores = run.expected["prop_boxes"], run.expected["prop_logits"]
    assert len(run.proposals.scores) == pytest.approx(int(run.expected["num_props"]), abs=2)
    assert_holds(run.proposals, boxes, scores, run.near.boxes_px, run.near.layers, scores.min() + run.near.layers)


def test_detections_as_a_set(run: SimpleNamespace) -> None:
    boxes, scores = run.expected["det_boxes"], run.expected["det_scores"]
    assert len(run.people.scores) == len(scores)
    is_capped = len(scores) == run.config.max_detections
    lowest = scores.min() if is_capped else run.config.score_threshold
    cap = lowest + run.near.near_cap
    assert_holds(run.people, boxes, scores, run.near.boxes_px, run.near.scores, cap)


def test_box_head_on_fixed_boxes(run: SimpleNamespace) -> None:
    assert_close(run.box_logits, run.expected["fixed_cls_logits"], run.near.layers)
    assert_close(run.box_deltas, run.expected["fixed_box_deltas"], run.near.layers)


def test_decoder(run: SimpleNamespace) -> None:
    if not run.config.has_decoder:
        assert "decoder_s8" not in run.expected
        assert run.model.decoder is None
        return
    assert_close(run.features[0][0, :, ::8, ::8], run.expected["decoder_s8"], run.near.decoder)


def test_dense_maps_on_fixed_boxes(run: SimpleNamespace) -> None:
    maps, near = run.maps, run.near
    assert_close(maps.coarse[..., ::4, ::4], run.expected["coarse_segm_s4"], near.segmentation)
    assert_close(maps.fine[..., ::4, ::4], run.expected["fine_segm_s4"], near.segmentation)
    assert_close(maps.u[..., ::4, ::4], run.expected["u_s4"], near.uv)
    assert_close(maps.v[..., ::4, ::4], run.expected["v_s4"], near.uv)


@pytest.mark.parametrize("person", [0, 1])
def test_surface_of_a_person(run: SimpleNamespace, person: int) -> None:
    windows = [window_of(box) for box in run.expected["fixed_boxes"]]
    assert windows[person].shape == tuple(run.expected[f"person{person}_hw"])
    surface = surface_maps(run.maps, [window.shape for window in windows])[person]
    labels = run.expected[f"person{person}_labels_s2"]
    same = surface.chart[::2, ::2] == labels
    assert np.mean(~same) <= run.near.other_labels
    uv = np.stack([surface.u, surface.v])[:, ::2, ::2]
    levels = np.floor(uv.astype(np.float32) * np.float32(255)).astype(int)  # truncated, as public results are stored
    apart = np.abs(levels - run.expected[f"person{person}_uv_s2"].astype(int))[:, same]
    assert apart.max() <= 1
    assert np.mean(apart == 0) >= run.near.same_uv
