"""`python -m densepose train`: from annotation files to a checkpoint that `predict` and the platform read."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from densepose.config import LiteConfig


def add_train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its arguments."""
    train = commands.add_parser("train", help="train the lite network on DensePose-COCO files; resumes by itself")
    train.add_argument("--data", type=Path, nargs="+", required=True, help="folders with annotations.json and images/")
    train.add_argument("--held-out", type=Path, nargs="*", default=[], help="folders to validate on")
    train.add_argument("--out", type=Path, required=True, help="folder for model.safetensors, state and log.jsonl")
    budget = train.add_mutually_exclusive_group(required=True)
    budget.add_argument("--minutes", type=float, help="budget in minutes spent in steps")
    budget.add_argument("--steps", type=int, help="budget in steps")
    train.add_argument("--weights", type=Path, help="checkpoint to begin from, instead of ImageNet's backbone")
    train.add_argument("--batch", type=int, default=16, help="people a step")
    train.add_argument("--accumulate", type=int, default=1, help="steps' parts whose gradients add up")
    train.add_argument("--crop", type=int, default=192, help="side of the crops in pixels, a multiple of 32")
    train.add_argument("--points", type=int, default=128, help="points of a person that count in a step")
    train.add_argument("--sparse", action="store_true", help="learn from annotated points only, not from every pixel")
    train.add_argument("--losses", choices=("lite", "s1x", "legacy"), default="lite", help="weights of the losses")
    train.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    train.add_argument("--seed", type=int, default=0, help="decides order and augmentation")
    train.add_argument("--validate-minutes", type=float, default=15.0, help="between validations")
    train.add_argument("--device", default="cpu", help="cpu or cuda")
    train.add_argument("--threads", type=int, help="CPU threads")


def run_train(options: argparse.Namespace) -> None:
    """Run it.

    Raises:
        OSError, ValueError: data, weights or arguments cannot be used; the message says which.
    """
    import torch

    from densepose.checkpoints import read_checkpoint
    from densepose.training.examples import People, Source
    from densepose.training.lite import LiteLearner, LiteRecipe
    from densepose.training.loop import Schedule, train
    from densepose.training.losses import LOSS_WEIGHTS

    if options.crop < 64 or options.crop % 32:
        raise ValueError(f"--crop must be a multiple of 32, 64 or more, got {options.crop}")
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    config = LiteConfig()
    start = read_checkpoint(options.weights) if options.weights else None
    if start is not None:
        if not isinstance(start.config, LiteConfig):
            raise ValueError(f"--weights {options.weights} is another network: training goes on from a lite one")
        config = start.config
    people = People([Source.of(folder) for folder in options.data], config.margin)
    held_out = People([Source.of(folder) for folder in options.held_out], config.margin) if options.held_out else None
    recipe = replace(
        LiteRecipe(), batch=options.batch, crop_px=options.crop, n_points=options.points, seed=options.seed,
        is_dense=not options.sparse, weights=LOSS_WEIGHTS[options.losses],
    )  # fmt: skip
    device = torch.device(options.device)
    learner = LiteLearner(config, people, held_out, recipe, device=device, is_pretrained=start is None)
    if start is not None:
        learner.model.load_state_dict(start.tensors, strict=False)  # what is missing are counters
    schedule = Schedule(
        minutes=options.minutes, steps=options.steps, learning_rate=options.rate, accumulate=options.accumulate,
        validate_every_s=60 * options.validate_minutes, precision="bf16",
    )  # fmt: skip
    _say(f"{len(people)} people to learn from, {0 if held_out is None else len(held_out)} held out")
    figures = train(learner, schedule, options.out, device=device, say=_say)
    _say(f"{options.out / 'model.safetensors'}: {figures}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
