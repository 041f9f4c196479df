"""One training loop for every network: warm-up and cosine, accumulation, averaged weights, resuming after a kill.

What a step learns from depends on the seed and the step's number alone. So a run that is cut off at any moment goes on
from its last checkpoint as if it had never stopped; a budget in minutes counts the time that was spent in steps.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import torch
import torch.distributed
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

_CLIP_NORM: Final = 10.0
_PRECISIONS: Final = ("fp32", "bf16")
_STATE: Final = "state.safetensors"
_PROGRESS: Final = "progress.json"
_LOG: Final = "log.jsonl"


class Learner(Protocol):
    """A network and what it learns from; config and recipe are dataclasses that say how it and its steps are made."""

    model: nn.Module
    config: Any
    recipe: Any

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        """Return the weighted losses of a step's part number `share` of `shares`."""

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the optimizer's groups; `lr_factor` scales the learning rate of one."""

    def validate(self, model: nn.Module) -> dict[str, float]:
        """Return figures of the averaged network on held-out people."""

    def save(self, path: Path, model: nn.Module) -> None:
        """Write a checkpoint that predictors read."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard.

    Attributes:
        minutes, steps: the budget; exactly one of them is set.
        learning_rate: the highest; weight_decay: of AdamW.
        warm_up: share of the budget in which the rate rises; floor: where the cosine ends, as a share of the highest.
        accumulate: parts a step is split into, whose gradients add up.
        ema: how much of the averaged weights is kept at a step.
        log_every, save_every_s, validate_every_s: steps, seconds, seconds.
        precision: "bf16" computes in half precision where the device is a GPU.
    """

    minutes: float | None = None
    steps: int | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: float = 0.04
    floor: float = 0.01
    accumulate: int = 1
    ema: float = 0.998
    log_every: int = 20
    save_every_s: float = 120.0
    validate_every_s: float = 900.0
    precision: str = "fp32"

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise ValueError("give either minutes or steps")
        for name in ("minutes", "steps", "learning_rate", "accumulate", "log_every"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0, got {value!r}")
        for name in ("weight_decay", "save_every_s", "validate_every_s"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)!r}")
        for name in ("warm_up", "floor", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be 0 or more and below 1, got {getattr(self, name)!r}")
        if self.precision not in _PRECISIONS:
            raise ValueError(f"precision must be one of {', '.join(_PRECISIONS)}, got {self.precision!r}")

    def progress(self, step: int, spent_s: float) -> float:
        """Return the share of the budget that is used up, 0..1."""
        if self.steps is not None:
            return min(step / self.steps, 1.0)
        assert self.minutes is not None
        return min(spent_s / (60 * self.minutes), 1.0)

    def rate(self, progress: float) -> float:
        """Return the learning rate at a share of the budget."""
        if progress < self.warm_up:
            return self.learning_rate * (0.05 + 0.95 * progress / self.warm_up)
        along = (progress - self.warm_up) / (1 - self.warm_up)
        return self.learning_rate * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * along)))


class NonFiniteLossError(ValueError):
    """Training met a loss that is no number; the last checkpoint is from before it."""


@dataclass
class _Run:
    identity: dict[str, str]
    step: int = 0
    spent_s: float = 0.0
    validations: list[dict[str, float]] = field(default_factory=list)


