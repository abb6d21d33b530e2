"""What is said of a switch before it and after it: its stages, and what visitors notice."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.core.events import Check, passed, remark
from wizard.core.message import msg, sentences
from wizard.core.plan import PlanItem, Sentence
from wizard.step import Context
from wizard.switch.follow import files_of
from wizard.switch.state import Direction, SwitchPhase
from wizard.switch.ways import WayChoice, option_of


def stages_of(choice: WayChoice) -> Iterator[PlanItem]:
    """Return what is done in their order, each with the commands as they are run."""
    for stage in choice.switch.stages():
        yield Sentence(stage.words)
        yield from stage.commands


def about_choice(choice: WayChoice) -> Iterator[Sentence]:
    """Return what visitors notice, and why there is no better way."""
    yield Sentence(choice.switch.downtime(), warning=True)
    way = option_of(choice.switch.way)
    yield Sentence(msg("This way is called “{way}” (--switch).", way=way))
    for obstacle in choice.obstacles:
        yield Sentence(msg("A better way is not available here: {obstacle}", obstacle=obstacle))
    for other in choice.others:
        named = msg("Another way is “{way}”.", way=option_of(other.way))
        yield Sentence(sentences(named, other.downtime()))


def noticed(context: Context, direction: Direction) -> Iterator[Check]:
    """Return what visitors noticed of the switch, over all tries; nothing where it was not ours."""
    asked, code = msg("Did visitors notice the switch?"), "downtime"
    state = files_of(context).read()
    if state is None or state.phase is not SwitchPhase.DONE or state.direction is not direction:
        return
    downtime = state.downtime
    answer = remark if downtime.failures else passed
    yield answer(asked, downtime.words, code=code)
