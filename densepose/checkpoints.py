"""Weights of DensePose-RCNN from files: the public zoo's `.pkl` and `.pth`, and our own `.safetensors`.

Nothing in a file is executed: pickles go through the restricted unpickler, `.pth` through torch's `weights_only`. A
tensor that is unknown, missing, of another shape or not finite is an error that names it.
"""

import logging
import math
import os
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from body.models.unpickle import ForbiddenPickleError, load_array_tree
from densepose.config import DetectorConfig, LiteConfig, ModelConfig
from densepose.models.detector import PersonDetector
from densepose.models.lite import LiteDensePose
from densepose.models.rcnn import DensePoseRCNN
from densepose.zoo_names import DERIVED, ZOO_PREFIX, config_of_zoo, our_name

Config = ModelConfig | LiteConfig | DetectorConfig
Network = DensePoseRCNN | LiteDensePose | PersonDetector

_FORMATS: Final[dict[str, type[Config]]] = {
    "densepose-rcnn/1": ModelConfig,
    "densepose-lite/1": LiteConfig,
    "person-detector/1": DetectorConfig,
}
_log: Final = logging.getLogger(__name__)

_COUNTER: Final = "num_batches_tracked"  # of batch norms; says nothing about the network and is not stored
_MAX_BYTES: Final = 4_000_000_000
_LISTED: Final = 40  # names spelled out in a message; the error object has all


class CheckpointError(ValueError):
    """A file is not a usable checkpoint; the message names the file, what is wrong, and the tensors in question.

    Attributes:
        unknown: names in the file that no part of the network takes.
        missing: names that the network needs and the file lacks (under our names).
        misshapen: "name: shape in the file, shape wanted".
    """

    def __init__(
        self,
        message: str,
        unknown: Iterable[str] = (),
        missing: Iterable[str] = (),
        misshapen: Iterable[str] = (),
    ) -> None:
        self.unknown = tuple(sorted(unknown))
        self.missing = tuple(sorted(missing))
        self.misshapen = tuple(sorted(misshapen))
        lists = (
            _listed("unknown", self.unknown),
            _listed("missing", self.missing),
            _listed("of another shape", self.misshapen),
        )
        super().__init__("; ".join([message, *filter(None, lists)]))


