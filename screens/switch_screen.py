"""Screen of a step that switches the running services: other ways, and stopping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.base.step_screen import StepScreen
from screens.overlays.dialogs import ChoiceDialog
from screens.state.phase import Phase
from screens.state.wording import paragraphs
from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.instance.switching import SwitchOffer
from wizard.switch.follow import under_way, want_everything_back
from wizard.switch.ways import BEST, option_of

_STOP = msg(
    "A separate process switches the services, so nothing is left half done: either it "
    "finishes by itself, or it restores the old .env and switches the services back."
)
_FOLLOW, _LEAVE, _BACK = "follow", "leave", "back"
_WAYS_OUT = (
    (_FOLLOW, msg("Do not stop: stay and watch")),
    (_LEAVE, msg("Leave it running: it finishes by itself; check here later")),
    (_BACK, msg("Undo everything: the instance runs as it did before")),
)


class SwitchScreen(StepScreen):
    """Says beforehand what is interrupted, and what is waited for.

    A step's own screen names its `route` and labels.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "c",
            "way",
            msg("Other ways"),
            id="restart.way",
            tooltip=msg("Choose how the services are switched"),
        )
    ]

    start_label = msg("Restart now")
    running_label = msg("Restarting")

    @property
    def only_verifies(self) -> bool:
        """Whether nothing is restarted: the services were switched before."""
        return self.state.plan is not None and not self.state.runs_commands

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now; a way can be chosen as long as nothing is under way."""
        if action == "way":
            return self.phase in (Phase.READY, Phase.FAILED) and not self.session.running
        return super().check_action(action, parameters)

    def action_way(self) -> None:
        """Show all ways with what visitors notice of each, and take the one that is chosen."""
        self.app.run_worker(self._show_ways(), group="way", exclusive=True, exit_on_error=False)

    async def _show_ways(self) -> None:
        context = self.session.context
        try:
            offers = await context.deployment.switches()
        except Problem as problem:
            self.problem_raised(problem)
            return
        dialog = _ways_dialog(offers, context.settings.switch_way or BEST)
        self.app.push_screen(dialog, self._take_way)

    def _take_way(self, way: str | None) -> None:
        context = self.session.context
        if way and way != (context.settings.switch_way or BEST):
            self.session.change_answers(replace(context.settings, switch_way=way), context.keys)
            self.discard()
            self.show_step()

    def action_stop(self) -> None:
        """Ask what is to become of the switch; what comes after it is stopped as usual."""
        state = under_way(self.session.context)
        if state is None:
            super().action_stop()
            return
        text = paragraphs(state.words, _STOP)
        dialog = ChoiceDialog(msg("Stop the restart?"), text, choices=_WAYS_OUT, chosen=_FOLLOW)
        self.app.push_screen(dialog, self._stop)

    def _stop(self, way: str | None) -> None:
        if way == _LEAVE:
            self.shell.runner.stop()
        elif way == _BACK:
            want_everything_back(self.session.context)


def _ways_dialog(offers: Sequence[SwitchOffer], chosen: str) -> ChoiceDialog:
    ways = [(str(o.switch.way), _words(o)) for o in offers]
    return ChoiceDialog(
        msg("How should the services be switched?"),
        msg(
            "This is how the running services get the new settings. Your choice is kept for "
            "this migration."
        ),
        choices=((BEST, _best()), *ways),
        chosen=chosen,
        unavailable=[str(o.switch.way) for o in offers if o.obstacle],
    )


def _best() -> Message:
    return msg("{option}: the first of these that is available", option=BEST)


def _words(offer: SwitchOffer) -> Message:
    option = option_of(offer.switch.way)
    if offer.obstacle:
        return msg("{option}: not available here. {why}", option=option, why=offer.obstacle)
    return msg("{option}: {downtime}", option=option, downtime=offer.switch.downtime())
