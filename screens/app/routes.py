"""Which screen belongs to which route.

Each is imported when it is made: the first screen does not wait for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from screens.start import StartScreen

if TYPE_CHECKING:
    from screens.base.wizard_screen import WizardScreen
    from screens.state.shell import Shell


def _configure_provider(shell: Shell) -> WizardScreen:
    from screens.configure_provider import ConfigureProviderScreen

    return ConfigureProviderScreen(shell)


def _copy_media(shell: Shell) -> WizardScreen:
    from screens.copy_media import CopyMediaScreen

    return CopyMediaScreen(shell)


def _enable_s3(shell: Shell) -> WizardScreen:
    from screens.enable_s3 import EnableS3Screen

    return EnableS3Screen(shell)


def _collect_static(shell: Shell) -> WizardScreen:
    from screens.collect_static import CollectStaticScreen

    return CollectStaticScreen(shell)


def _set_cors(shell: Shell) -> WizardScreen:
    from screens.set_cors import SetCorsScreen

    return SetCorsScreen(shell)


def _restart(shell: Shell) -> WizardScreen:
    from screens.restart import RestartScreen

    return RestartScreen(shell)


def _verify_cors(shell: Shell) -> WizardScreen:
    from screens.verify_cors import VerifyCorsScreen

    return VerifyCorsScreen(shell)


def _update_connector(shell: Shell) -> WizardScreen:
    from screens.update_connector import UpdateConnectorScreen

    return UpdateConnectorScreen(shell)


def _copy_back(shell: Shell) -> WizardScreen:
    from screens.way_back import CopyBackScreen

    return CopyBackScreen(shell)


def _disable_s3(shell: Shell) -> WizardScreen:
    from screens.way_back import DisableS3Screen

    return DisableS3Screen(shell)


def _local_static(shell: Shell) -> WizardScreen:
    from screens.way_back import LocalStaticScreen

    return LocalStaticScreen(shell)


def _switch_back(shell: Shell) -> WizardScreen:
    from screens.way_back import SwitchBackScreen

    return SwitchBackScreen(shell)


def _close_bucket(shell: Shell) -> WizardScreen:
    from screens.way_back import CloseBucketScreen

    return CloseBucketScreen(shell)


def _end(shell: Shell) -> WizardScreen:
    from screens.end import EndScreen

    return EndScreen(shell)


SCREENS: Mapping[str, Callable[[Shell], WizardScreen]] = {
    "start": StartScreen,
    "configure_provider": _configure_provider,
    "copy_media": _copy_media,
    "enable_s3": _enable_s3,
    "collect_static": _collect_static,
    "set_cors": _set_cors,
    "restart": _restart,
    "verify_cors": _verify_cors,
    "update_connector": _update_connector,
    "copy_back": _copy_back,
    "disable_s3": _disable_s3,
    "local_static": _local_static,
    "switch_back": _switch_back,
    "close_bucket": _close_bucket,
    "end": _end,
}