def train(
    learner: Learner,
    schedule: Schedule,
    out: Path,
    *,
    device: torch.device,
    identity: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, float]:
    """Train until the budget is used up, from the last checkpoint in `out` where there is one.

    Args:
        learner: what is trained; its model is moved to the device.
        out: folder for `model.safetensors`, the state to resume from, and `log.jsonl`, one line an interval.
        identity: what makes this run this run and no other; only one that is the same is gone on with.
        say: told a line an interval.

    Returns:
        The figures of the last validation.

    Raises:
        NonFiniteLossError: a loss is infinite or undefined.
        ValueError: `out` holds another run; the message names what differs.
    """
    who = dict(identity or {})
    _meet(device)
    rank, _world = _ranks()
    model = learner.model.to(device).train()
    averaged = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    optimizer = torch.optim.AdamW(
        learner.parameter_groups(), lr=schedule.learning_rate, weight_decay=schedule.weight_decay
    )
    out.mkdir(parents=True, exist_ok=True)
    run = _resume(out, who, model, averaged, optimizer) or _Run(who)
    last_save = last_validation = time.monotonic()
    recent: dict[str, float] = {}
    while schedule.progress(run.step, run.spent_s) < 1:
        began = time.monotonic()
        rate = schedule.rate(schedule.progress(run.step, run.spent_s))
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("lr_factor", 1.0)
        losses = _step(learner, optimizer, schedule, run.step, device)
        _average(averaged, model, min(schedule.ema, (1 + run.step) / (10 + run.step)))
        run.step += 1
        run.spent_s += _agreed(time.monotonic() - began, device)
        for name, value in losses.items():
            recent[name] = value if name not in recent else 0.95 * recent[name] + 0.05 * value
        if rank:
            continue
        if run.step % schedule.log_every == 0:
            line = {"step": run.step, "minutes": round(run.spent_s / 60, 2), "rate": rate, **_rounded(recent)}
            _log(out, line)
            say(_words(line, schedule))
        now = time.monotonic()
        if now - last_validation > schedule.validate_every_s:
            run.validations.append({"step": run.step, **_validated(learner, averaged)})
            _log(out, run.validations[-1])
            say(f"held out: {_rounded(run.validations[-1])}")
            last_validation = time.monotonic()
        if now - last_save > schedule.save_every_s:
            _save(out, run, model, averaged, optimizer)
            last_save = time.monotonic()
    if rank:
        return {}
    figures = _validated(learner, averaged)
    _log(out, {"step": run.step, **figures})
    _save(out, run, model, averaged, optimizer)
    with _weights(learner.model, averaged) as model:
        learner.save(out / "model.safetensors", model)
    return figures


def _ranks() -> tuple[int, int]:
    """Return this process's number and how many there are under `torchrun`."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def device_of_rank(device: torch.device) -> torch.device:
    """Return this process's own GPU under `torchrun`, where a GPU is asked for and not which one."""
    if device.type != "cuda" or device.index is not None or "LOCAL_RANK" not in os.environ:
        return device
    own = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(own)
    return own


def _meet(device: torch.device) -> None:
    """Wait for the other processes that `torchrun` started."""
    if _ranks()[1] > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")


def _step(
    learner: Learner, optimizer: torch.optim.Optimizer, schedule: Schedule, step: int, device: torch.device
) -> dict[str, float]:
    """Take one step, over this process's share of it, and return its losses."""
    rank, world = _ranks()
    optimizer.zero_grad(set_to_none=True)
    seen: dict[str, float] = {}
    is_half = schedule.precision == "bf16" and device.type == "cuda"
    parts = schedule.accumulate * world
    for share in range(rank * schedule.accumulate, (rank + 1) * schedule.accumulate):
        with torch.autocast(device.type, torch.bfloat16, enabled=is_half):
            losses = learner.losses(step, share, parts)
            total = torch.stack(list(losses.values())).sum()
        if not bool(total.isfinite()):
            found = {name: float(value.detach()) for name, value in losses.items()}
            raise NonFiniteLossError(f"step {step}: the loss is {found}; lower the learning rate, or look at the data")
        (total / schedule.accumulate).backward()
        for name, value in losses.items():
            seen[name] = seen.get(name, 0.0) + float(value.detach()) / schedule.accumulate
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if world > 1:
        _share_gradients(parameters, world, device)
    torch.nn.utils.clip_grad_norm_(parameters, _CLIP_NORM)
    optimizer.step()
    return seen


