"""What the command line takes: the options of every command, and their help."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from wizard.cli.argparse_words import translate_argparse
from wizard.core.language import known_languages, language, shown, use, wanted_language
from wizard.core.message import Message, msg, verbatim
from wizard.core.problem import Problem
from wizard.core.wrapping import wrapped
from wizard.instance.switching import SwitchWay
from wizard.reporting.output import write, write_error

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS = ("run", "status", "rollback", "disarm", "demo")
_WITH_JSON = ("run", "status", "rollback", "demo")

_MOST_MINUTES = 24 * 60
# How wide the texts above and below the options are.
_WIDTH = 78

_CALLS = (
    ("bw-s3 [FOLDER]", msg("the wizard; it resumes where it left off")),
    ("bw-s3 demo", msg("the wizard on a throwaway instance, to try it out")),
    ("bw-s3 run FOLDER --yes", msg("the same steps without a screen")),
    ("bw-s3 status [FOLDER]", msg("where the migration stands")),
    ("bw-s3 rollback FOLDER", msg("back to this server's disk, at any time")),
    ("bw-s3 disarm [FOLDER]", msg("switch S3 off again in .env before the restart")),
)
_EXIT_STATUS = msg(
    "Exit status: 0 success, 1 a step failed, 2 usage error, 3 it needs your decision, "
    "130 interrupted (run it again to continue), 141 nobody read the output any more. Errors go "
    "to standard error, with --json to standard output as an object like everything else."
)
_RUN = msg(
    "The migration without a screen, for scripts. The two keys come from the environment "
    "variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or else from .env. What no option "
    "specifies comes from an earlier start, from .env, the instance and the provider."
)
_RUN_EXAMPLE = (
    "  bw-s3 run /opt/bookwyrm --provider scaleway --region fr-par --bucket books-media --yes"
)
_ROLLBACK = msg(
    "Back from S3 to this server's disk, at any time, also where the instance was migrated by "
    "hand: what only the bucket has is copied back and checked, then the services are switched. "
    "No object is deleted, and no file on this server is replaced."
)
_DRY_RUN = msg("show what each step would do, change nothing")
_DEPLOYMENT = msg("with Docker Compose or without Docker; normally detected")
_YES = msg("carry the steps out, and answer yes to everything")
_STATE = msg("where the journal and the backups of .env are (default: FOLDER/.bw-s3)")
_CA_FILE = msg(
    "certificates (PEM) of your own certificate authority, which the storage's certificate "
    "comes from; kept for later starts, “none” forgets it"
)
_WAIT_FOR_CONSOLE = msg(
    "how long to wait for what only a person can do in the provider's console (default: 15); with "
    "0, end with exit status 3 at once and say what to do there"
)
_NO_MOUSE = msg("leave the mouse to the terminal, for selecting and copying")
_JSON = msg("print one JSON object per line")
_LANGUAGE = "--language"


class _Lines(argparse.RawDescriptionHelpFormatter):
    """Help whose lines end as all others do: never within an address, nor before a unit."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)


