"""The paper's table on synthetic people: DP-FCN, regions with sparse points, with distillation, with cascade.

Run: python -m benchmarks.paper_table --data DIR ... --held-out DIR --out DIR [--minutes 10 | --steps 400] [--seeds 0 1]
Every run has one budget, in minutes or in steps, and the lite backbone; boxes are given. It may be killed at any
moment: the same command goes on. Sets are those of `python -m rendering.scenes`; only their points and part masks are
used.
"""

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from densepose.config import LiteConfig
from densepose.crops import Region, square, to_square
from densepose.evaluation.run import evaluate, geodesics
from densepose.evaluation.truth import TrueImage, read_truth
from densepose.images import Rgb
from densepose.models.fcn import DensePoseFCN
from densepose.models.heads import ChartMaps
from densepose.photographs import image_path, read_photograph
from densepose.predictor import LitePredictor, PersonSurface
from densepose.surface_maps import surface_maps
from densepose.training.cascade import CascadeLearner
from densepose.training.distillation import DistilledPeople, TeacherLearner
from densepose.training.examples import CONTEXT, STORED_PX, UNKNOWN, Example, Examples, People, Source
from densepose.training.lite import LiteLearner, LiteRecipe
from densepose.training.loop import Schedule, train
from labels.boxes import Box, Crop
from labels.dp_masks import label_map_of

ROWS = {
    "fcn": "DP-FCN",
    "sparse": "DensePose-RCNN, sparse points only",
    "distilled": "DensePose-RCNN, with distillation",
    "cascade": "DensePose-RCNN, distillation + cascade",
}
PUBLISHED = {"fcn": (0.253, None), "sparse": (0.315, None), "distilled": (0.381, None), "cascade": (0.390, 0.664)}


class Pictures:
    """Whole pictures as examples: everybody's parts and points at once."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._pictures = [(source, image) for source in sources for image in read_truth(source.annotations)]
        self._kept: dict[int, Example] = {}

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> Example:
        if index not in self._kept:
            self._kept[index] = self._make(*self._pictures[index])
        return self._kept[index]

    @staticmethod
    def _make(source: Source, truth: TrueImage) -> Example:
        height, width = truth.size
        spare_x, spare_y = (round(side * (CONTEXT - 1) / 2) for side in (width, height))
        region = Region(-spare_x, -spare_y, width + 2 * spare_x, height + 2 * spare_y)
        label = np.zeros(truth.size, np.uint8)
        for person in truth.people:
            parts = label_map_of(person.record["dp_masks"], Crop(0, 0, width, height), person.box)
            label = np.where(parts > 0, parts, label)
        points = [person.points for person in truth.people if person.points is not None]
        image = read_photograph(image_path(source.images, truth.file_name), truth.size)
        return Example(
            square(image, region, STORED_PX),
            square(label, region, STORED_PX, outside=UNKNOWN, is_labels=True),
            to_square(np.concatenate([of.xy for of in points]), region, STORED_PX),
            np.concatenate([of.chart for of in points]),
            np.concatenate([np.column_stack([of.u, of.v]) for of in points]),
            None,
        )


class FcnLearner(LiteLearner):
    """DP-FCN on whole pictures."""

    def network(self) -> nn.Module:
        return DensePoseFCN(self.config)


class LastStage(nn.Module):
    """A cascade that answers with its second stage alone."""

    def __init__(self, cascade: nn.Module) -> None:
        super().__init__()
        self.cascade = cascade

    def forward(self, images: Tensor) -> ChartMaps:
        return self.cascade(images).last


class CropPredictor(LitePredictor):
    """A network in memory on the crops of given boxes."""

    def __init__(self, model: nn.Module, config: LiteConfig, device: torch.device) -> None:
        self.config, self.device, self.model = config, device, model.eval()


class PicturePredictor:
    """DP-FCN on a whole picture, cut into the given boxes."""

    def __init__(self, model: nn.Module, config: LiteConfig, device: torch.device) -> None:
        self.config, self._device, self._model = config, device, model.eval()

    def predict(self, image: Rgb, boxes: Sequence[Box] | None = None) -> list[PersonSurface]:
        height, width = image.shape[:2]
        pixels = square(image, Region(0, 0, width, height), self.config.crop_px).astype(np.float32)
        normal = (pixels - self.config.pixel_mean) / self.config.pixel_std
        with torch.inference_mode():
            maps = self._model(torch.from_numpy(normal.astype(np.float32)).to(self._device).permute(2, 0, 1)[None])
            [whole] = surface_maps(maps, [(height, width)])
        return [PersonSurface(box, 1.0, Crop(0, 0, width, height), whole) for box in boxes or []]


def learner_of(row: str, options: argparse.Namespace, people: Examples, seed: int) -> LiteLearner:
    """Return what a row trains."""
    is_whole, is_distilled = row == "fcn", row in ("distilled", "cascade")
    side = 2 * options.crop if is_whole else options.crop
    recipe = replace(
        LiteRecipe(), batch=options.batch // 4 if is_whole else options.batch, crop_px=side, seed=seed,
        n_points=256 if is_whole else 128, is_dense=is_distilled,
        annotated_share=0.5 if is_distilled else 0.0, is_on_device=options.on_device,
    )  # fmt: skip
    kind = {"fcn": FcnLearner, "teacher": TeacherLearner, "cascade": CascadeLearner}.get(row, LiteLearner)
    return kind(
        LiteConfig(crop_px=side), people, None, recipe, device=torch.device(options.device), workers=options.workers
    )


def trained(row: str, options: argparse.Namespace, people: Examples, seed: int) -> LiteLearner:
    """Train a row's network, or go on where it was cut off; its model has the averaged weights."""
    learner = learner_of(row, options, people, seed)
    out = options.out / f"{row}-{seed}"
    weights = out / "averaged.pt"
    if not weights.exists():
        learner.save = lambda path, model: _store(model, weights)  # type: ignore[method-assign]
        minutes = None if options.steps else options.minutes
        schedule = Schedule(minutes=minutes, steps=options.steps, log_every=100, precision="bf16")
        identity = {"configuration": learner.config.to_json(), "recipe": repr(learner.recipe)}
        train(learner, schedule, out, device=learner.device, identity=identity, say=say)
    learner.model.to(learner.device).load_state_dict(torch.load(weights, weights_only=True))
    learner.model.eval()
    return learner


