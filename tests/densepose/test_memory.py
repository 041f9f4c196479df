"""Memory at real size: what is kept is counted in bytes, and windows are looked up a million pixels at a time."""

import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from densepose import surface_maps as looked_up
from densepose.models.heads import ChartMaps, DenseMaps, EmbeddingMaps
from densepose.surface_maps import surface_maps
from densepose.training import kept
from densepose.training.kept import Kept
from densepose.training.pictures import Picture, cut_out_people

SIZES = [(30, 20), (7, 90), (1, 1), (64, 41)]


def test_what_is_kept_is_counted_in_bytes() -> None:
    store: Kept[str, bytes] = Kept(len, most_bytes=100)
    made: list[str] = []

    def get(key: str, size: int) -> int:
        return len(store.get(key, lambda: made.append(key) or bytes(size)))  # type: ignore[func-returns-value]

    for _ in range(2):
        assert [get("a", 60), get("b", 60), get("c", 40)] == [60, 60, 40]
    assert made == ["a", "b", "c", "b"]  # there is no room for b


def test_processes_of_a_loader_share_the_room_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    store: Kept[str, bytes] = Kept(len, most_bytes=100)
    assert store.keep("before the fork", bytes(60))
    monkeypatch.setattr(kept.os, "getpid", lambda: -1)
    monkeypatch.setattr(kept, "get_worker_info", lambda: type("Worker", (), {"num_workers": 4}))
    assert store.get("before the fork", bytes) == bytes(60)
    assert not store.keep("too large for a quarter of the rest", bytes(11))
    assert store.keep("not too large", bytes(10))
    assert not store.keep("full", bytes(1))


def outlined(tmp_path: Path, size: tuple[int, int], box: list[float]) -> Picture:
    path = tmp_path / f"{size[0]}.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)).save(path)
    x0, y0, x1, y1 = box
    record = {"id": 1, "segmentation": [[x0, y0, x1, y0, x1, y1, x0, y1]]}
    return Picture(path, size, np.array([box]), np.zeros(1, bool), (record,))


def test_a_cut_out_is_as_small_as_its_person(tmp_path: Path) -> None:
    picture = outlined(tmp_path, (1_500, 2_000), [700.0, 700.0, 800.0, 900.0])
    tracemalloc.start()
    [person] = cut_out_people([picture])
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert person.alpha.dtype == np.uint8
    assert person.alpha.shape == person.pixels.shape[:2] == (205, 105)
    assert held < 10_000_000  # the picture itself, which is kept
    assert most < 40_000_000
    mask = np.zeros((1_500, 2_000), np.uint8)
    mask[700:900, 700:800] = 255
    np.testing.assert_array_equal(person.alpha, cv2.GaussianBlur(mask, (0, 0), 0.8)[698:903, 698:803])


def test_no_more_is_cut_out_than_fits(tmp_path: Path) -> None:
    picture = outlined(tmp_path, (200, 300), [10.0, 10.0, 110.0, 110.0])
    outside = replace(picture, boxes=picture.boxes + 400)
    assert len(cut_out_people([picture] * 5)) == 5
    assert len(cut_out_people([picture] * 5, most_bytes=100_000)) == 2
    assert cut_out_people([outside]) == []


@pytest.mark.parametrize("kind", ["charts", "embedding"])
def test_windows_in_bands_are_those_in_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(0)
    coarse, fine, u, v = (torch.randn(len(SIZES), n, 8, 8, generator=rng) for n in (15, 25, 25, 25))
    maps: DenseMaps = ChartMaps(coarse, fine, u, v)
    if kind == "embedding":
        maps = EmbeddingMaps(coarse, fine[:, :16], torch.randn(27_554, 16, generator=rng))
    whole = surface_maps(maps, SIZES)
    most: list[int] = []
    make = looked_up._Pixels.of
    monkeypatch.setattr(looked_up, "_PIXELS_AT_ONCE", 100)
    monkeypatch.setattr(looked_up._Pixels, "of", lambda *words: most.append(len(make(*words))) or make(*words))
    for one, other in zip(surface_maps(maps, SIZES), whole, strict=True):
        np.testing.assert_array_equal(one.chart, other.chart)
        np.testing.assert_array_equal(one.u, other.u)
        np.testing.assert_array_equal(one.v, other.v)
        assert one.chart.dtype == np.uint8
    assert max(most) <= 100
    assert sum(most) == sum(height * width for height, width in SIZES)
