"""Let every command of this clone find the services that the local runner started."""

import json
import os
from pathlib import Path

from webapp.local import places

ROOT = Path(__file__).resolve().parent.parent.parent


def var_folder() -> Path:
    """Return DPA_VAR_DIR, or var/ in the clone."""
    return Path(os.environ.get("DPA_VAR_DIR", ROOT / "var")).absolute()


def run_file(var: Path) -> Path:
    """Return the file in which a runner tells its process id and the addresses of its services."""
    return var / "run.json"


def write_run_file(var: Path, urls: dict[str, str], **more: object) -> None:
    """Tell other commands of this clone about running services; the file is private, as it holds the password."""
    places.write_private(run_file(var), json.dumps({"pid": os.getpid(), "urls": urls, **more}))


def read_run_file(var: Path) -> dict[str, object] | None:
    """Return what the live runner of this clone wrote, None where none lives."""
    try:
        told = json.loads(run_file(var).read_text())
        os.kill(told["pid"], 0)
    except PermissionError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return told if isinstance(told, dict) else None


def use_running_services() -> None:
    """Set DATABASE_URL and REDIS_URL to the embedded services where they are not set and a runner lives."""
    told = read_run_file(var_folder())
    urls = told.get("urls") if told else None
    if isinstance(urls, dict):
        for name, url in urls.items():
            os.environ.setdefault(name, url)
