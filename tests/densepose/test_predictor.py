"""Photographs in, surfaces out: the predictor, its maps, its picture and its commands."""

from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image

from body.atlas import iuv_of
from body.cse import surface_of_cse_vertex
from body.parts import PART_OF_CHART, PARTS
from densepose import surface_maps
from densepose.__main__ import main
from densepose.checkpoints import Checkpoint, CheckpointError, read_checkpoint
from densepose.config import preset
from densepose.drawing import draw_people
from densepose.images import resized, to_batch
from densepose.models.heads import ChartMaps, EmbeddingMaps
from densepose.predictor import PersonSurface, Predictor, load_predictor, window_of
from densepose.surface_maps import SurfaceMap
from labels.boxes import Box, Crop


@pytest.fixture(scope="module")
def predictor(small_checkpoint: Checkpoint) -> Predictor:
    return load_predictor(small_checkpoint, score_threshold=0.0)


def smooth_maps(people: int, coarse: int = 2) -> ChartMaps:
    """Random maps that vary slowly, so that charts form regions."""
    torch.manual_seed(3)

    def draw(channels: int) -> torch.Tensor:
        return F.interpolate(torch.randn(people, channels, 7, 7), size=(56, 56), mode="bicubic")

    return ChartMaps(draw(coarse), draw(25), draw(25) + 0.5, draw(25) + 0.5)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (9, 200), (56, 56), (131, 40)])
def test_surface_map_follows_the_public_convention(height: int, width: int) -> None:
    maps = smooth_maps(2, coarse=15)
    coarse, fine, u, v = (
        F.interpolate(m[1:], size=(height, width), mode="bilinear", align_corners=False)[0]
        for m in (maps.coarse, maps.fine, maps.u, maps.v)
    )
    chart = fine.argmax(0) * (coarse.argmax(0) > 0)
    expected_u, expected_v = (m.gather(0, chart[None])[0].clamp(0, 1) * (chart > 0) for m in (u, v))
    surface = surface_maps.surface_maps(maps, [(17, 60), (height, width)])[1]
    same = surface.chart == chart.numpy()
    assert same.mean() >= 0.999
    np.testing.assert_allclose(surface.u[same], expected_u.numpy()[same], atol=1e-5)
    np.testing.assert_allclose(surface.v[same], expected_v.numpy()[same], atol=1e-5)
    assert surface.chart.dtype == np.uint8
    assert surface.u.dtype == surface.v.dtype == np.float32


def test_surface_map_in_strips_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = smooth_maps(1)
    [whole] = surface_maps.surface_maps(maps, [(80, 50)])
    monkeypatch.setattr(surface_maps, "_PIXELS_AT_ONCE", 7 * 50 + 3)
    [strips] = surface_maps.surface_maps(maps, [(80, 50)])
    for name in ("chart", "u", "v"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(strips, name))


def test_embedding_map_names_the_nearest_vertex() -> None:
    torch.manual_seed(0)
    vertices = F.normalize(torch.randn(27554, 16), dim=1)
    wanted = torch.randint(0, 27554, (8, 8))
    coarse = torch.zeros(1, 2, 8, 8)
    coarse[0, 1, 2:] = 1  # the upper two rows are background
    maps = EmbeddingMaps(coarse, vertices[wanted].permute(2, 0, 1)[None] * 3, vertices)
    [surface] = surface_maps.surface_maps(maps, [(8, 8)])
    expected = wanted.numpy().copy()
    expected[:2] = -1
    np.testing.assert_array_equal(surface.vertex, expected)
    chart, u, v = iuv_of(surface_of_cse_vertex(expected[2:].ravel()))
    np.testing.assert_array_equal(surface.chart[2:].ravel(), chart)
    np.testing.assert_allclose(surface.u[2:].ravel(), u, atol=1e-6)
    np.testing.assert_allclose(surface.v[2:].ravel(), v, atol=1e-6)
    assert not surface.chart[:2].any()


def test_given_boxes_come_back_in_order(predictor: Predictor, photo: np.ndarray) -> None:
    boxes = [Box(30.6, 2.5, 20.9, 40.0), Box(-5, -5, 30, 60)]
    first, second = predictor.predict(photo, boxes)
    assert first.box.to_xywh() == pytest.approx(boxes[0].to_xywh())
    assert first.window == Crop(30, 2, 20, 40)
    assert second.box.to_xywh() == pytest.approx([0, 0, 25, 48])  # what lies inside the image
    assert second.window == Crop(0, 0, 25, 48)
    for person in (first, second):
        surface = person.surface
        assert person.score == 1
        assert surface.chart.shape == surface.u.shape == surface.v.shape == person.window.shape
        assert surface.chart.any()
        assert ((surface.u >= 0) & (surface.u <= 1)).all()
        assert not surface.u[surface.chart == 0].any()
        np.testing.assert_array_equal(person.part, np.array(PART_OF_CHART)[surface.chart])


def test_people_are_found_in_image_pixels(predictor: Predictor, photo: np.ndarray) -> None:
    people = predictor.predict(photo)
    assert 1 <= len(people) <= 3
    for person in people:
        assert person.window.cut(photo).shape[:2] == person.surface.chart.shape  # raises outside the image
    assert [p.score for p in people] == sorted((p.score for p in people), reverse=True)


