"""`python -m densepose predict | train | evaluate | convert | benchmark`: the networks on the command line."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from densepose.arguments import whole
from densepose.config import PRESETS
from densepose.training.command import add_train, run_train
from labels.boxes import Box
from labels.errors import LabelError

if TYPE_CHECKING:
    from densepose.predictor import PersonSurface

# torch is loaded by the commands themselves: `--help` and a wrong argument are answered at once.


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
    commands = {
        "predict": _predict,
        "train": run_train,
        "evaluate": _evaluate,
        "convert": _convert,
        "benchmark": _benchmark,
    }
    run = commands[options.command]
    try:
        run(options)
    except _expected() as error:
        sys.stderr.write(f"densepose {options.command}: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"\ndensepose {options.command}: stopped\n")
        return 130
    return 0


def _joined(arguments: list[str]) -> list[str]:
    """Write `--box -5,...` as `--box=-5,...`: what begins with a dash is an option to argparse."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--box" and word.startswith("-"):
            joined[-1] = f"--box={word}"
        else:
            joined.append(word)
    return joined


def _expected() -> tuple[type[Exception], ...]:
    """Return the errors of which their message is all that a user needs; it is called when one was raised."""
    import cv2

    return OSError, ValueError, cv2.error  # CheckpointError, LabelError and our others are ValueErrors


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m densepose", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    predict = commands.add_parser("predict", help="find people in a photograph and their surface")
    predict.add_argument("image", type=Path, help="photograph")
    predict.add_argument(
        "--weights", default="lite", help="checkpoint (.pkl, .pth, .safetensors), or lite: the bundled"
    )
    predict.add_argument("--out", type=Path, help="picture to write")
    predict.add_argument("--arrays", type=Path, help=".npz to write: box, score, window, chart, u, v of each person")
    predict.add_argument("--box", type=_box, action="append", help="x,y,width,height of a person; detects none; repeat")
    predict.add_argument("--score", type=float, help="detect people above this probability")
    predict.add_argument("--short-side", type=whole, help="pixels that the image's short side is brought to")
    predict.add_argument("--device", default="cpu", help="cpu or cuda")

    add_train(commands)

    convert = commands.add_parser("convert", help="turn a checkpoint of the public zoo into .safetensors")
    convert.add_argument("source", type=Path, help="checkpoint (.pkl, .pth, .safetensors)")
    convert.add_argument("target", type=Path, help=".safetensors to write")
    convert.add_argument("--blend", type=Path, help="checkpoint it was trained on from, to take the mean with")
    convert.add_argument("--share", type=float, default=0.5, help="of that one in the mean, 0 to 1")
    convert.add_argument(
        "--background",
        type=float,
        metavar="SHIFT",
        help="added to a lite network's logit of background: -2 sees more body",
    )
    convert.add_argument("--half", action="store_true", help="store half precision: half the size, a little less exact")

    evaluate = commands.add_parser("evaluate", help="measure a network on annotated people")
    evaluate.add_argument("--weights", required=True, help="checkpoint (.pkl, .pth, .safetensors) or a bundled preset")
    evaluate.add_argument("--data", type=Path, required=True, help="annotations.json in the DensePose-COCO format")
    evaluate.add_argument("--images", type=Path, required=True, help="folder of its images")
    evaluate.add_argument("--out", type=Path, help="folder for evaluation.json and rcp.svg")
    evaluate.add_argument("--boxes-given", action="store_true", help="tell the network the people's boxes; detect none")
    evaluate.add_argument("--limit", type=whole, help="only so many images, the first")
    evaluate.add_argument(
        "--dp-scale", type=int, choices=(255, 256), default=255, help="what dp_x, dp_y are divided by"
    )
    evaluate.add_argument("--short-side", type=whole, help="pixels that the image's short side is brought to")
    evaluate.add_argument("--proposals", type=whole, help="regions that the box head looks at; 1000 as published")
    evaluate.add_argument(
        "--geodesics", type=Path, default=Path("var/geodesics"), help="folder of the table; made once"
    )
    evaluate.add_argument("--device", default="cpu", help="cpu or cuda")

    benchmark = commands.add_parser("benchmark", help="time a network stage by stage")
    benchmark.add_argument("--network", default="r50_s1x", help=f"checkpoint, lite, or one of {', '.join(PRESETS)}")
    benchmark.add_argument("--size", type=_size, nargs="+", default=[(240, 320)], help="HEIGHTxWIDTH, several at will")
    benchmark.add_argument("--people", type=whole, nargs="+", default=[1], help="people in an image")
    benchmark.add_argument("--batch", type=whole, nargs="+", default=[1], help="images run together")
    benchmark.add_argument("--repeat", type=whole, default=5, help="runs that count; the median is printed")
    benchmark.add_argument("--boxes-given", action="store_true", help="leave out proposals and box head")
    benchmark.add_argument("--proposals", type=whole, help="regions that the box head looks at; 1000 as published")
    benchmark.add_argument("--device", default="cpu", help="cpu or cuda")
    benchmark.add_argument("--threads", type=whole, help="CPU threads")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _box(text: str) -> Box:
    try:
        return Box.from_xywh([float(number) for number in text.split(",")])
    except (ValueError, LabelError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} must be x,y,width,height: {error}") from error


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} must be HEIGHTxWIDTH in pixels")
    return int(match[1]), int(match[2])


