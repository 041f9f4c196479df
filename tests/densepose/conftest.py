"""Networks with weights from a formula: the parity fixtures' own where they are, plain random ones elsewhere."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from densepose.checkpoints import Checkpoint
from densepose.config import ModelConfig
from densepose.models.rcnn import DensePoseRCNN

PARITY = Path(__file__).parents[2].parent / "shared" / "data" / "detectron2_parity"

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def parity_folder() -> Path:
    if not PARITY.is_dir():
        pytest.skip(f"the parity fixtures are not at {PARITY}")
    return PARITY


@pytest.fixture(scope="session")
def make_weights(parity_folder: Path) -> ModuleType:
    """The module that draws the fixtures' weights."""
    spec = importlib.util.spec_from_file_location("parity_make_weights", parity_folder / "make_weights.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_checkpoint(config: ModelConfig, seed: int = 0) -> Checkpoint:
    """Return the network's own first weights, with every frozen norm set to something else than the identity."""
    torch.manual_seed(seed)
    tensors = {name: tensor.clone() for name, tensor in DensePoseRCNN(config).state_dict().items()}
    for name, tensor in tensors.items():
        if ".norm.running_mean" in name or ".norm.bias" in name:
            tensor.normal_(std=0.1)
        elif ".norm.weight" in name or ".norm.running_var" in name:
            tensor.normal_(mean=1, std=0.1).abs_()
    return Checkpoint(config, tensors)


@pytest.fixture(scope="session")
def small_checkpoint() -> Checkpoint:
    """An R-50 with charts that looks at small pictures and keeps few people, so that a test takes little time."""
    config = ModelConfig(short_side_px=64, long_side_px=96, proposals_per_level=50, max_proposals=20, max_detections=3)
    return random_checkpoint(config)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """(48, 64, 3) uint8: a smooth picture with some structure."""
    y, x = np.mgrid[0:48, 0:64]
    return np.stack([x * 4, y * 5, (x * y) % 256], axis=-1).astype(np.uint8)
