"""The networks beyond what parity shows: nobody there, folding, boxes given, gradients."""

import pytest
import torch
from torch import Tensor, nn

from densepose.checkpoints import Checkpoint
from densepose.config import PRESETS, preset
from densepose.models.backbone import ConvNorm, fold_norms
from densepose.models.heads import AtrousPyramid, ChartMaps, ChartOutput, DeepLabHead, EmbeddingOutput
from densepose.models.rcnn import DensePoseRCNN
from densepose.models.regions import decode_boxes, pool_regions
from densepose.models.winograd import WinogradConv, use_winograd

SIZE = (64, 96)
MILLIONS = {"r50_s1x": 63.8, "r50_dl_s1x": 66.1}


def noise(batch: int = 1) -> Tensor:
    return torch.randn(batch, 3, *SIZE, generator=torch.Generator().manual_seed(0)) * 50


@pytest.mark.parametrize("name", PRESETS)
def test_presets_build(name: str) -> None:
    with torch.device("meta"):
        model = DensePoseRCNN(preset(name))
    learnt = sum(p.numel() for key, p in model.state_dict().items() if "running" not in key)
    assert learnt / 1e6 == pytest.approx(MILLIONS.get(name, learnt / 1e6), abs=0.1)


def test_boxes_given_run_no_detector_and_keep_their_order(small_checkpoint: Checkpoint) -> None:
    model = small_checkpoint.build()
    model.rpn = model.box_head = None  # calling either would fail
    first, second = torch.tensor([[0.0, 0.0, 40.0, 60.0]]), torch.tensor([[10.0, 4.0, 30.0, 60.0]])
    with torch.inference_mode():
        both = model(noise(2), [SIZE, SIZE], [torch.cat([first, second]), second])
        alone = model(noise(2)[1:], [SIZE], [second])
    assert both.maps.fine.shape == (3, 25, 112, 112)
    assert [len(people.corners) for people in both.people] == [2, 1]
    assert torch.allclose(both.maps.fine[2], alone.maps.fine[0], atol=1e-4 * float(alone.maps.fine.std()))


@pytest.mark.parametrize("is_given", [True, False])
def test_nobody_is_no_error(small_checkpoint: Checkpoint, is_given: bool) -> None:
    model = small_checkpoint.build()
    model.box_head.score.bias.data = torch.tensor([-100.0, 100.0])
    with torch.inference_mode():
        found = model(noise(), [SIZE], [torch.zeros(0, 4)] if is_given else None)
    assert len(found.people[0].scores) == 0
    assert found.maps.u.shape == (0, 25, 112, 112)
    assert DeepLabHead(256)(torch.zeros(0, 256, 28, 28)).shape == (0, 512, 28, 28)


def test_detections_lie_inside_and_best_comes_first(small_checkpoint: Checkpoint) -> None:
    with torch.inference_mode():
        found = small_checkpoint.build()(noise(2), [SIZE, (50, 70)])
    for people, (height, width) in zip(found.people, [SIZE, (50, 70)], strict=True):
        assert 1 <= len(people.scores) <= small_checkpoint.config.max_detections
        assert people.scores.tolist() == sorted(people.scores.tolist(), reverse=True)
        assert people.corners.min() >= 0
        assert people.corners[:, 2].max() <= width
        assert people.corners[:, 3].max() <= height


def test_folded_norms_give_the_same_features_and_leave_the_checkpoint_alone(small_checkpoint: Checkpoint) -> None:
    before = small_checkpoint.tensors["backbone.resnet.stem.conv.weight"].clone()
    model = small_checkpoint.build()
    with torch.inference_mode():
        expected = model.backbone(noise())
        fold_norms(model)
        fold_norms(model)  # a second time does nothing
        actual = model.backbone(noise())
    assert all(isinstance(m.norm, torch.nn.Identity) for m in model.modules() if isinstance(m, ConvNorm))
    for a, b in zip(actual, expected, strict=True):
        assert torch.allclose(a, b, atol=1e-4 * float(b.std()))
    assert torch.equal(before, small_checkpoint.tensors["backbone.resnet.stem.conv.weight"])


def test_gradients_reach_every_part(small_checkpoint: Checkpoint) -> None:
    tensors = {name: tensor.clone() for name, tensor in small_checkpoint.tensors.items()}
    model = Checkpoint(small_checkpoint.config, tensors).build().train()
    pyramid = model.backbone(noise())
    logits, deltas = model.rpn(pyramid)
    box = [torch.tensor([[2.0, 2.0, 60.0, 60.0]])]
    scores, moves = model.box_head(pyramid, box)
    maps = model.densify(model.shared_features(pyramid), box)
    outputs = [*logits, *deltas, scores, moves, maps.coarse, maps.fine, maps.u, maps.v]
    sum(output.square().mean() for output in outputs).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
    assert without == []


