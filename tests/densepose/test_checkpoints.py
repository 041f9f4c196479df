"""Checkpoints are read whole or refused with a reason; nothing in them is ever executed."""

import math
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from densepose.checkpoints import (
    Checkpoint,
    CheckpointError,
    blended,
    from_zoo,
    read_checkpoint,
    with_background_shifted,
    write_checkpoint,
)
from densepose.config import PRESETS, LiteConfig, ModelConfig, preset
from densepose.models.lite import LiteDensePose
from densepose.models.rcnn import DensePoseRCNN
from densepose.zoo_names import our_name
from tests.densepose.networks import PARITY, zoo_r50_s1x

KEYS = {
    "r50_s1x": "r50_s1x.txt",
    "r50_s1x_legacy": "r50_s1x_legacy.txt",
    "r50_dl_s1x": "r50_DL_s1x.txt",
    "r50_cse_s1x": "r50_cse_s1x.txt",
    "r101_s1x": "r101_s1x.txt",
}
SOME = "roi_heads.box_predictor.bbox_pred.bias"


@pytest.fixture(scope="module")
def zoo() -> dict[str, np.ndarray]:
    return zoo_r50_s1x()


@pytest.fixture(scope="module")
def zoo_file(zoo: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("zoo") / "model.pkl"
    with path.open("wb") as file:
        pickle.dump({"model": zoo, "__author__": "someone"}, file, protocol=2)
    return path


@pytest.mark.parametrize("name", KEYS)
def test_every_name_and_shape_of_the_zoo_has_its_place(name: str, make_weights: Any) -> None:
    shapes = make_weights.read_keys(PARITY / "keys" / KEYS[name])
    with torch.device("meta"):
        wanted = {key: tuple(value.shape) for key, value in DensePoseRCNN(preset(name)).state_dict().items()}
    assert {our_name(key): shape for key, shape in shapes.items()} == wanted
    config, _ = from_zoo("file", {key: torch.empty(shape, device="meta") for key, shape in shapes.items()})
    assert config == preset(name)


def test_zoo_pickle_is_read(zoo_file: Path, zoo: dict[str, np.ndarray]) -> None:
    checkpoint = read_checkpoint(zoo_file)
    assert checkpoint.config == preset("r50_s1x")
    assert len(checkpoint.tensors) == len(zoo) == 335
    assert sum(tensor.numel() for tensor in checkpoint.tensors.values()) == pytest.approx(63.8e6, rel=0.01)
    model = checkpoint.build()
    assert not model.training
    assert model.output.fine.bias.shape == (25,)


def test_pth_is_read_and_converted(zoo: dict[str, np.ndarray], tmp_path: Path) -> None:
    state = {name: torch.from_numpy(array) for name, array in zoo.items()}
    state["pixel_mean"] = torch.zeros(3, 1, 1)  # of the configuration, not of the network
    torch.save({"model": state, "iteration": 9}, tmp_path / "model.pth")
    checkpoint = read_checkpoint(tmp_path / "model.pth")
    assert checkpoint.config == preset("r50_s1x")
    assert len(checkpoint.tensors) == 335


def test_our_own_format_comes_back_as_it_was(our_file: Path, small_checkpoint: Checkpoint) -> None:
    read = read_checkpoint(our_file)
    assert read.config == small_checkpoint.config
    assert read.tensors.keys() == small_checkpoint.tensors.keys()
    for name, tensor in read.tensors.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, small_checkpoint.tensors[name].half().float()), name


def test_unknown_tensors_are_named(zoo: dict[str, np.ndarray]) -> None:
    more = {**zoo, "roi_heads.mask_head.mask_fcn1.weight": np.zeros((256, 256, 3, 3), np.float32)}
    with pytest.raises(CheckpointError, match=r"1 unknown: roi_heads\.mask_head\.mask_fcn1\.weight") as caught:
        from_zoo("model.pkl", more)
    assert caught.value.unknown == ("roi_heads.mask_head.mask_fcn1.weight",)


def test_missing_misshapen_and_infinite_tensors_are_named(small_checkpoint: Checkpoint, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    fewer = dict(small_checkpoint.tensors)
    del fewer["box_head.delta.bias"]
    fewer["box_head.score.bias"] = torch.zeros(7)
    with pytest.raises(CheckpointError) as caught:
        write_checkpoint(path, small_checkpoint.config, fewer)
    assert caught.value.missing == ("box_head.delta.bias",)
    assert caught.value.misshapen == ("box_head.score.bias: (7,), wanted (2,)",)
    sick = {**small_checkpoint.tensors, "box_head.score.bias": torch.tensor([0.0, float("nan")])}
    with pytest.raises(CheckpointError, match=r"undefined numbers: box_head\.score\.bias"):
        write_checkpoint(path, small_checkpoint.config, sick)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [0, 1, 1000, 0.9])
