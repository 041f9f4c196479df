"""`python -m webapp.local run`: the whole platform on this machine, until Ctrl-C."""

import argparse
import sys

from rich.console import Console

from webapp.local.environment import var_folder
from webapp.local.errors import LocalServiceError
from webapp.local.runner import Runner


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m webapp.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start PostgreSQL, Redis, the web server and the workers; Ctrl-C stops all")
    run.add_argument("--port", type=int, help="the web server's port; without it the first free from 8000")
    run.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    run.add_argument("--no-demo", action="store_true", help="do not make the demo project")
    run.add_argument("--no-jobs", action="store_true", help="do not draw the body's views and measure its surface")
    options = parser.parse_args()
    console = Console(highlight=False)
    preparation = [
        word for word, is_wanted in (("--demo", not options.no_demo), ("--no-jobs", options.no_jobs)) if is_wanted
    ]
    try:
        return Runner(var_folder(), console, host=options.host, port=options.port, preparation=preparation).run()
    except LocalServiceError as error:
        console.print("[red]Cannot run:[/]", end=" ")
        console.print(str(error), markup=False, soft_wrap=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
