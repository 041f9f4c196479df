"""What a DensePose-RCNN is made of: one frozen dataclass, and the public models by name.

A configuration travels inside our checkpoints as JSON, so that weights are never read into the wrong architecture.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, Literal, Self, get_args

Backbone = Literal["resnet50", "resnet101"]
DenseHead = Literal["convs", "deeplab"]
Output = Literal["charts", "embedding"]
ChannelOrder = Literal["bgr", "rgb"]

N_CHART_CHANNELS: Final = 25  # background and the 24 charts
COARSE_FOREGROUND: Final = 2  # background, person
COARSE_PARTS: Final = 15  # background and the 14 coarse parts
LEGACY_POOL_PX: Final = 14  # of the public models that have no decoder

_CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    "backbone": get_args(Backbone),
    "dense_head": get_args(DenseHead),
    "output": get_args(Output),
    "channel_order": get_args(ChannelOrder),
    "coarse_channels": (COARSE_FOREGROUND, COARSE_PARTS),
}
_POSITIVE: Final = (
    "short_side_px", "long_side_px", "proposals_per_level", "max_proposals", "max_detections", "dense_pool_px",
    "embedding_dim", "width",
)  # fmt: skip
_SHARES: Final = ("proposal_nms_iou", "score_threshold", "detection_nms_iou")


@dataclass(frozen=True, slots=True)
class _Config:
    """What all configurations can do: travel as JSON."""

    def to_json(self) -> str:
        """Return the configuration as JSON, readable by `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is not JSON, names an unknown field, or a value is not allowed.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"a configuration must be a JSON object, got {type(values).__name__}")
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise ValueError(f"the configuration has unknown fields: {', '.join(unknown)}")
        for name in ("pixel_mean", "pixel_std"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ModelConfig(_Config):
    """One architecture with its input convention and its rules of detection.

    Attributes:
        backbone: the residual network under the feature pyramid.
        dense_head: eight 3x3 convolutions, or an atrous pyramid before eight normalised ones (DeepLab).
        output: chart logits with U and V, or a continuous surface embedding.
        has_decoder: sum P2..P5 into one map of stride 4 before pooling for the dense head.
        dense_pool_px: side of the pooled features of a person; the output maps are four times as large.
        coarse_channels: 2 (background, person) or 15 (background and the coarse parts).
        embedding_dim: length of the embedding; unused by charts.
        width: channels of the pyramid, a multiple of 32; all other layers keep their proportion to it.
        has_mask, has_keypoints: branches beside the dense head; no public model has them.
        channel_order, pixel_mean, pixel_std: input = (pixel - mean) / std in this order, pixels in 0..255.
        short_side_px, long_side_px: an image is resized to this short side, unless that makes its long side larger
            than the second figure.
        proposals_per_level, max_proposals, proposal_nms_iou: kept before and after suppression.
        score_threshold, detection_nms_iou, max_detections: what counts as a detected person.
    """

    backbone: Backbone = "resnet50"
    dense_head: DenseHead = "convs"
    output: Output = "charts"
    has_decoder: bool = True
    dense_pool_px: int = 28
    coarse_channels: int = COARSE_FOREGROUND
    embedding_dim: int = 16
    width: int = 256
    has_mask: bool = False
    has_keypoints: bool = False
    channel_order: ChannelOrder = "bgr"
    pixel_mean: tuple[float, float, float] = (103.53, 116.28, 123.675)
    pixel_std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    short_side_px: int = 800
    long_side_px: int = 1333
    proposals_per_level: int = 1000
    max_proposals: int = 1000
    proposal_nms_iou: float = 0.7
    score_threshold: float = 0.05
    detection_nms_iou: float = 0.5
    max_detections: int = 100

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, got {value!r}")
        _check_whole(self, _POSITIVE)
        _check_shares(self, _SHARES)
        _check_pixels(self.pixel_mean, self.pixel_std)
        if self.width % 32:
            raise ValueError(f"width must be a multiple of 32, got {self.width}")
        if self.long_side_px < self.short_side_px:
            raise ValueError(f"long_side_px must be {self.short_side_px} or more, got {self.long_side_px}")


def _check_whole(config: _Config, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}")


def _check_shares(config: _Config, names: tuple[str, ...]) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} must lie in 0..1, got {value!r}")


def _check_pixels(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    for name, value in (("pixel_mean", mean), ("pixel_std", std)):
        if len(value) != 3:
            raise ValueError(f"{name} must have one number for each of 3 channels, got {value!r}")
    if min(std) <= 0:
        raise ValueError(f"pixel_std must be positive, got {std!r}")


_LEGACY: Final[dict[str, Any]] = {
    "has_decoder": False,
    "dense_pool_px": LEGACY_POOL_PX,
    "coarse_channels": COARSE_PARTS,
}

PRESETS: Final[dict[str, ModelConfig]] = {
    "r50_s1x": ModelConfig(),
    "r50_s1x_legacy": ModelConfig(**_LEGACY),
    "r50_dl_s1x": ModelConfig(dense_head="deeplab"),
    "r50_cse_s1x": ModelConfig(output="embedding"),
    "r50_cse_dl_s1x": ModelConfig(output="embedding", dense_head="deeplab"),
    "r101_s1x": ModelConfig(backbone="resnet101"),
    "r101_s1x_legacy": ModelConfig(backbone="resnet101", **_LEGACY),
    "r101_dl_s1x": ModelConfig(backbone="resnet101", dense_head="deeplab"),
    "r101_cse_s1x": ModelConfig(backbone="resnet101", output="embedding"),
    "r101_cse_dl_s1x": ModelConfig(backbone="resnet101", output="embedding", dense_head="deeplab"),
}


def preset(name: str, **changes: Any) -> ModelConfig:
    """Return a public model's configuration, with fields changed as asked.

    Raises:
        ValueError: no preset has that name, or a changed value is not allowed.
    """
    if name not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}, got {name!r}")
    return replace(PRESETS[name], **changes)


@dataclass(frozen=True, slots=True)
class LiteConfig(_Config):
    """The bundled network of one person in a crop around its box (`models.lite`).

    Attributes:
        width: channels of the pyramid.
        n_context_convs: convolutions at stride 8.
        coarse_channels: 15, background and the coarse parts: the platform wants left and right told apart.
        crop_px: side of the square that a person's crop is brought to, a multiple of 32.
        margin: of the crop around the box, as a share of each side.
        pixel_mean, pixel_std: input = (pixel - mean) / std, RGB in 0..255.
    """

    width: int = 96
    n_context_convs: int = 2
    coarse_channels: int = COARSE_PARTS
    crop_px: int = 160
    margin: float = 0.15
    pixel_mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    pixel_std: tuple[float, float, float] = (128.0, 128.0, 128.0)

    def __post_init__(self) -> None:
        _check_whole(self, ("width", "n_context_convs", "crop_px"))
        _check_shares(self, ("margin",))
        if self.crop_px % 32:
            raise ValueError(f"crop_px must be a multiple of 32, got {self.crop_px}")
        if self.coarse_channels != COARSE_PARTS:
            raise ValueError(f"coarse_channels must be {COARSE_PARTS}, got {self.coarse_channels!r}")
        _check_pixels(self.pixel_mean, self.pixel_std)


@dataclass(frozen=True, slots=True)
class DetectorConfig(_Config):
    """The bundled person detector (`models.detector`).

    Attributes:
        width: channels of the pyramid.
        n_tower_convs: convolutions before the scores, and before the boxes.
        long_side_px: an image is resized to this long side, and then to half of it.
        score_threshold, nms_iou, max_detections: what counts as a detected person.
        pixel_mean, pixel_std: input = (pixel - mean) / std, RGB in 0..255.
    """

    width: int = 64
    n_tower_convs: int = 2
    long_side_px: int = 512
    score_threshold: float = 0.3
    nms_iou: float = 0.5
    max_detections: int = 50
    pixel_mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    pixel_std: tuple[float, float, float] = (128.0, 128.0, 128.0)

    def __post_init__(self) -> None:
        _check_whole(self, ("width", "n_tower_convs", "long_side_px", "max_detections"))
        _check_shares(self, ("score_threshold", "nms_iou"))
        _check_pixels(self.pixel_mean, self.pixel_std)