def _store(model: nn.Module, path: Path) -> None:
    """Write weights under another name first: a kill leaves all of them or none."""
    temporary = path.with_suffix(".part")
    torch.save(model.state_dict(), temporary)
    temporary.replace(path)


class Lessons:
    """What the rows learn from, made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._sources = [replace(Source.of(folder), truth=None) for folder in options.data]
        self._people = People(self._sources, LiteConfig().margin)
        if options.workers:
            self._people.fill(options.workers)
        self._distilled: dict[int, Examples] = {}

    def of(self, row: str, seed: int) -> Examples:
        """Return those of a row; for distillation the seed's teacher is trained first."""
        if row == "fcn":
            return Pictures(self._sources)
        if row == "sparse":
            return self._people
        if seed not in self._distilled:
            teacher = trained("teacher", self._options, self._people, seed)
            self._distilled[seed] = DistilledPeople(self._people, teacher.model, teacher.config)
        return self._distilled[seed]


def run(row: str, options: argparse.Namespace, lessons: Lessons, seed: int) -> dict[str, float] | None:
    """Train and evaluate one row with one seed, unless that is done; None where it is only trained."""
    path = options.out / f"{row}-{seed}" / "result.json"
    if path.exists():
        return json.loads(path.read_text())
    say(f"== {ROWS[row]}, seed {seed}")
    learner = trained(row, options, lessons.of(row, seed), seed)
    if options.train_only:
        return None
    model = LastStage(learner.model) if row == "cascade" else learner.model
    predictor = (PicturePredictor if row == "fcn" else CropPredictor)(model, learner.config, learner.device)
    truth = read_truth(options.held_out / "annotations.json")[: options.limit]
    figures = evaluate(predictor, truth, options.held_out / "images", geodesics(options.geodesics), is_given=True)
    points = figures["points_by_rule"]["exact"]
    steps = json.loads((options.out / f"{row}-{seed}" / "progress.json").read_text())["step"]
    result = {
        "AUC@10": points["AUC@10"], "AUC@30": points["AUC@30"], "steps": steps, "people": figures["people"],
        "AP": figures["precision"]["exact"]["paper"]["GPS"]["AP"],
    }  # fmt: skip
    path.write_text(json.dumps(result))
    say(f"{ROWS[row]}, seed {seed}: {result}")
    return result


def table(results: dict[str, list[dict[str, float]]]) -> list[str]:
    """Return the table in Markdown: mean over seeds, and the spread from the lowest to the highest."""
    lines = [
        "| method | AUC@10 | AUC@30 | AP (GPS) | steps | the paper, AUC@10, AUC@30 |",
        "|---|---|---|---|---|---|",
    ]
    for row, runs in results.items():
        if not runs:
            continue
        cells = []
        for name in ("AUC@10", "AUC@30", "AP"):
            values = [result[name] for result in runs]
            spread = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
            cells.append(f"{statistics.mean(values):.3f}{spread}")
        cells.append(f"{statistics.mean(result['steps'] for result in runs):.0f}")
        cells.append(", ".join("" if value is None else f"{value:.3f}" for value in PUBLISHED[row]))
        lines.append(f"| {ROWS[row]} | {' | '.join(cells)} |")
    return lines


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Run what is missing, seed by seed, and print the table of what there is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="synthetic sets to learn from")
    parser.add_argument("--held-out", type=Path, required=True, help="a synthetic set to measure on")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is trained and measured")
    parser.add_argument("--minutes", type=float, default=10.0, help="budget of a run")
    parser.add_argument("--steps", type=int, help="budget of a run in steps instead, where others load the machine")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--crop", type=int, default=96, help="side of a person's crop; of a picture, twice that")
    parser.add_argument("--batch", type=int, default=16, help="people a step; a quarter as many pictures")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--workers", type=int, default=0, help="processes that make steps' lessons ahead")
    parser.add_argument("--on-device", action="store_true", help="keep people on the GPU and change them there")
    parser.add_argument("--train-only", action="store_true", help="leave measuring to the same command without this")
    parser.add_argument("--limit", type=int, help="only so many held-out pictures")
    parser.add_argument("--geodesics", type=Path, default=Path("var/geodesics"), help="folder of the table; made once")
    options = parser.parse_args()
    torch.set_num_threads(1)
    lessons = Lessons(options)
    results: dict[str, list[dict[str, float]]] = {row: [] for row in options.rows}
    for seed in options.seeds:
        for row in options.rows:
            if result := run(row, options, lessons, seed):
                results[row].append(result)
        say("\n".join(table(results)))


if __name__ == "__main__":
    main()
