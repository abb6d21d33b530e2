"""The console script: no command given, it opens the wizard, else it hands over to the engine."""

from __future__ import annotations

import sys

from wizard import cli


def main() -> None:
    """Entry point of `bw-s3`."""
    sys.exit(cli.main(sys.argv[1:], open_wizard=_open_wizard))


def _open_wizard(call: cli.WizardCall) -> int:
    # Imported here: textual takes a third of a second that `run` and `status` need not pay.
    from screens.run import run_wizard

    return run_wizard(call)


if __name__ == "__main__":
    main()
