"""Training by several processes, as `torchrun` starts them: two on this CPU end with the same weights."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from densepose.training.loop import Schedule, device_of_rank, train
from webapp.local.environment import ROOT

CPU = torch.device("cpu")


class Halves:
    """Three numbers to learn, the second of which only the step's first half teaches, and the third nobody."""

    config = recipe = None

    def __init__(self) -> None:
        self.model = nn.ParameterDict({name: nn.Parameter(torch.zeros(1)) for name in "abc"})

    def losses(self, step: int, share: int, shares: int) -> dict[str, Tensor]:
        assert shares == 2
        losses = {"a": (self.model["a"] - share).square().sum()}
        return losses | ({"b": (self.model["b"] - 1).square().sum()} if share == 0 else {})

    def parameter_groups(self) -> list[dict[str, Any]]:
        return [{"params": list(self.model.parameters())}]

    def validate(self, model: nn.Module) -> dict[str, float]:
        return {}

    def save(self, path: Path, model: nn.Module) -> None:
        path.touch()


def learn(out: Path) -> None:
    """Be one of the processes."""
    pupil = Halves()
    train(pupil, Schedule(steps=5, weight_decay=0.5), out / "run", device=CPU)
    torch.save(pupil.model.state_dict(), out / f"{os.environ['RANK']}.pt")


def test_two_processes_take_the_same_steps(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    script = (
        "import sys; from pathlib import Path; from tests.densepose.test_ranks import learn; learn(Path(sys.argv[1]))"
    )
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    children = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, env={**common, "RANK": rank})
        for rank in "01"
    ]
    try:
        assert [child.wait(60) for child in children] == [0, 0]
    finally:
        for child in children:
            child.kill()
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in "01")
    assert {name: of.tolist() for name, of in first.items()} == {name: of.tolist() for name, of in second.items()}
    assert float(first["a"]) > 0
    assert float(first["b"]) > 0
    assert float(first["c"]) == 0
    assert (tmp_path / "run" / "model.safetensors").exists()


def test_each_process_has_a_gpu_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    cuda = torch.device("cuda")
    assert device_of_rank(cuda) == cuda
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert device_of_rank(CPU) == CPU
    assert device_of_rank(torch.device("cuda", 1)).index == 1
    assert device_of_rank(cuda) == torch.device("cuda", 3)
    assert chosen == [torch.device("cuda", 3)]