def _listed(kind: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{len(names)} {kind}: {', '.join(names[:_LISTED])}{more}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds: the architecture, and its tensors (float32) under our names, complete and finite."""

    config: Config
    tensors: dict[str, Tensor]

    def build(self, device: torch.device | str = "cpu") -> Network:
        """Return the network with these weights, in evaluation mode. The tensors are shared where the device is."""
        with torch.device("meta"):  # no time is spent on weights that are replaced at once
            model = network_of(self.config)
        counters = {name: torch.zeros((), dtype=torch.int64) for name in model.state_dict() if name.endswith(_COUNTER)}
        model.load_state_dict(self.tensors | counters, strict=True, assign=True)
        model.eval().to(device)
        return model


def network_of(config: Config) -> Network:
    """Return a new network of a configuration."""
    if isinstance(config, LiteConfig):
        return LiteDensePose(config)
    return PersonDetector(config) if isinstance(config, DetectorConfig) else DensePoseRCNN(config)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint of any of the three formats.

    Args:
        path: a `.pkl` or `.pth` of the public zoo, or a `.safetensors` written by `write_checkpoint`.

    Raises:
        CheckpointError: the file is absent, damaged, refused, or does not fit a network.
    """
    path = Path(path)
    readers = {".pkl": _read_pkl, ".pth": _read_pth, ".safetensors": _read_safetensors}
    if path.suffix not in readers:
        raise CheckpointError(f"{path} ends in {path.suffix!r}; wanted is one of {', '.join(readers)}")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from error
    if size > _MAX_BYTES:
        raise CheckpointError(f"{path} has {size / 1e9:.1f} GB; a checkpoint has at most {_MAX_BYTES / 1e9:.0f} GB")
    config, tensors = readers[path.suffix](path)
    _check(path, config, tensors)
    return Checkpoint(config, tensors)


def write_checkpoint(path: str | Path, config: Config, tensors: Mapping[str, Tensor]) -> None:
    """Write our own format, whole or not at all.

    Args:
        path: where to; must end in `.safetensors`.
        config: the architecture.
        tensors: a complete state of `network_of(config)`; half precision is kept.

    Raises:
        CheckpointError: the name has another ending, or the tensors do not fit the configuration.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise CheckpointError(f"{path} must end in .safetensors")
    _check(path, config, tensors)
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    format_name = next(name for name, of in _FORMATS.items() if isinstance(config, of))
    metadata = {"format": format_name, "config": config.to_json(), "crc32": str(_crc32(stored))}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        save_file(stored, temporary, metadata)
        with Path(temporary).open("rb+") as file:
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def begin_with(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Give a network that is to learn the weights of another, as far as they go; which layers begin new is logged.

    Raises:
        CheckpointError: some have no place in the network, or another shape.
    """
    state = model.state_dict()
    unknown = set(tensors) - set(state)
    misshapen = [
        f"{name}: {tuple(of.shape)}, wanted {tuple(state[name].shape)}"
        for name, of in tensors.items()
        if name in state and of.shape != state[name].shape
    ]
    if unknown or misshapen:
        raise CheckpointError("the weights to begin with are of another configuration", unknown, (), misshapen)
    model.load_state_dict(dict(tensors), strict=False)
    new = sorted(name for name in set(state) - set(tensors) if not name.endswith(_COUNTER))
    if new:
        _log.warning("the weights to begin with lack layers, which begin new: %s", _listed("tensors", tuple(new)))


def blended(one: Checkpoint, other: Checkpoint, share: float) -> Checkpoint:
    """Return the weighted mean of two checkpoints of one network, of which one was trained on from the other.

    What is learnt from renders narrows a network; between its old and its new weights lies one that keeps what the old
    one knew of photographs (Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).

    Args:
        one: whose configuration is kept.
        share: of `other`, 0..1.

    Raises:
        CheckpointError: they are not weights of one network, or `share` is beyond 0..1.
    """
    if not 0 <= share <= 1:
        raise CheckpointError(f"the other's share must be 0 to 1, got {share:g}")
    shapes, others = ({name: of.shape for name, of in kept.tensors.items()} for kept in (one, other))
    if differing := sorted(name for name in shapes.keys() | others.keys() if shapes.get(name) != others.get(name)):
        raise CheckpointError(_listed("not the same in both", tuple(differing)))
    tensors = {name: of.float().lerp(other.tensors[name].float(), share) for name, of in one.tensors.items()}
    return Checkpoint(one.config, tensors)


def with_background_shifted(checkpoint: Checkpoint, shift: float) -> Checkpoint:
    """Return a lite network that calls a pixel background more readily, or less.

    One that learnt from renders is less sure of people in photographs, and what it doubts it calls background. How much
    so is measured on photographs with outlines; the order of the parts among one another does not change.

    Args:
        checkpoint: of a lite network.
        shift: added to background's logits, that among the parts and that among the charts; below 0 it sees more body.

    Raises:
        CheckpointError: it is of another network, or the shift is not finite.
    """
    if not isinstance(checkpoint.config, LiteConfig):
        raise CheckpointError("only a lite network's background can be shifted")
    if not math.isfinite(shift):
        raise CheckpointError(f"the shift must be finite, got {shift}")
    bias = checkpoint.tensors["output.bias"].clone()
    bias[0] += shift
    bias[checkpoint.config.coarse_channels] += shift
    return Checkpoint(checkpoint.config, {**checkpoint.tensors, "output.bias": bias})


def from_zoo(path: str | Path, arrays: Mapping[str, Any]) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Return the architecture and the tensors, under our names, of arrays under the zoo's names.

    Args:
        path: of the file, for messages.
        arrays: name -> numpy array or tensor.

    Raises:
        CheckpointError: it is not such a checkpoint, or a name has no place here.
    """
    if not any(name.startswith(ZOO_PREFIX) for name in arrays):
        raise CheckpointError(f"{path} holds no tensor named {ZOO_PREFIX}...: it is not a DensePose-RCNN of the zoo")
    strangers = [name for name, value in arrays.items() if not isinstance(value, np.ndarray | Tensor)]
    if strangers:
        raise CheckpointError(f"{path} has entries that are no arrays: {', '.join(map(repr, strangers[:_LISTED]))}")
    wanted = {name: value for name, value in arrays.items() if not DERIVED.fullmatch(name)}
    names = {name: our_name(name) for name in wanted}
    unknown = [name for name, ours in names.items() if ours is None]
    if unknown:
        raise CheckpointError(f"{path} has tensors that this network has no place for", unknown=unknown)
    try:
        config = config_of_zoo({name: tuple(value.shape) for name, value in wanted.items()})
    except (ValueError, IndexError) as error:
        raise CheckpointError(f"{path} is of no architecture known here: {error}") from error
    return config, {str(names[name]): _as_tensor(path, name, value) for name, value in wanted.items()}


def _as_tensor(path: str | Path, name: str, value: Any) -> Tensor:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return torch.from_numpy(np.array(value, dtype=np.float32, order="C"))  # a copy: pickled memory is read-only
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.detach().to(torch.float32)
    raise CheckpointError(f"{path}: {name} holds {value.dtype}, wanted are floating-point numbers")


def _read_pkl(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    try:
        with path.open("rb") as file:
            tree = load_array_tree(file)
    except ForbiddenPickleError as error:
        raise CheckpointError(f"{path} is refused: {error}. Checkpoints hold arrays only; do not trust it") from error
    except Exception as error:  # pickle raises nearly everything on damaged input
        raise CheckpointError(f"{path} is damaged or truncated: {type(error).__name__}: {error}") from error
    return from_zoo(path, _state_of(path, tree))


def _read_pth(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    try:
        tree = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip, pickle and torch raise their own kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CheckpointError(f"{path} is damaged, truncated or holds more than weights: {reason}") from error
    return from_zoo(path, _state_of(path, tree))


def _state_of(path: Path, tree: Any) -> dict[str, Any]:
    """Return the name -> array dictionary of a file, which may be wrapped as {"model": ...} beside other things."""
    state = tree.get("model", tree) if isinstance(tree, Mapping) else tree
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise CheckpointError(f"{path} holds a {type(state).__name__} where a dictionary of named arrays is wanted")
    return dict(state)


def _read_safetensors(path: Path) -> tuple[Config, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # safetensors, torch and the file system raise their own kinds
        raise CheckpointError(f"{path} is damaged, truncated or no safetensors file: {error}") from error
    if metadata.get("format") not in _FORMATS:
        raise CheckpointError(
            f"{path} says its format is {metadata.get('format')!r}, wanted {' or '.join(map(repr, _FORMATS))}: convert"
            " a public checkpoint with `python -m densepose convert`"
        )
    if metadata.get("crc32") != str(_crc32(tensors)):
        raise CheckpointError(f"{path} is damaged: its tensors do not have the checksum that it was written with")
    try:
        config = _FORMATS[metadata["format"]].from_json(metadata.get("config", ""))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} has an unusable configuration: {error}") from error
    return config, {name: _as_tensor(path, name, tensor) for name, tensor in tensors.items()}


def _crc32(tensors: Mapping[str, Tensor]) -> int:
    crc = 0
    for name in sorted(tensors):
        crc = zlib.crc32(name.encode(), crc)
        flat = tensors[name].contiguous().reshape(-1)  # one-pixel kernels may have odd strides
        crc = zlib.crc32(flat.view(torch.uint8).numpy().data, crc)
    return crc


def _check(path: Path, config: Config, tensors: Mapping[str, Tensor]) -> None:
    """Raise unless the tensors are exactly those of the network, of its shapes, and finite."""
    with torch.device("meta"):
        state = network_of(config).state_dict()
    wanted = {name: tuple(tensor.shape) for name, tensor in state.items() if not name.endswith(_COUNTER)}
    unknown = set(tensors) - set(wanted)
    missing = set(wanted) - set(tensors)
    misshapen = [
        f"{name}: {tuple(tensors[name].shape)}, wanted {wanted[name]}"
        for name in wanted
        if name in tensors and tuple(tensors[name].shape) != wanted[name]
    ]
    if unknown or missing or misshapen:
        raise CheckpointError(f"{path} does not fit the network", unknown, missing, misshapen)
    sick = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if sick:
        raise CheckpointError(f"{path} has tensors with infinite or undefined numbers: {', '.join(sorted(sick))}")
