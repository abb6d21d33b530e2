"""The form of a storage: provider, bucket, keys, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message as Event
from textual.widget import Widget
from textual.widgets import Input, Select

from screens.state.wording import signed
from screens.widgets.cached import CachedStatic
from screens.widgets.choice import Choice
from screens.widgets.field import Field, example
from screens.widgets.spoken import Said, text
from wizard.core.message import Message, msg
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.core.symbols import REMEDY
from wizard.storage.addresses import service_of
from wizard.storage.answers import (
    another_provider,
    another_service,
    clean,
    contradictions,
    follow,
    unusable,
)
from wizard.storage.providers import PRESETS, preset
from wizard.storage.recognition import Recognised, applied

if TYPE_CHECKING:
    from wizard.core.problem import Problem

_SETTINGS = ("bucket", "region", "endpoint", "custom_domain")
_KEYS = ("access_key_id", "secret_access_key")
FORM_FIELDS = (*_SETTINGS, *_KEYS)
_ENDPOINT = "https://s3.example.org"
_DOMAIN_HINT = msg("The host from which visitors load the files, without https://.")
_PROTOCOLS = (
    ("https", "https:"),
    (msg("http, for a demo only"), "http:"),
)


class ProviderForm(Vertical):
    """Asks for provider, bucket and keys; fills in what follows from them."""

    class Filled(Event):
        """Enter was pressed, and nothing is left to fill in."""

    def __init__(self) -> None:
        super().__init__(id="form")
        self.draft = Settings()
        # The protocol that was chosen by hand; it no longer follows from the endpoint.
        self._protocol = ""

    def compose(self) -> ComposeResult:
        """Compose the lines in the order in which they are known."""
        with Vertical(classes="field"):
            yield _line(msg("Provider"), _provider_choice())
            yield CachedStatic(id="provider-message", classes="message")
        yield Field("bucket", msg("Bucket"), placeholder=example("books-media"))
        yield Field("region", msg("Region"), placeholder=msg("as shown in the console"))
        paste = msg("paste it here")
        yield Field("access_key_id", msg("Access key"), placeholder=paste)
        yield Field("secret_access_key", msg("Secret key"), placeholder=paste, secret=True)
        yield Field(
            "endpoint", msg("Endpoint"), placeholder=example(_ENDPOINT),
            hint=msg("The address of the service, without the bucket."),
        )  # fmt: skip
        yield Field(
            "custom_domain", msg("Custom domain"), placeholder=example("media.example.org"),
            hint=_DOMAIN_HINT,
        )  # fmt: skip
        yield _line(msg("Protocol"), Choice(_PROTOCOLS, id="protocol"))

    def fill(self, settings: Settings, keys: Keys) -> None:
        """Show what is known."""
        self.draft = settings
        self._choose_provider()
        for name in _KEYS:
            self.field(name).set_value(getattr(keys, name))
        self._show_draft()

    def take(self, found: Recognised) -> None:
        """Fill in what was found in pasted settings, and what follows from it."""
        before, self.draft = self.draft, applied(self.draft, found)
        self._protocol = ""
        self._choose_provider()
        for name in _KEYS:
            if value := getattr(found.keys, name):
                self.field(name).set_value(value)
        for name in _SETTINGS:
            if value := getattr(found.settings, name):
                self.field(name).set_value(value)
        self._show_draft(before)

    def _choose_provider(self) -> None:
        name = self.draft.provider
        choice = self.query_one("#provider", Select)
        with choice.prevent(Select.Changed):
            choice.value = name if name in PRESETS else Select.NULL

    def field(self, name: str) -> Field:
        """Return one line of the form."""
        return self.query_one(f"#field-{name}", Field)

    def answers(self, now: Settings) -> tuple[Settings, Keys, list[Problem]]:
        """Return `now` with the form's answers, cleaned; the keys; and all that is wrong.

        Of a service that cannot be used, nothing but that.
        """
        values = {
            "provider": self.draft.provider or "other",
            "url_protocol": self.draft.url_protocol,
        }
        problems: list[Problem] = []
        for name in FORM_FIELDS:
            values[name], problem = clean(name, self.field(name).value, values["provider"])
            problems += [problem] if problem else []
        keys = Keys(*(values.pop(name) for name in _KEYS))
        settings = _with(now, values)
        if problem := unusable(settings):
            return settings, keys, [problem]
        return settings, keys, [*problems, *contradictions(settings)]

    def show_beside(self, problem: Problem) -> bool:
        """Show a problem below its field; return False where it has none here."""
        if problem.field == "provider":
            self._show_provider(problem)
            self.query_one("#provider", Select).focus()
            return True
        if problem.field not in FORM_FIELDS:
            return False
        self.field(problem.field).ask_again(problem)
        return True

    def first_to_fill(self) -> Widget | None:
        """Return where something is to be filled in: what is wrong first, then what is empty."""
        if not self.draft.provider or unusable(self.draft):
            return self.query_one("#provider", Select)
        fields = list(self.query(Field))
        wrong = [field for field in fields if field.problem]
        empty = [field for field in fields if not field.value]
        return next((field.input for field in (*wrong, *empty)), None)

    def reveal(self, *, shown: bool) -> None:
        """Show the secret, or hide it."""
        self.field("secret_access_key").reveal(shown=shown)

    @on(Select.Changed, "#provider")
    def _provider_chosen(self, event: Select.Changed) -> None:
        event.stop()
        name = "" if event.value is Select.NULL else str(event.value)
        if not name or name == self.draft.provider:
            return
        previous = self.draft
        self.draft, replaced = another_provider(self.draft, name)
        self._protocol = ""
        self._show_draft(previous)
        for field, before in replaced.items():
            self.field(field).remark(
                msg("{provider}; previously: {value}", provider=preset(name).title, value=before)
            )
        if not unusable(self.draft):
            self.field("bucket").input.focus()

    def _show_provider(self, problem: Problem | None = None) -> None:
        """Show below the provider what is wrong with it, or its particular trouble."""
        wrong = problem or unusable(self.draft)
        said = (another_service(self.draft), service_of(self.draft).trouble)
        lines = [text(each) for each in said if each]
        if wrong:
            lines = [text(wrong.what, "$text-error"), text(wrong.why)]
            lines += [text(signed(REMEDY, remedy.text)) for remedy in wrong.remedies[:2]]
        message = self.query_one("#provider-message", CachedStatic)
        message.update(Content("\n").join(lines))
        message.display = bool(lines)

    def say_again(self) -> None:
        """Show what is said of the provider in the language in use."""
        self._show_provider()

    @on(Select.Changed, "#protocol")
    def _protocol_chosen(self, event: Select.Changed) -> None:
        event.stop()
        chosen = str(event.value)
        # The list tells its first value too, which nobody chose, and perhaps after another came.
        if chosen == event.select.value and chosen != self.draft.url_protocol:
            self._protocol = chosen
            self.draft = replace(self.draft, url_protocol=chosen)

    @on(Field.Edited)
    def _edited(self, event: Field.Edited) -> None:
        event.stop()
        name = event.field.name or ""
        value, problem = self._cleaned(event.field)
        event.field.set_problem(problem)
        if name in _SETTINGS and problem is None:  # from what is wrong, nothing follows
            before = self.draft
            self.draft = follow(before, _with(before, {name: value}))
            if self._protocol:
                self.draft = replace(self.draft, url_protocol=self._protocol)
            self._show_draft(before, but=name)

    def _show_draft(self, before: Settings | None = None, but: str = "") -> None:
        """Fill in what follows; leave the field that is typed in (`but`) alone.

        So is what is wrong and did not follow from `before` otherwise: never is a name that
        somebody typed replaced by the one that was there.
        """
        for field in self._fields():
            name = field.name or ""
            if name != but:
                if name in _SETTINGS and not (before and self._is_left(field, before)):
                    field.set_value(getattr(self.draft, name))
                field.set_problem(self._wrong(field))
        self._show_provider()
        service = preset(self.draft.provider)
        self.field("region").suggest(service.known_regions)
        self.field("endpoint").give_example(service.endpoint_example or _ENDPOINT)
        ask_console = service.custom_domain == "" and "domain" in service.console
        hint = service.advice("domain", self.draft) if ask_console else _DOMAIN_HINT
        self.field("custom_domain").explain(hint)
        protocol = self.query_one("#protocol", Select)
        with protocol.prevent(Select.Changed):
            protocol.value = self.draft.url_protocol
        # Elsewhere there is nothing to choose: providers serve https.
        plain = "http:" in (self.draft.url_protocol, self.draft.endpoint[:5])
        self.query_one("#protocol-line").display = plain

    def _is_left(self, field: Field, before: Settings) -> bool:
        name = field.name or ""
        follows = getattr(before, name) != getattr(self.draft, name)
        return self._wrong(field) is not None and not follows

    def _wrong(self, field: Field) -> Problem | None:
        """Return what is wrong with the text itself."""
        return self._cleaned(field)[1] if field.value else None

    def _cleaned(self, field: Field) -> tuple[str, Problem | None]:
        return clean(field.name or "", field.value, self.draft.provider)

    def revalidate(self) -> None:
        """Forget what the storage said of an earlier try; show only what is wrong by itself."""
        for field in self._fields():
            field.set_problem(self._wrong(field))

    def _fields(self) -> Iterator[Field]:
        return (self.field(name) for name in FORM_FIELDS)

    def on_descendant_blur(self) -> None:
        """Replace what was pasted by the cleaned value."""
        for field in self._fields():
            if not field.input.has_focus and field.value:
                field.set_value(self._cleaned(field)[0])

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Go to the next empty field, or on where there is none."""
        event.stop()
        here = next((field for field in self.query(Field) if field.input is event.input), None)
        # What the storage found wrong may be another by now: only it can tell.
        if here is not None and self._wrong(here):
            return
        empty = [field for field in self.query(Field) if not field.value and field is not here]
        if empty:
            empty[0].input.focus()
        else:
            self.post_message(self.Filled())


def _provider_choice() -> Choice:
    options = [(p.title, name) for name, p in PRESETS.items()]
    return Choice(options, prompt=msg("choose, or type a name"), id="provider")


def _line(label: Message, choice: Choice) -> Widget:
    parts = (Said(label, classes="label"), choice)
    return Horizontal(*parts, classes="line field", id=f"{choice.id}-line")


def _with(settings: Settings, values: Mapping[str, str]) -> Settings:
    return replace(settings, **values)  # type: ignore[arg-type]
