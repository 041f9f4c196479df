"""`python -m densepose train`: from annotation files to a checkpoint that `predict` and the platform read."""

import argparse
import hashlib
import json
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from densepose.arguments import count, positive, usable_device, whole
from densepose.config import PRESETS, DetectorConfig, LiteConfig, ModelConfig

if TYPE_CHECKING:
    import torch

    from densepose.checkpoints import Checkpoint
    from densepose.training.loop import Learner
    from densepose.training.pictures import Picture

LITE: Final = "lite"
DETECTOR: Final = "detector"

_BATCH: Final = {LITE: 16, DETECTOR: 8}
_RCNN_BATCH: Final = 2
_RATE: Final = {LITE: 1e-3, DETECTOR: 1.5e-3}
_RCNN_RATE: Final = 2e-4
_N_CUTTINGS: Final = 4000  # pieces of scenery
_PRETRAINED_STAGES: Final = 2  # of a backbone that has learnt before: with its stem they stay as they are

AnyConfig = TypeVar("AnyConfig", ModelConfig, LiteConfig, DetectorConfig)


def add_train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its arguments."""
    train = commands.add_parser("train", help="train a network on DensePose-COCO files; resumes by itself")
    train.add_argument(
        "--preset", choices=(LITE, DETECTOR, *PRESETS), help="the network; that of --weights, or lite, where not said"
    )
    train.add_argument("--config", type=Path, help="JSON file with fields of its configuration that are to be changed")
    train.add_argument("--data", type=Path, nargs="+", required=True, help="folders with annotations.json and images/")
    train.add_argument("--held-out", type=Path, nargs="*", default=[], help="folders to validate on")
    train.add_argument("--out", type=Path, required=True, help="folder for model.safetensors, state and log.jsonl")
    budget = train.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=positive, help="budget in minutes spent in steps")
    budget.add_argument("--steps", type=whole, help="budget in steps")
    train.add_argument("--weights", type=Path, help="checkpoint to begin from; a detector takes a lite one's backbone")
    train.add_argument("--batch", type=whole, help="people a step; of other networks than lite pictures a step")
    train.add_argument("--accumulate", type=whole, default=1, help="steps' parts whose gradients add up")
    train.add_argument("--rate", type=positive, help="highest learning rate")
    train.add_argument("--seed", type=count, default=0, help="decides order and augmentation")
    train.add_argument("--losses", choices=("lite", "s1x", "legacy"), help="weights of the surface's losses")
    train.add_argument("--validate-minutes", type=positive, default=15.0, help="between validations")
    train.add_argument("--device", default="cpu", help="cpu or cuda")
    train.add_argument("--threads", type=whole, help="CPU threads")
    train.add_argument("--workers", type=count, default=0, help="processes that make lessons ahead; not for two stages")
    lite = train.add_argument_group("of the lite network")
    lite.add_argument("--crop", type=whole, default=192, help="side of the crops in pixels, a multiple of 32")
    lite.add_argument("--points", type=whole, default=128, help="points of a person that count in a step")
    lite.add_argument("--sparse", action="store_true", help="learn from annotated points only, not from every pixel")
    lite.add_argument(
        "--on-device", action="store_true", help="keep people on the GPU and change them there; no workers needed"
    )
    lite.add_argument("--scenery", type=Path, help="photographs without people, to put into crops made on the device")
    lite.add_argument("--kept-gb", type=positive, default=3.0, help="memory for people read once; half a MB each")
    detector = train.add_argument_group("of the detector")
    detector.add_argument("--sides", type=whole, nargs="+", help="sides of the canvases in pixels, multiples of 32")
    rcnn = train.add_argument_group("of the two-stage networks")
    rcnn.add_argument("--short-sides", type=whole, nargs="+", help="pixels that pictures' short sides are brought to")


def run_train(options: argparse.Namespace) -> None:
    """Run it.

    Raises:
        OSError, ValueError: data, weights or arguments cannot be used; the message says which.
    """
    import torch

    from densepose.checkpoints import read_checkpoint
    from densepose.training.loop import Schedule, device_of_rank, train

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    device = device_of_rank(usable_device(options.device))
    options.out.mkdir(parents=True, exist_ok=True)
    start = read_checkpoint(options.weights) if options.weights else None
    options.preset = options.preset or _preset_of(start)
    if options.batch is None:
        options.batch = _BATCH.get(options.preset, _RCNN_BATCH)
    make = {LITE: _lite, DETECTOR: _detector}.get(options.preset, _rcnn)
    learner = make(options, start, device)
    identity = _identity(learner, options)
    schedule = Schedule(
        minutes=options.minutes, steps=options.steps, accumulate=options.accumulate, precision="bf16",
        learning_rate=_RATE.get(options.preset, _RCNN_RATE) if options.rate is None else options.rate,
        validate_every_s=60 * options.validate_minutes,
    )  # fmt: skip
    figures = train(learner, schedule, options.out, device=device, identity=identity, say=_say)
    _say(f"{options.out / 'model.safetensors'}: {figures}")


def _identity(learner: "Learner", options: argparse.Namespace) -> dict[str, str]:
    """Return what a run is: what it learns from, what it begins with, and each word that changes its steps."""
    recipe = {field.name: repr(getattr(learner.recipe, field.name)) for field in fields(learner.recipe)}
    return recipe | {
        "configuration": f"{type(learner.config).__name__} {learner.config.to_json()}",
        "data": " ".join(_digest(folder / "annotations.json") for folder in options.data),
        "start weights": _digest(options.weights) if options.weights else "",
        "scenery": " ".join(sorted(path.name for path in options.scenery.iterdir())) if options.scenery else "",
        "accumulate": str(options.accumulate),
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _preset_of(start: "Checkpoint | None") -> str:
    """Return a preset of the kind of some weights; their own configuration says the rest."""
    if start is None or isinstance(start.config, LiteConfig):
        return LITE
    return DETECTOR if isinstance(start.config, DetectorConfig) else next(iter(PRESETS))


def _lite(options: argparse.Namespace, start: "Checkpoint | None", device: "torch.device") -> "Learner":
    import torch

    from densepose.checkpoints import begin_with
    from densepose.training.examples import People, Source
    from densepose.training.lite import LiteLearner, LiteRecipe
    from densepose.training.losses import LOSS_WEIGHTS
    from densepose.training.on_device import cuttings

    torch.backends.cudnn.benchmark = True  # crops are all of one size
    if options.crop < 64 or options.crop % 32:
        raise ValueError(f"--crop must be a multiple of 32, 64 or more, got {options.crop}")
    config = _config(LiteConfig(), options, start)
    people = People(
        [Source.of(folder) for folder in options.data], config.margin, kept_bytes=round(1e9 * options.kept_gb)
    )
    if options.scenery and not options.on_device:
        raise ValueError("--scenery is put into crops that are made on the device: add --on-device")
    if options.workers:
        people.fill(options.workers)
    held_out = People([Source.of(folder) for folder in options.held_out], config.margin) if options.held_out else None
    recipe = LiteRecipe(
        batch=options.batch, crop_px=options.crop, n_points=options.points, seed=options.seed,
        is_dense=not options.sparse, weights=LOSS_WEIGHTS[options.losses or "lite"], is_on_device=options.on_device,
    )  # fmt: skip
    learner = LiteLearner(
        config, people, held_out, recipe, device=device, is_pretrained=start is None,
        workers=options.workers, parts=options.accumulate,
        scenery=cuttings(options.scenery, _N_CUTTINGS) if options.scenery else None,
    )  # fmt: skip
    if start is not None:
        begin_with(learner.model, start.tensors)
    _say(f"{len(people)} people to learn from, {0 if held_out is None else len(held_out)} held out")
    return learner


def _detector(options: argparse.Namespace, start: "Checkpoint | None", device: "torch.device") -> "Learner":
    from densepose.training.collages import Album
    from densepose.training.detector import DetectorLearner, DetectorRecipe

    config = _config(DetectorConfig(), options, None if start and isinstance(start.config, LiteConfig) else start)
    pictures, held_out = _pictures(options.data), _pictures(options.held_out)
    if wrong := [side for side in options.sides or () if side % 32]:
        raise ValueError(f"--sides must be multiples of 32, got {wrong[0]}")
    recipe = DetectorRecipe(batch=options.batch, seed=options.seed)
    if options.sides:
        recipe = replace(recipe, sides=tuple(options.sides))
    return DetectorLearner(
        config, Album.of(pictures), held_out, recipe, device=device, start=start,
        workers=options.workers, parts=options.accumulate,
    )  # fmt: skip


def _rcnn(options: argparse.Namespace, start: "Checkpoint | None", device: "torch.device") -> "Learner":
    from densepose.training.losses import LOSS_WEIGHTS
    from densepose.training.rcnn import RcnnLearner, RcnnRecipe

    config = _config(PRESETS[options.preset], options, start)
    recipe = RcnnRecipe(
        batch=options.batch, seed=options.seed, weights=LOSS_WEIGHTS[options.losses or "s1x"],
        n_frozen_stages=0 if start is None else _PRETRAINED_STAGES,
    )  # fmt: skip
    if options.short_sides:
        recipe = replace(recipe, short_sides_px=tuple(options.short_sides))
    pictures, held_out = _pictures(options.data), _pictures(options.held_out)
    return RcnnLearner(config, pictures, held_out, recipe, device=device, start=start)


def _config(default: AnyConfig, options: argparse.Namespace, start: "Checkpoint | None") -> AnyConfig:
    """Return the preset's configuration, or that of the weights to begin from, with the file's fields changed."""
    config = default
    if start is not None:
        if not isinstance(start.config, type(default)):
            raise ValueError(f"--weights {options.weights} is another network than {options.preset}")
        config = start.config
    if options.config is None:
        return config
    changes = json.loads(options.config.read_text(encoding="utf-8"))
    if not isinstance(changes, dict):
        raise ValueError(f"{options.config} must hold a JSON object with fields of the configuration")
    return type(config).from_json(json.dumps({**asdict(config), **changes}))


def _pictures(folders: list[Path]) -> "list[Picture]":
    from densepose.training.pictures import read_pictures

    pictures = [picture for folder in folders for picture in read_pictures(folder)]
    people = sum(len(picture.boxes) for picture in pictures)
    if folders:
        _say(f"{len(pictures)} pictures with {people} people in {', '.join(map(str, folders))}")
    return pictures


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
