"""What one screen's class may change of another's: hooks only, which are public."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import screens
from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import WizardScreen


def _classes() -> Iterator[type]:
    """All classes of the screens, each from the module that defines it."""
    for found in pkgutil.walk_packages(screens.__path__, "screens."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            members = inspect.getmembers(module, inspect.isclass)
            yield from (each for _, each in members if each.__module__ == found.name)


def _private_methods(of: type) -> set[str]:
    kinds = (property, classmethod, staticmethod)
    methods = (n for n, v in vars(of).items() if inspect.isfunction(v) or isinstance(v, kinds))
    return {name for name in methods if name.startswith("_") and not name.endswith("__")}


def _overridden(of: type) -> Iterator[str]:
    """Private methods of classes of ours in other modules that a class has as well."""
    for base in of.__mro__[1:]:
        if base.__module__.startswith("screens.") and base.__module__ != of.__module__:
            for name in _private_methods(of) & _private_methods(base):
                yield f"{of.__qualname__}.{name} overrides {base.__qualname__}.{name}"


def test_no_private_method_is_overridden_across_modules() -> None:
    classes = list(_classes())
    assert StepScreen in classes
    assert not [found for each in classes for found in _overridden(each)]


def test_an_overridden_private_method_is_found() -> None:
    class Override(StepScreen):
        def _refocus(self) -> None: ...

    assert "_refocus" in _private_methods(WizardScreen)
    assert [found.split()[-1] for found in _overridden(Override)] == ["WizardScreen._refocus"]