class _Parser(argparse.ArgumentParser):
    """A parser that leaves a usage error to its caller where the answer has to be JSON.

    Options are given in full: whether the answer has to be JSON is looked up before it parses.
    """

    as_json = False

    def __init__(self, *, prog: str, description: Message, epilog: str | None = None) -> None:
        text = _paragraph(description)
        super().__init__(
            prog=prog,
            description=text,
            epilog=epilog,
            formatter_class=_Lines,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Raise a `Problem`, or print the usage and exit."""
        if not self.as_json:
            super().error(message)
        raise Problem(
            msg("Usage error: {error}.", error=message),
            verbatim(self.format_usage().strip()),
            msg("{command} --help lists the options.", command=self.prog),
            usage=True,
            code="usage-error",
        )

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # The original says nothing where it cannot write.
        wanted = file is sys.stdout
        if wanted:
            write(sys.stdout, message)
        else:
            write_error(sys.stderr, message)


def choose_language(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Have everything said in the language that the call or else the environment asks for.

    Before anything is parsed, since help and errors are texts as well; a language that there
    is not is refused when the call is parsed. JSON is the same in every locale.
    """
    code = wanted_language(environment)
    for option, value in pairwise([*arguments, ""]):
        name, given, after = option.partition("=")
        if name == _LANGUAGE:
            code = after if given else value
    if "--json" not in arguments and code in known_languages():
        use(language(code))
    translate_argparse()


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
    makers = {
        "": _wizard_parser,
        "run": _run_parser,
        "status": _status_parser,
        "rollback": _rollback_parser,
        "disarm": _disarm_parser,
        "demo": _demo_parser,
    }
    parser = makers[command]()
    known = known_languages()
    parser.add_argument(
        _LANGUAGE,
        choices=known,
        metavar="CODE",
        help=shown(
            msg(
                "speak this language: {codes} (default: that of the environment)",
                codes=", ".join(known),
            )
        ),
    )
    return parser


def _wizard_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3",
        description=msg(
            "Moves a BookWyrm instance's media and static assets to S3-compatible storage, "
            "step by step."
        ),
        epilog=_epilog(),
    )
    parser.add_argument("--version", action="version", version=f"bw-s3 {version('bw-s3')}")
    parser.add_argument("--no-mouse", action="store_true", help=shown(_NO_MOUSE))
    _add_instance(parser)
    _add_path(parser)
    _add_switch(parser)
    _add_ca_file(parser)
    return parser


def _paragraph(text: Message) -> str:
    return "\n".join(wrapped(shown(text), _WIDTH))


def _epilog() -> str:
    calls = [f"  {call:<25} {shown(does)}" for call, does in _CALLS]
    more = msg("Each has its own help: bw-s3 run --help")
    return "\n".join([shown(msg("Commands:")), *calls, "", shown(more), _paragraph(_EXIT_STATUS)])


def _run_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 run",
        description=_RUN,
        epilog="\n".join([shown(msg("Example:")), _RUN_EXAMPLE, "", _paragraph(_EXIT_STATUS)]),
    )
    for option, text in (
        ("--yes", _YES),
        ("--dry-run", _DRY_RUN),
        ("--without-site", msg("enable S3 even though the site does not answer as itself")),
        (
            "--accept-other-bytes",
            msg(
                "the custom domain may serve changed files, as a CDN that makes pictures smaller "
                "does"
            ),
        ),
        (
            "--give-up-rollback",
            msg("migrate to S3 even though a rollback is not finished; it is given up"),
        ),
        (
            "--ask-again",
            msg(
                "ask again about links and kinds of files that you wanted held back; with --yes "
                "they are copied"
            ),
        ),
        ("--json", _JSON),
    ):
        parser.add_argument(option, action="store_true", help=shown(text))
    parser.add_argument(
        "--wait-for-console",
        dest="console_minutes",
        metavar="MINUTES",
        type=parse_minutes,
        help=shown(_WAIT_FOR_CONSOLE),
    )
    _add_instance(parser)
    _add_path(parser)
    _add_storage(parser)
    return parser


def _add_storage(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    for option, metavar, text in (
        ("--provider", "NAME", msg("aws, scaleway, minio …; “other” works with every S3 service")),
        ("--endpoint", "URL", msg("the service's S3 API, e.g. https://s3.fr-par.scw.cloud")),
        ("--region", "R", msg("the bucket's region, e.g. fr-par")),
        ("--bucket", "B", msg("the bucket's name")),
        (
            "--custom-domain",
            "HOST[/PATH]",
            msg("where visitors read the files, without https://"),
        ),
        (
            "--site-url",
            "URL",
            msg("where the site answers on this machine, if not https://DOMAIN"),
        ),
        (
            "--restart-command",
            "CMD",
            msg("command that restarts the site without Docker, if not systemd"),
        ),
    ):
        add(option, metavar=metavar, help=shown(text))
    add(
        "--url-protocol",
        choices=("http:", "https:"),
        help=shown(msg("how the custom domain is served (default: https:)")),
    )
    _add_switch(parser)
    _add_ca_file(parser)
    add(
        "--limit-rate",
        metavar="RATE",
        type=parse_rate,
        help=shown(msg("maximum speed in bytes per second, e.g. 500k or 10M")),
    )


def _add_switch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--switch",
        dest="switch_way",
        metavar="WAY",
        type=_way,
        help=shown(
            msg(
                "how the services take the new settings: best (default), {ways}",
                ways=", ".join(way.replace("_", "-") for way in SwitchWay),
            )
        ),
    )


