"""Make .venv and install a requirements file into it, once for each content of the file.

    python3.11 webapp/local/install.py requirements.txt

Run by the system's Python before anything is installed: the standard library alone, and nothing of this project.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
WANTED = (3, 11)


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python3.11 webapp/local/install.py REQUIREMENTS.txt", file=sys.stderr)  # noqa: T201
        return 2
    if sys.version_info[:2] != WANTED:
        found = ".".join(map(str, sys.version_info[:3]))
        return _refuse(
            f"Python 3.11 is needed, this is {found}. Install it, or name it: make PYTHON=/path/to/python3.11"
        )
    if os.name != "posix":
        return _refuse("Linux or macOS is needed; on Windows use WSL.")
    requirements = ROOT / sys.argv[1]
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = _stamp_of(requirements)
        if stamp.exists() and stamp.read_text() == _digest(requirements) and PYTHON.exists():
            return 0
        _say(f"Installing {requirements.name} into .venv. The first time this downloads several gigabytes (PyTorch).")
        status = _make_environment() or _pip("install", "--disable-pip-version-check", "-r", str(requirements))
        if status:
            return _refuse(f"Installing failed (status {status}); the messages above say why. Run it again to go on.")
        # What includes others has installed them too.
        for file in _with_included(requirements):
            _stamp_of(file).write_text(_digest(file))
    return 0


def _stamp_of(requirements: Path) -> Path:
    return ENVIRONMENT / f".installed-{requirements.stem}"


def _with_included(requirements: Path) -> list[Path]:
    """Return a requirements file and those that it includes."""
    lines = [line.split() for line in requirements.read_text().splitlines() if line.startswith("-r ")]
    return [requirements] + [file for _r, name in lines for file in _with_included(requirements.parent / name)]


def _digest(requirements: Path) -> str:
    """Return a hash of the file and of those that it includes."""
    digest = hashlib.sha256(str(WANTED).encode())
    for file in _with_included(requirements):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _make_environment() -> int:
    if PYTHON.exists() and _pip("--version", quiet=True) == 0:
        return 0
    try:
        venv.create(ENVIRONMENT, with_pip=True, clear=ENVIRONMENT.exists())
    except subprocess.CalledProcessError:
        return _refuse(
            "This Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3.11-venv"
        )
    return 0


def _pip(*words: str, quiet: bool = False) -> int:
    command = [str(PYTHON), "-m", "pip", *words]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL if quiet else None).returncode  # noqa: S603


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _refuse(text: str) -> int:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
