"""All benchmarks, one after the other, each in a process of its own; what `make bench` runs.

python -m benchmarks [NAME ...]
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

# The table of geodesics takes many minutes to build: `python -m benchmarks.geodesics` is asked for by name.
USUAL = ("labels", "surface_points", "views", "queue", "workbench")


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    if unknown := sorted(set(names) - set(known)):
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}")
    if load > 1:
        print("The machine is busy: these figures will be worse than what it can do.")
    failed = 0
    for name in names or USUAL:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
