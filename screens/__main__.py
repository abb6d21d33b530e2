"""The console script: opens the wizard, or hands over to the engine where a command is given."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from wizard.cli.arguments import COMMANDS, choose_language, parse
from wizard.reporting import output

# The rest is imported where it is used: the engine takes half a second and textual a third,
# and neither should wait for the other.
if TYPE_CHECKING:
    from argparse import Namespace

    from wizard.cli.commands import DemoOptions
    from wizard.opening.opening import Opening


def main() -> None:
    """Run `bw-s3`: the wizard, or the command that is named."""
    output.prepare()
    choose_language(sys.argv[1:], os.environ)
    try:
        status = _called(sys.argv[1:])
    finally:
        output.finish()
    sys.exit(status)


def _called(argv: list[str]) -> int:
    """Do what the call asks for; return the exit status."""
    if argv and argv[0] in COMMANDS:
        if argv[1:] in (["--help"], ["-h"]):
            parse(argv[0], argv[1:])  # says it and exits, without the engine
        from wizard.cli import commands as cli

        return cli.main(argv, open_demo=_open_demo)
    options = parse("", argv)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _open_wizard(options)


def _open_wizard(options: Namespace) -> int:
    from screens.app.run import run_wizard
    from screens.state.sources import InstanceSource

    source = InstanceSource(partial(_opening_of, options))
    return run_wizard(source, str(options.folder), mouse=not options.no_mouse)


def _opening_of(options: Namespace) -> Opening:
    from wizard.cli.commands import opening_of

    return replace(opening_of(options), with_draft=True)


def _open_demo(call: DemoOptions) -> int:
    from screens.app.run import run_wizard
    from screens.state.sources import DemoSource

    return run_wizard(DemoSource(call.covers, keep=call.keep), "demo", mouse=call.mouse)


if __name__ == "__main__":
    main()
