"""Text and footer that are set ten times a second, and cost next to nothing while unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Footer

from screens.widgets.wrapped import WrappedStatic
from wizard.core.language import shown

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.visual import VisualType


class CachedStatic(WrappedStatic):
    """Text that is drawn only when it has changed, and laid out only when its size has.

    A layout draws every part of the screen again: ten times a second that is half of a
    processor, which a copy beside it needs.
    """

    def __init__(self, text: str = "", id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(shown(text), id=id, classes=classes, markup=False)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show `content`; does nothing where it is shown already."""
        if _is_same(content, self.content):
            return
        before = self._extent()
        super().update(content, layout=False)
        if layout and (before is None or self._extent() != before):
            self.refresh(layout=True)

    def _extent(self) -> tuple[int, int] | None:
        """Return height at the width there is, and the wanted width; None before a layout."""
        width = self.content_size.width
        if not width or not self.display:
            return None
        around, whole = self.container_size, self.app.size
        height = self.get_content_height(around, whole, width)
        auto = self.styles.is_auto_width
        return height, self.get_content_width(around, whole) if auto else 0


class CachedFooter(Footer):
    """The footer, composed again only when its keys have changed."""

    def __init__(self) -> None:
        super().__init__(compact=True)
        self._keys: tuple[object, ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Show the keys that work now."""
        active = screen.active_bindings.values()
        keys = tuple((b.key, b.description, enabled) for _, b, enabled, _ in active if b.show)
        if keys != self._keys:
            self._keys = keys
            super().bindings_changed(screen)


def _is_same(one: VisualType, other: VisualType) -> bool:
    if isinstance(one, Content) and isinstance(other, Content):
        return one.is_same(other)
    return isinstance(one, str) and one == other
