"""What the command line takes: the options of every command, and their help."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from wizard.core.problem import Problem
from wizard.instance.switching import SwitchWay
from wizard.reporting.output import write, write_error

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS = ("run", "status", "disarm", "demo")
_WITH_JSON = ("run", "status", "demo")

_EPILOG = """\
Commands:
  bw-s3 [FOLDER]            the wizard; it goes on where it was
  bw-s3 demo                the wizard on a throw-away instance, to rehearse
  bw-s3 run FOLDER --yes    the same steps without a screen
  bw-s3 status [FOLDER]     where the migration stands
  bw-s3 disarm [FOLDER]     switch S3 off again in .env before the restart

Each has its own help: bw-s3 run --help
Exit status: 0 all is as wanted, 1 a step failed, 2 the call was wrong,
3 it needs your decision, 130 interrupted (call it again to go on),
141 nobody read the output any more. Errors go to standard error, with
--json to standard output as an object like all else.
"""


_RUN = """\
The migration without a screen, for scripts. The two keys come from the environment
variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or else from .env. What no option
says comes from an earlier start, from .env, the instance and the provider.
"""
_RUN_EPILOG = """\
Example:
  bw-s3 run /opt/bookwyrm --provider scaleway --region fr-par --bucket books-media --yes

Exit status: 0 all is as wanted, 1 a step failed, 2 the call was wrong,
3 it needs your decision, 130 interrupted (call it again to go on),
141 nobody read the output any more. Errors go to standard error, with
--json to standard output as an object like all else.
"""
_STATE = "where the journal and the backups of .env lie (default: FOLDER/.bw-s3)"
_NO_MOUSE = "leave the mouse to the terminal, for selecting and copying"


class _Parser(argparse.ArgumentParser):
    """A parser that leaves a usage error to its caller where the answer has to be JSON."""

    as_json = False

    def error(self, message: str) -> NoReturn:
        """Raise a `Problem`, or print the usage and exit."""
        if not self.as_json:
            super().error(message)
        raise Problem(
            f"Usage error: {message}.",
            self.format_usage().strip(),
            f"{self.prog} --help lists the options.",
            usage=True,
        )

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # The original says nothing where it cannot write.
        wanted = file is sys.stdout
        if wanted:
            write(sys.stdout, message)
        else:
            write_error(sys.stderr, message)


def parse(command: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command; "" for the wizard.

    Raises `SystemExit` where help was asked for or the call is wrong, and `Problem` in place of
    the latter where the call asks for JSON.
    """
    parser = parser_of(command)
    parser.as_json = command in _WITH_JSON and "--json" in arguments
    return parser.parse_args(arguments)


def parser_of(command: str) -> _Parser:
    """Return the parser of a command; "" for the wizard."""
    make = {"run": _run_parser, "status": _status_parser, "disarm": _disarm_parser}
    if command in make:
        return make[command]()
    return _demo_parser() if command == "demo" else _wizard_parser()


def _wizard_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3",
        description="Moves a BookWyrm instance's media and static assets to S3-compatible "
        "storage, step by step.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bw-s3 {version('bw-s3')}")
    parser.add_argument("--no-mouse", action="store_true", help=_NO_MOUSE)
    _add_instance(parser)
    _add_path(parser)
    _add_switch(parser)
    return parser


def _run_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 run",
        description=_RUN,
        epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--yes", action="store_true", help="carry the steps out, and answer yes to everything"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show what each step would do, change nothing"
    )
    parser.add_argument(
        "--without-site",
        action="store_true",
        help="enable S3 even though the site does not answer as itself",
    )
    parser.add_argument(
        "--accept-other-bytes",
        action="store_true",
        help="the custom domain may serve changed files, as a CDN that makes pictures smaller does",
    )
    parser.add_argument(
        "--ask-again",
        action="store_true",
        help="ask again about links and kinds of files that you wanted held back; with --yes "
        "they are copied",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    _add_instance(parser)
    _add_path(parser)
    _add_storage(parser)
    return parser


def _add_storage(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--provider", metavar="NAME", help="aws, scaleway, minio …; “other” fits every S3 service")
    add("--endpoint", metavar="URL", help="the service's S3 API, e.g. https://s3.fr-par.scw.cloud")
    add("--region", metavar="R", help="the bucket's region, e.g. fr-par")
    add("--bucket", metavar="B", help="the bucket's name")
    add(
        "--custom-domain",
        metavar="HOST[/PATH]",
        help="where visitors read the files, without https://",
    )
    add(
        "--url-protocol",
        choices=("http:", "https:"),
        help="how the custom domain is served (default: https:)",
    )
    add(
        "--site-url",
        metavar="URL",
        help="where the site answers on this machine, if not https://DOMAIN",
    )
    add(
        "--restart-command",
        metavar="CMD",
        help="what restarts the site without Docker, if no systemd service",
    )
    _add_switch(parser)
    add(
        "--limit-rate",
        metavar="RATE",
        type=parse_rate,
        help="send no faster: bytes a second, e.g. 500k or 10M",
    )


def _add_switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--switch",
        dest="switch_way",
        metavar="WAY",
        type=_way,
        help="how the services take the new settings: best (default), "
        + ", ".join(way.replace("_", "-") for way in SwitchWay),
    )


def _way(text: str) -> str:
    way = text.replace("-", "_")
    if way == "best" or way in list(SwitchWay):
        return way
    raise argparse.ArgumentTypeError(f"there is no way called “{text}”")


def _add_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--path", choices=("fresh", "existing"),
        help="a new instance, or one with media; normally found out",
    )  # fmt: skip
    parser.add_argument(
        "--deployment", choices=("compose", "dockerless"),
        help="with Docker Compose or without Docker; normally found out",
    )  # fmt: skip


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER",
        help="the instance's folder (default: this one)",
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR", help=_STATE)


def _status_parser() -> _Parser:
    parser = _Parser(prog="bw-s3 status", description="Where the migration stands, step by step.")
    _add_instance(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object; where it fails, one with “problem” and “exit”",
    )
    return parser


def _disarm_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 disarm",
        description="Between “Enable S3” and the restart: puts USE_S3 in .env back as it was, so "
        "that a restart changes nothing. Once the site runs with S3 there is nothing to disarm.",
    )
    parser.add_argument(
        "--undo-restart",
        action="store_true",
        help="where the site runs with S3: bring it back to this server's disk, and copy back "
        "what was uploaded to the bucket in the meantime",
    )
    _add_instance(parser)
    return parser


def _demo_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 demo",
        description="A rehearsal on a throw-away instance with a real S3 server, both on this "
        "machine. Nothing of yours is touched.",
    )
    parser.add_argument(
        "--yes", action="store_true", help="run through without the wizard, and show the proofs"
    )
    parser.add_argument(
        "--keep", action="store_true", help="do not remove the instance and the bucket at the end"
    )
    parser.add_argument(
        "--start", type=Path, metavar="FOLDER", help="start the servers of one that was kept"
    )
    parser.add_argument(
        "--covers", type=int, default=300, metavar="N", help="how many book covers (default: 300)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument("--no-mouse", action="store_true", help=_NO_MOUSE)
    return parser


def parse_rate(text: str) -> int:
    """Return bytes a second from "500k", "10M" or a number (powers of 1000); 0 is no limit."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?(?:/s)?", text.strip(), re.IGNORECASE)
    if not match:
        raise argparse.ArgumentTypeError(f"“{text}” is no rate; say for example 500k or 10M")
    factor = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[match[2].lower()]
    return int(float(match[1]) * factor)
