"""Runs a network over an annotated set and writes what it is worth: `python -m densepose evaluate`."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from body.canonical import load_canonical_body
from body.geodesics import GeodesicTable, build_geodesics, geodesics_path
from densepose.arguments import usable_device
from densepose.evaluation.plot import rcp_svg
from densepose.evaluation.points import Metric
from densepose.evaluation.report import lines_of, report
from densepose.evaluation.scoring import ImageScore, score_image
from densepose.evaluation.truth import TrueImage, read_truth
from densepose.photographs import check_files, image_path, read_photograph
from labels.boxes import Box

if TYPE_CHECKING:
    from densepose.images import Rgb
    from densepose.predictor import PersonSurface


class Predicts(Protocol):
    """What is evaluated: `densepose.predictor.Predictor` or its like."""

    def predict(self, image: "Rgb", boxes: "Sequence[Box] | None" = None) -> "list[PersonSurface]":
        """Return one result a box, or one a detected person."""


def evaluate(
    predictor: Predicts,
    truth: Sequence[TrueImage],
    images: Path,
    metric: Metric,
    *,
    is_given: bool = False,
    on_image: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Return all figures of a network on an annotated set.

    Args:
        predictor: the network.
        truth: of `read_truth`.
        images: folder with their files.
        metric: geodesics of the canonical body.
        is_given: tell the network where the annotated people are; nothing is detected.
        on_image: called with (done, all).

    Raises:
        OSError: an image is missing, which is told before the first is looked at, or cannot be read.
        ValueError: an image has another size than the file says.
    """
    paths = {of_image.id: image_path(images, of_image.file_name) for of_image in truth}
    check_files(paths.values())
    scores: list[ImageScore] = []
    for number, of_image in enumerate(truth, start=1):
        image = read_photograph(paths[of_image.id], of_image.size)
        boxes = [person.box for person in of_image.people if person.points is not None] if is_given else None
        people = predictor.predict(image, boxes) if boxes is None or boxes else []
        scores.append(score_image(of_image, people, metric, is_given))
        if on_image is not None:
            on_image(number, len(truth))
    return {"boxes": "given" if is_given else "detected", **report(scores)}


def geodesics(folder: Path) -> GeodesicTable:
    """Return the table of a folder; it is built there first where it is missing, which takes some minutes."""
    path = geodesics_path(folder)
    if not path.exists():
        body = load_canonical_body()
        build_geodesics(body.vertices, body.faces, path, on_progress=_progress("geodesics, once"))
        sys.stderr.write("\n")
    return GeodesicTable.open(path)


def write(figures: dict[str, Any], out: Path, title: str) -> None:
    """Write `evaluation.json` and `rcp.svg` into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    curves = {
        f"{rule} (AUC@10 {points['AUC@10']:.3f}, AUC@30 {points['AUC@30']:.3f})": (
            points["rcp"]["cm"],
            points["rcp"]["share"],
        )
        for rule, points in figures["points_by_rule"].items()
        if points["AUC@10"] is not None
    }
    (out / "rcp.svg").write_text(rcp_svg(curves, title), encoding="utf-8")
    (out / "evaluation.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")


def run(options: argparse.Namespace) -> None:
    """Evaluate as the command line says."""
    from densepose.predictor import load_predictor

    usable_device(options.device)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    truth = read_truth(options.data, options.dp_scale)[: options.limit]
    if not truth:
        raise ValueError(f"{options.data} has no annotated image")
    if all(person.points is None for of_image in truth for person in of_image.people):
        raise ValueError(f"nobody in {options.data} has DensePose points: there is nothing to measure against")
    changes = {"short_side_px": options.short_side, "max_proposals": options.proposals}
    predictor = load_predictor(
        options.weights, options.device, **{name: value for name, value in changes.items() if value is not None}
    )
    started = time.monotonic()
    figures = evaluate(
        predictor,
        truth,
        options.images,
        geodesics(options.geodesics),
        is_given=options.boxes_given,
        on_image=_progress("images"),
    )
    sys.stderr.write("\n")
    figures = {
        "network": Path(options.weights).name,
        "data": str(options.data),
        "seconds": round(time.monotonic() - started, 1),
        **figures,
    }
    for line in lines_of(figures):
        sys.stdout.write(f"{line}\n")
    if options.out is not None:
        write(figures, options.out, f"{figures['network']}, boxes {figures['boxes']}")


def _progress(what: str) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"\r{what}: {done} of {total}")
        sys.stderr.flush()

    return tell