def _way(text: str) -> str:
    way = text.replace("-", "_")
    if way == "best" or way in list(SwitchWay):
        return way
    raise argparse.ArgumentTypeError(shown(msg("there is no way called “{way}”", way=text)))


def _add_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--path", choices=("fresh", "existing"),
        help=shown(msg("a new instance, or one with media; normally detected")),
    )  # fmt: skip
    parser.add_argument(
        "--deployment", choices=("compose", "dockerless"),
        help=shown(_DEPLOYMENT),
    )  # fmt: skip


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="FOLDER",
        help=shown(msg("the instance's folder (default: this one)")),
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="DIR", help=shown(_STATE))


def _add_ca_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ca-file", metavar="FILE", help=shown(_CA_FILE))


def _status_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 status",
        description=msg("Where the migration stands, step by step."),
    )
    _add_instance(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help=shown(msg("print one JSON object; where it fails, one with “problem” and “exit”")),
    )
    return parser


def _rollback_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 rollback",
        description=_ROLLBACK,
        epilog=_paragraph(_EXIT_STATUS),
    )
    for option, text in (
        ("--yes", msg("carry the steps out")),
        ("--dry-run", _DRY_RUN),
        (
            "--leave-rest",
            msg("continue where something cannot be copied back; it stays in the bucket"),
        ),
        (
            "--close-bucket",
            msg("at the end put policy, CORS rules and the lines of .env back to what they were"),
        ),
        ("--json", _JSON),
    ):
        parser.add_argument(option, action="store_true", help=shown(text))
    _add_instance(parser)
    parser.add_argument("--deployment", choices=("compose", "dockerless"), help=shown(_DEPLOYMENT))
    _add_storage(parser)
    return parser


def _disarm_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 disarm",
        description=msg(
            "Between “Enable S3” and the restart: puts USE_S3 in .env back as it was, so that "
            "a restart changes nothing. Once the site runs with S3 there is nothing to disarm."
        ),
    )
    parser.add_argument(
        "--undo-restart",
        action="store_true",
        help=shown(
            msg(
                "where the site runs with S3: bring it back to this server's disk, and copy back "
                "what was uploaded to the bucket in the meantime"
            )
        ),
    )
    _add_instance(parser)
    return parser


def _demo_parser() -> _Parser:
    parser = _Parser(
        prog="bw-s3 demo",
        description=msg(
            "A demo on a throwaway instance with a real S3 server, both on this machine. "
            "Nothing of yours is touched."
        ),
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help=shown(msg("run it without the wizard, and show the checks")),
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help=shown(msg("do not remove the instance and the bucket at the end")),
    )
    parser.add_argument(
        "--start",
        type=Path,
        metavar="FOLDER",
        help=shown(msg("start the servers of a demo that was kept")),
    )
    parser.add_argument(
        "--covers",
        type=int,
        default=300,
        metavar="N",
        help=shown(msg("how many book covers (default: 300)")),
    )
    parser.add_argument("--json", action="store_true", help=shown(_JSON))
    parser.add_argument("--no-mouse", action="store_true", help=shown(_NO_MOUSE))
    return parser


def parse_minutes(text: str) -> int:
    """Return a number of minutes, from 0 to a day's."""
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > _MOST_MINUTES:
        wrong = msg("“{minutes}” is not a number of minutes from 0 to 1440", minutes=text)
        raise argparse.ArgumentTypeError(shown(wrong))
    return int(text)


def parse_rate(text: str) -> int:
    """Return bytes a second from "500k", "10M" or a number (powers of 1000); 0 is no limit."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?(?:/s)?", text.strip(), re.IGNORECASE)
    if not match:
        wrong = msg("“{rate}” is not a valid rate; use for example 500k or 10M", rate=text)
        raise argparse.ArgumentTypeError(shown(wrong))
    factor = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[match[2].lower()]
    return int(float(match[1]) * factor)