def test_a_batch_gives_what_single_images_give(predictor: Predictor, photo: np.ndarray) -> None:
    other = np.ascontiguousarray(photo[::-1])
    boxes = [[Box(3, 3, 40, 40)], [Box(5, 5, 50, 30), Box(0, 0, 64, 48)]]
    together = predictor.predict_batch([photo, other], boxes)
    alone = [predictor.predict(image, of) for image, of in zip((photo, other), boxes, strict=True)]
    assert [len(of) for of in together] == [1, 2]
    for a, b in zip(chain(*together), chain(*alone), strict=True):
        assert a.window == b.window
        assert np.mean(a.surface.chart == b.surface.chart) > 0.99


def test_no_boxes_are_no_people_and_nothing_is_detected(predictor: Predictor, photo: np.ndarray) -> None:
    assert predictor.predict(photo, []) == []


def test_bad_input_is_named(predictor: Predictor, photo: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"box 1 lies outside the image of 64 x 48 pixels"):
        predictor.predict(photo, [Box(1, 1, 5, 5), Box(70, 1, 5, 5)])
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8 in RGB, got \(48, 64\) uint8"):
        predictor.predict(photo[..., 0])
    with pytest.raises(ValueError, match="boxes must have one list for each of 1 images, got 2"):
        predictor.predict_batch([photo], [[], []])
    with pytest.raises(ValueError, match="images must hold at least one"):
        predictor.predict_batch([])
    with pytest.raises(CheckpointError, match="no weights are bundled for the preset 'r101_s1x_legacy'"):
        load_predictor("r101_s1x_legacy")


def test_short_side_first_unless_the_long_side_overflows() -> None:
    config = preset("r50_s1x")
    assert resized((480, 640), config) == (800, 1067)
    assert resized((480, 1280), config) == (500, 1333)
    assert resized((1280, 480), config) == (1333, 500)


def test_batch_is_bgr_minus_mean_with_zero_padding() -> None:
    image = np.zeros((40, 50, 3), np.uint8)
    image[..., 0] = 200  # red
    batch = to_batch([image], preset("r50_s1x", short_side_px=40))
    assert batch.images.shape == (1, 3, 64, 64)
    assert batch.images[0, :, 0, 0].tolist() == pytest.approx([-103.53, -116.28, 200 - 123.675], abs=1e-4)
    assert not batch.images[0, :, 40:].any()
    assert not batch.images[0, :, :, 50:].any()


def test_window_is_truncated_and_never_empty() -> None:
    assert window_of(np.array([12.5, 6.0, 318.0, 238.5])) == Crop(12, 6, 305, 232)
    assert window_of(np.array([3.9, 3.9, 4.1, 4.2])) == Crop(3, 3, 1, 1)


def test_picture_shows_parts_in_their_colours(photo: np.ndarray) -> None:
    chart = np.zeros((20, 10), np.uint8)
    chart[5:15, 2:8] = 2  # torso front
    flat = np.full(chart.shape, 0.5, np.float32)
    person = PersonSurface(Box(4, 6, 10, 20), 0.9, Crop(4, 6, 10, 20), SurfaceMap(chart, flat, flat))
    black = np.zeros_like(photo)
    picture = draw_people(black, [person])
    torso = np.array(tuple(bytes.fromhex(PARTS[0].colour[1:])))
    np.testing.assert_allclose(picture[6 + 10, 4 + 5], 0.6 * torso, atol=1)
    assert not picture[6 + 2, 4 + 5].any()
    assert (picture[6, 4:14] == 255).all()
    assert not black.any()


def test_predict_command_writes_picture_and_arrays(
    our_file: Path, photo: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    common = ["predict", str(tmp_path / "photo.png"), "--weights", str(our_file), "--box", "3,4,30,40"]
    arguments = [*common, "--out", str(tmp_path / "out.png"), "--arrays", str(tmp_path / "out.npz")]
    assert main(arguments) == 0
    assert "1 people" in capsys.readouterr().out
    assert Image.open(tmp_path / "out.png").size == (64, 48)
    with np.load(tmp_path / "out.npz") as stored:
        assert stored["window_1"].tolist() == [3, 4, 30, 40]
        assert stored["chart_1"].shape == stored["u_1"].shape == stored["v_1"].shape == (40, 30)
    assert main(common) == 1
    assert "pass --out picture.png or --arrays people.npz" in capsys.readouterr().err


def test_convert_command_keeps_the_network(our_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(our_file), str(tmp_path / "copy.safetensors"), "--half"]) == 0
    before, after = read_checkpoint(our_file), read_checkpoint(tmp_path / "copy.safetensors")
    assert after.config == before.config
    assert all(torch.equal(after.tensors[name], tensor) for name, tensor in before.tensors.items())
    assert main(["convert", str(tmp_path / "absent.pkl"), str(tmp_path / "copy.safetensors")]) == 1
    assert "absent.pkl cannot be read" in capsys.readouterr().err


def test_benchmark_command_times_every_stage(our_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--size", "64x96", "--people", "1", "2", "--repeat", "1", "--threads", "1"]
    assert main(["benchmark", "--network", str(our_file), *options]) == 0
    out = capsys.readouterr().out
    for stage in ("input", "backbone", "proposals", "box head", "decoder", "dense head", "surface maps"):
        assert stage in out
    assert "2 people an image" in out
    assert main(["benchmark", "--network", "lite", *options]) == 0
    out = capsys.readouterr().out
    for stage in ("detector", "crops", "network", "surface maps", "processor"):
        assert stage in out