def test_truncated_pickle_is_refused(zoo_file: Path, tmp_path: Path, kept: float) -> None:
    size = zoo_file.stat().st_size
    path = tmp_path / "cut.pkl"
    with zoo_file.open("rb") as whole:
        path.write_bytes(whole.read(int(kept if kept >= 1 else kept * size)))
    with pytest.raises(CheckpointError, match=r"cut\.pkl is damaged or truncated"):
        read_checkpoint(path)


class Evil:
    """Pickles as a call of a function of our choice."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call = (call, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_malicious_file_is_refused_and_not_run(tmp_path: Path, suffix: str) -> None:
    trace = tmp_path / "was-here"
    path = tmp_path / f"evil{suffix}"
    with path.open("wb") as file:
        pickle.dump({"model": {SOME: Evil(os.mkdir, str(trace))}}, file, protocol=2)
    with pytest.raises(CheckpointError, match=r"is refused: it asks for|holds more than weights"):
        read_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"model": {SOME: np.array([{}], dtype=object)}}, "is refused"),
        ({"model": {SOME: np.array(["text"])}}, "is refused"),
        ({"model": {SOME: "text"}}, r"holds no tensor named backbone\.bottom_up"),
        ({"model": {"backbone.bottom_up.stem.conv1.weight": "text"}}, "entries that are no arrays"),
        ({"model": {"backbone.bottom_up.stem.conv1.weight": np.zeros((64, 3, 7, 7), int)}}, "holds int64"),
        ({"model": [1, 2]}, "holds a list"),
        ([], "holds a list"),
        ({"model": {}}, "holds no tensor"),
    ],
)
def test_pickles_of_other_things_are_refused(tmp_path: Path, content: object, reason: str) -> None:
    path = tmp_path / "other.pkl"
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(CheckpointError, match=reason):
        read_checkpoint(path)


def test_damaged_safetensors_are_refused(our_file: Path, tmp_path: Path) -> None:
    whole = our_file.read_bytes()
    path = tmp_path / "model.safetensors"
    middle = len(whole) // 2
    for damaged in (b"", whole[:100], whole[:-1], b"\xff" * 64 + whole[64:]):
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="is damaged, truncated"):
            read_checkpoint(path)
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    with pytest.raises(CheckpointError, match="is damaged: its tensors do not have the checksum"):
        read_checkpoint(path)


def test_strange_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"ends in '\.onnx'; wanted is one of \.pkl, \.pth, \.safetensors"):
        read_checkpoint(tmp_path / "model.onnx")
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        read_checkpoint(tmp_path / "model.pkl")
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(CheckpointError, match="says its format is None"):
        read_checkpoint(tmp_path / "foreign.safetensors")


def test_configurations_survive_json_and_refuse_nonsense() -> None:
    for config in PRESETS.values():
        assert ModelConfig.from_json(config.to_json()) == config
    with pytest.raises(ValueError, match="backbone must be one of resnet50, resnet101, got 'vgg'"):
        ModelConfig(backbone="vgg")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown fields: colour"):
        ModelConfig.from_json('{"colour": 1}')
    with pytest.raises(ValueError, match=r"score_threshold must lie in 0\.\.1, got 2"):
        preset("r50_s1x", score_threshold=2)
    with pytest.raises(ValueError, match="preset must be one of"):
        preset("r18")


def test_two_trainings_of_one_network_are_blended(small_checkpoint: Checkpoint) -> None:
    later = Checkpoint(small_checkpoint.config, {name: of + 1 for name, of in small_checkpoint.tensors.items()})
    between = blended(later, small_checkpoint, 0.25)
    for name, of in small_checkpoint.tensors.items():
        assert torch.allclose(between.tensors[name], of.float() + 0.75), name
    fewer = dict(list(later.tensors.items())[1:])
    with pytest.raises(CheckpointError, match="1 not the same in both: "):
        blended(Checkpoint(later.config, fewer), small_checkpoint, 0.5)
    with pytest.raises(CheckpointError, match="0 to 1, got 2"):
        blended(later, small_checkpoint, 2)


def test_a_lite_network_sees_more_body_where_background_is_shifted(small_checkpoint: Checkpoint) -> None:
    torch.manual_seed(0)
    config = LiteConfig(width=16)
    lite = Checkpoint(config, dict(LiteDensePose(config).state_dict()))
    looks = torch.randn(1, 3, 64, 64)
    before, after = (of.build()(looks) for of in (lite, with_background_shifted(lite, -2)))
    for now, then in ((after.coarse, before.coarse), (after.fine, before.fine)):
        assert torch.allclose(now[:, 0], then[:, 0] - 2, atol=1e-5)
        assert torch.equal(now[:, 1:], then[:, 1:])
    assert torch.equal(after.u, before.u)
    with pytest.raises(CheckpointError, match="only a lite network"):
        with_background_shifted(small_checkpoint, -2)
    with pytest.raises(CheckpointError, match="finite, got nan"):
        with_background_shifted(lite, math.nan)
