import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from densepose.checkpoints import Checkpoint, write_checkpoint
from densepose.config import ModelConfig
from tests.densepose.networks import PARITY, random_checkpoint

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def parity_folder() -> Path:
    if not PARITY.is_dir():
        pytest.skip(f"the parity fixtures are not at {PARITY}")
    return PARITY


@pytest.fixture(scope="session")
def make_weights(parity_folder: Path) -> ModuleType:
    """The module that draws the fixtures' weights from a formula."""
    spec = importlib.util.spec_from_file_location("parity_make_weights", parity_folder / "make_weights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def small_checkpoint() -> Checkpoint:
    """An R-50 with charts that looks at small pictures and keeps few people, so that a test takes little time."""
    config = ModelConfig(short_side_px=64, long_side_px=96, proposals_per_level=50, max_proposals=20, max_detections=3)
    return random_checkpoint(config)


@pytest.fixture(scope="session")
def our_file(tmp_path_factory: pytest.TempPathFactory, small_checkpoint: Checkpoint) -> Path:
    """The small checkpoint in our own format, in half precision."""
    path = tmp_path_factory.mktemp("ours") / "model.safetensors"
    write_checkpoint(path, small_checkpoint.config, {n: t.half() for n, t in small_checkpoint.tensors.items()})
    return path


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """(48, 64, 3) uint8: a smooth picture with some structure."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x * y) % 256], axis=-1).astype(np.uint8)
