"""Data sets of scenes: valid DensePose-COCO whose points say the truth, the same bytes for the same seed."""

import argparse
import io
import json

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from body.atlas import surface_of
from labels.boxes import Box, from_dp
from labels.densepose_coco import validate
from labels.rle import decode_mask
from rendering.scenes import render_scene, sample_scene
from rendering.scenes.__main__ import main, size_argument
from rendering.scenes.dataset import write_dataset
from rendering.scenes.demo import DEMO_PICTURES, write_demo

SIZE = (160, 128)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("scenes")
    write_dataset(out, count=3, seed=40, size=SIZE, with_truth=True)
    return out


def test_the_annotations_are_valid_and_pycocotools_reads_them(written):
    with (written / "annotations.json").open("rb") as stream:
        report = validate(stream)
    assert [defect for defect in report.defects if defect.level == "error"] == []
    coco = COCO(str(written / "annotations.json"))
    assert len(coco.imgs) == 3
    for annotation in coco.anns.values():
        assert coco.annToMask(annotation).sum() == annotation["area"]


def test_points_give_back_the_truth_of_their_pixel(written):
    document = json.loads((written / "annotations.json").read_text())
    checked = 0
    for annotation in document["annotations"]:
        picture = render_scene(sample_scene(40 + annotation["image_id"] - 1), *SIZE)
        at = from_dp(np.column_stack([annotation["dp_x"], annotation["dp_y"]]), Box(*annotation["bbox"]))
        columns, rows = np.floor(at + 1e-3).astype(int).T
        expected = picture.triangle[rows, columns]
        found = surface_of(*(np.array(annotation[name]) for name in ("dp_I", "dp_U", "dp_V")))
        assert (picture.instance[rows, columns] == annotation["id"] % 10).all()
        assert (found.triangle == expected).mean() > 0.97, "but for points on an edge"
        checked += len(at)
    assert checked > 60


def test_the_truth_file_holds_every_pixel(written):
    with np.load(written / "truth" / "000001.npz") as truth:
        picture = render_scene(sample_scene(40), *SIZE)
        assert np.array_equal(truth["triangle"], picture.triangle)
        assert np.array_equal(truth["instance"], picture.instance)


def test_the_same_seed_writes_the_same_bytes(written, tmp_path):
    write_dataset(tmp_path, count=3, seed=40, size=SIZE, processes=2)
    for name in ("annotations.json", "images/000001.jpg", "images/000003.jpg"):
        assert (tmp_path / name).read_bytes() == (written / name).read_bytes()


def test_the_command_writes_what_it_says(tmp_path):
    assert main(["--count", "1", "--out", str(tmp_path), "--seed", "3", "--size", "96x80"]) == 0
    with Image.open(tmp_path / "images" / "000001.jpg") as picture:
        assert picture.size == (96, 80)


def test_photographs_serve_as_backdrops(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (90, 60), (255, 0, 0)).save(photos / "red.png")
    scenes = [sample_scene(seed, n_people=1, photos=[photos / "red.png"]) for seed in range(8)]
    with_photo = next(scene for scene in scenes if scene.backdrop.photo is not None)
    corner = render_scene(with_photo, 96, 96).image[:4, :4].mean(axis=(0, 1))
    assert corner[0] > 150
    assert corner[1:].max() < 80


@pytest.mark.parametrize("text", ["640", "10x10", "640x9000", "axb"])
def test_bad_sizes_are_explained(text):
    with pytest.raises(argparse.ArgumentTypeError, match="WIDTHxHEIGHT"):
        size_argument(text)


@pytest.mark.slow
def test_the_demo_shows_six_whole_people_with_coco_keypoints(tmp_path):
    seen = []
    path = write_demo(tmp_path, lambda done, count: seen.append((done, count)))
    document = json.loads(path.read_text())
    assert seen[-1] == (6, 6)
    assert len(document["images"]) == len(document["annotations"]) == len(DEMO_PICTURES)
    for image, annotation in zip(document["images"], document["annotations"], strict=True):
        with Image.open(io.BytesIO((tmp_path / "images" / image["file_name"]).read_bytes())) as picture:
            assert picture.size == (image["width"], image["height"])
        mask = decode_mask(annotation["segmentation"], (image["height"], image["width"]))
        assert not mask[[0, -1]].any(), "nobody is cut off"
        assert not mask[:, [0, -1]].any()
        assert annotation["num_keypoints"] == 17
        assert "dp_x" not in annotation