def test_atrous_pyramid_sees_the_whole_map() -> None:
    torch.manual_seed(0)
    pyramid = AtrousPyramid(256)
    x = torch.randn(1, 256, 14, 14, requires_grad=True)
    pyramid(x)[0, :, 0, 0].sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum(dim=1) > 0).all()


def test_outputs_are_four_times_as_large() -> None:
    x = torch.randn(1, 512, 14, 14)
    with torch.inference_mode():
        charts = ChartOutput(preset("r50_s1x_legacy"))(x)
        embedded = EmbeddingOutput(preset("r50_cse_s1x"))(x)
    assert isinstance(charts, ChartMaps)
    assert charts.coarse.shape == (1, 15, 56, 56)
    assert charts.u.shape == charts.v.shape == charts.fine.shape == (1, 25, 56, 56)
    assert embedded.embedding.shape == (1, 16, 56, 56)
    assert embedded.vertices.shape == (27554, 16)


def test_vertex_embeddings_have_length_one() -> None:
    output = EmbeddingOutput(preset("r50_cse_s1x"))
    output.features.normal_()
    assert torch.allclose(output.vertex_embeddings().norm(dim=1), torch.ones(27554), atol=1e-5)


def test_deltas_move_boxes_by_their_size() -> None:
    box = torch.tensor([[10.0, 20.0, 30.0, 60.0]])
    assert torch.equal(decode_boxes(torch.zeros(1, 4), box, (10, 10, 5, 5)), box)
    moved = decode_boxes(torch.tensor([[1.0, -1.0, 0.0, 5 * 0.6931472]]), box, (10, 10, 5, 5))
    assert torch.allclose(moved, torch.tensor([[12.0, -4.0, 32.0, 76.0]]), atol=1e-4)
    wild = decode_boxes(torch.full((1, 4), 1e4), box, (1, 1, 1, 1))
    assert wild.isfinite().all()


def test_large_boxes_are_pooled_from_coarse_levels() -> None:
    levels = [torch.full((1, 1, 256 // 2**i, 256 // 2**i), float(i + 2)) for i in range(4)]
    boxes = torch.tensor([[0.0, 0, side, side] for side in (20, 111, 113, 223, 225, 447, 449, 1000)])
    pooled = pool_regions(levels, (4, 8, 16, 32), [boxes], 2)
    assert pooled.amax(dim=(1, 2, 3)).tolist() == [2, 2, 3, 3, 4, 4, 5, 5]


def test_pooling_by_rows_is_region_align() -> None:
    """The way that a CPU takes without gradients against torchvision's, over every border and level."""
    rng = torch.Generator().manual_seed(0)
    features = [torch.randn(2, 8, 32 // 2**i, 40 // 2**i, generator=rng) for i in range(4)]
    corner = torch.rand(60, 2, generator=rng) * 150 - 15
    boxes = torch.cat([corner, corner + torch.rand(60, 2, generator=rng) ** 3 * 700], dim=1)
    given = [boxes[:25], boxes[25:]]
    expected = pool_regions(features, (4, 8, 16, 32), given, 7)
    with torch.inference_mode():
        torch.testing.assert_close(pool_regions(features, (4, 8, 16, 32), given, 7), expected, atol=1e-4, rtol=1e-4)
        assert pool_regions(features, (4, 8, 16, 32), [boxes[:0], boxes[:0]], 7).shape == (0, 8, 7, 7)


def test_regions_keep_their_coordinates_in_half_precision() -> None:
    """On a ramp along x a region that begins at 602 pixels has other features than one that begins at 600 or 604."""
    ramp = (torch.arange(160.0) - 150).expand(1, 1, 8, 160)
    region = torch.tensor([[602.0, 4.0, 630.0, 28.0]])
    kinds = (torch.float32, torch.bfloat16)
    whole, half = (pool_regions([ramp.to(kind)], (4,), [region], 7)[0, 0, 0] for kind in kinds)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), whole, atol=0.05, rtol=0)


@pytest.mark.parametrize("size", [(28, 28), (13, 6), (1, 3)])
def test_winograd_is_convolution(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(128, 130, 3, padding=1), nn.Conv2d(130, 128, 3, padding=2, dilation=2))
    x = torch.randn(2, 128, *size)
    with torch.inference_mode():
        first, whole = layers[0](x), layers(x)
        use_winograd(layers)
        assert isinstance(layers[0], WinogradConv)
        assert isinstance(layers[1], nn.Conv2d)  # dilated: left alone
        torch.testing.assert_close(layers[0](x), first, atol=5e-5, rtol=1e-4)
        torch.testing.assert_close(layers(x), whole, atol=5e-5, rtol=1e-4)