def _share_gradients(parameters: list[nn.Parameter], world: int, device: torch.device) -> None:
    """Give every process the mean of all gradients: 0 counts where one has none, and what none has stays so."""
    has_gradient = torch.tensor([p.grad is not None for p in parameters], dtype=torch.uint8, device=device)
    torch.distributed.all_reduce(has_gradient, torch.distributed.ReduceOp.MAX)
    for parameter, is_shared in zip(parameters, has_gradient.tolist(), strict=True):
        if not is_shared:
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        torch.distributed.all_reduce(parameter.grad)
        parameter.grad /= world


def _agreed(seconds: float, device: torch.device) -> float:
    """Return rank 0's clock, so that all processes stop at the same step."""
    if not torch.distributed.is_initialized():
        return seconds
    clock = torch.tensor(seconds, device=device, dtype=torch.float64)
    torch.distributed.broadcast(clock, 0)
    return float(clock)


def _average(averaged: dict[str, Tensor], model: nn.Module, keep: float) -> None:
    state = model.state_dict()  # detached already
    numbers = [name for name, tensor in state.items() if tensor.is_floating_point()]
    blend = get_ema_multi_avg_fn(keep)
    blend([averaged[name] for name in numbers], [state[name] for name in numbers], 0)
    for name in state.keys() - set(numbers):
        averaged[name].copy_(state[name])


@contextmanager
def _weights(model: nn.Module, tensors: dict[str, Tensor]) -> Iterator[nn.Module]:
    """Let a network have other weights for a while."""
    own = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    model.load_state_dict(tensors)
    try:
        yield model.eval()
    finally:
        model.load_state_dict(own)
        model.train()


def _validated(learner: Learner, averaged: dict[str, Tensor]) -> dict[str, float]:
    with _weights(learner.model, averaged) as model, torch.inference_mode():
        return learner.validate(model)


def _save(
    out: Path, run: _Run, model: nn.Module, averaged: dict[str, Tensor], optimizer: torch.optim.Optimizer
) -> None:
    """Write the state under a new name first: a kill leaves the old one or the new one, whole."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"averaged.{name}": tensor for name, tensor in averaged.items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": torch.as_tensor(value) for name, value in state.items()}
    progress = json.dumps({"step": run.step, "spent_s": run.spent_s, "validations": run.validations})
    temporary = out / f".{_STATE}"
    metadata = {"run": progress, "identity": json.dumps(run.identity)}
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, temporary, metadata)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(out / _STATE)
    (out / _PROGRESS).write_text(progress)  # for people to look at; resuming reads the state's own copy


def _resume(
    out: Path,
    identity: dict[str, str],
    model: nn.Module,
    averaged: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> _Run | None:
    path = out / _STATE
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        run = json.loads(file.metadata()["run"])
        known = json.loads(file.metadata().get("identity", "{}"))
    if differing := sorted(name for name in known.keys() | identity.keys() if known.get(name) != identity.get(name)):
        raise ValueError(f"{out} holds another run: not the same are {', '.join(differing)}; take another folder")
    tensors = load_file(path)
    model.load_state_dict(dict(_under(tensors, "model.")))
    for name, tensor in _under(tensors, "averaged."):
        averaged[name].copy_(tensor)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _under(tensors, "optimizer."):
        number, what = name.split(".", 1)
        state.setdefault(int(number), {})[what] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return _Run(identity, run["step"], run["spent_s"], run["validations"])


def _under(tensors: dict[str, Tensor], prefix: str) -> Iterator[tuple[str, Tensor]]:
    return ((name.removeprefix(prefix), tensor) for name, tensor in tensors.items() if name.startswith(prefix))


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in figures.items()}


def _log(out: Path, line: dict[str, Any]) -> None:
    with (out / _LOG).open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(line)}\n")


def _words(line: dict[str, Any], schedule: Schedule) -> str:
    budget = f"{schedule.minutes:g} min" if schedule.minutes is not None else f"{schedule.steps} steps"
    losses = " ".join(f"{name} {value}" for name, value in line.items() if name not in {"step", "minutes", "rate"})
    return f"step {line['step']} · {line['minutes']} min of {budget} · rate {line['rate']:.1e} · {losses}"