def _predict(options: argparse.Namespace) -> None:
    if options.out is None and options.arrays is None:
        raise ValueError("nothing to write: pass --out picture.png or --arrays people.npz")
    for path in filter(None, (options.out, options.arrays)):
        if not path.parent.is_dir():
            raise ValueError(f"{path} cannot be written: there is no folder {path.parent}")
    from PIL import Image

    if options.out is not None and Image.registered_extensions().get(options.out.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"{options.out} must end as pictures do, in .png or .jpg for instance")
    from densepose.drawing import draw_people
    from densepose.photographs import read_photograph
    from densepose.predictor import load_predictor

    changes = {"score_threshold": options.score, "short_side_px": options.short_side}
    predictor = load_predictor(
        options.weights, options.device, **{name: value for name, value in changes.items() if value is not None}
    )
    image = read_photograph(options.image)
    boxes = options.box
    if boxes is None and not predictor.detects:
        raise ValueError("the bundled detector's weights are missing: give --box")
    people = predictor.predict(image, boxes)
    if options.out is not None:
        Image.fromarray(draw_people(image, people)).save(options.out)
    if options.arrays is not None:
        with options.arrays.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **_arrays(people))
    for person in people:
        box = ", ".join(f"{value:.1f}" for value in person.box.to_xywh())
        body = float(np.mean(person.surface.chart > 0))
        _say(f"person at {box}: score {person.score:.3f}, body on {body:.0%} of the box")
    _say(f"{len(people)} people" if people else "nobody was found: give --box, or a lower --score")


def _arrays(people: "list[PersonSurface]") -> dict[str, Any]:
    """Return `box_1`, `score_1`, ... of every person, numbered from 1."""
    arrays: dict[str, Any] = {}
    for number, person in enumerate(people, start=1):
        window = person.window
        arrays |= {
            f"box_{number}": np.array(person.box.to_xywh()),
            f"score_{number}": np.array(person.score),
            f"window_{number}": np.array([window.x, window.y, window.width, window.height]),
            f"chart_{number}": person.surface.chart,
            f"u_{number}": person.surface.u,
            f"v_{number}": person.surface.v,
        }
    return arrays


def _convert(options: argparse.Namespace) -> None:
    from densepose.checkpoints import blended, read_checkpoint, with_background_shifted, write_checkpoint

    checkpoint = read_checkpoint(options.source)
    if options.blend:
        checkpoint = blended(checkpoint, read_checkpoint(options.blend), options.share)
    if options.background is not None:
        checkpoint = with_background_shifted(checkpoint, options.background)
    tensors = checkpoint.tensors
    if options.half:
        tensors = {name: tensor.half() for name, tensor in tensors.items()}
    write_checkpoint(options.target, checkpoint.config, tensors)
    numbers = sum(tensor.numel() for tensor in tensors.values())
    _say(f"{options.target}: {len(tensors)} tensors, {numbers / 1e6:.1f} million numbers")


def _evaluate(options: argparse.Namespace) -> None:
    from densepose.evaluation.run import run

    run(options)


def _benchmark(options: argparse.Namespace) -> None:
    import torch

    from densepose.benchmark import measure, network_for

    if options.threads is not None:
        torch.set_num_threads(options.threads)
    network = network_for(options.network, options.device, options.proposals)
    _say(f"{options.network} on {options.device}, torch {torch.__version__}, {torch.get_num_threads()} CPU threads")
    for size in options.size:
        for batch in options.batch:
            for people in options.people:
                timing = measure(
                    network, size, people=people, batch=batch, repeat=options.repeat, is_given=options.boxes_given
                )
                stages = ", ".join(f"{name} {1000 * value:.1f}" for name, value in timing.stages.items())
                _say(
                    f"{size[0]}x{size[1]}, batch {batch}, {people} people an image: {1000 * timing.total:.1f} ms, "
                    f"processor {1000 * timing.processor:.1f} ms"
                )
                _say(f"  {timing.images / timing.total:.2f} images/s, {timing.people / timing.total:.2f} people/s")
                _say(f"  ms: {stages}; peak {timing.peak_mb:.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
