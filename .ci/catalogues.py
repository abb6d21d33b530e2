"""The catalogues of `wizard/locale`: taking the sentences from the sources, checking, compiling.

python .ci/catalogues.py update     # after texts were changed: rewrites every .po
python .ci/catalogues.py add de     # begins a language
python .ci/catalogues.py check      # what CI asks: complete, and as the sources have it
python .ci/catalogues.py compile    # what installing does (see build_catalogues.py)
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
DOMAIN = "bw-s3"
# `wizard/core/message.py`: the sentences that these are given are ids.
KEYWORDS = {"msg": None, "marked": None, "plural": (1, 2)}
# Headers that nobody needs, and that change by themselves.
LEFT_OUT = (
    b'"Project-Id-Version:', b'"Report-Msgid', b'"POT-', b'"PO-', b'"Last-T', b'"Language-T',
    b'"Generated',
)  # fmt: skip
# What of `storage/providers.toml` is shown to people.
TEXTS = ("title", "trouble", "unusable")


def catalogues() -> dict[str, Path]:
    """Return the .po file of each language, by its code."""
    found = sorted((ROOT / "wizard" / "locale").glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return {path.parts[-3]: path for path in found}


def extracted() -> Catalog:
    """Return what the sources say, each sentence once, with the file that says it."""
    catalog = Catalog(project="bw-s3", charset="utf-8", fuzzy=False)
    for package in ("wizard", "screens"):
        for path in sorted((ROOT / package).rglob("*.py")):
            with redirect_stderr(StringIO()):  # warnings of f-strings among the values
                found = extract_from_file("python", path, KEYWORDS, ("Translators:",))
            for _, sentence, comments, _ in found:
                place = (path.relative_to(ROOT).as_posix(), 0)
                catalog.add(sentence, locations=[place], auto_comments=comments)
    for provider, sentence in _provider_texts():
        catalog.add(sentence, auto_comments=[f"What to do at {provider}."])
    return catalog


def _provider_texts() -> Iterator[tuple[str, str]]:
    path = ROOT / "wizard" / "storage" / "providers.toml"
    for table in tomllib.loads(path.read_text()).values():
        texts = [table[name] for name in TEXTS if name in table]
        for text in (*texts, *table["advice"].values()):
            yield table["title"], text


def read(code: str, path: Path) -> Catalog:
    """Return a language's catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def rendered(catalog: Catalog) -> bytes:
    """Return a catalogue as its file has it: only what texts depend on makes a diff."""
    catalog.header_comment = f"# {catalog.locale.english_name} for bw-s3.\n#"
    buffer = BytesIO()
    write_po(buffer, catalog, width=98, include_lineno=False, omit_header=False, sort_by_file=True)
    lines = buffer.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(LEFT_OUT))


def update(codes: dict[str, Path]) -> None:
    """Bring every catalogue up to the sources; what is no longer said goes, new is empty."""
    said = extracted()
    for code, path in codes.items():
        catalog = read(code, path)
        catalog.update(said, no_fuzzy_matching=True, update_header_comment=False)
        catalog.obsolete.clear()
        path.write_bytes(rendered(catalog))


def add(code: str) -> None:
    """Begin a language."""
    path = ROOT / "wizard" / "locale" / code / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    empty = Catalog(locale=code, project="bw-s3", domain=DOMAIN, fuzzy=False)
    path.write_bytes(rendered(empty))
    update({code: path})


def compile_all(codes: dict[str, Path]) -> list[Path]:
    """Write the .mo beside each .po, which is what the program reads."""
    written = []
    for code, path in codes.items():
        catalog = read(code, path)
        # Or every build would make another file.
        catalog.creation_date = catalog.revision_date = datetime.fromtimestamp(0, UTC)
        written.append(path.with_suffix(".mo"))
        with written[-1].open("wb") as file:
            write_mo(file, catalog)
    return written


def faults(code: str, path: Path, wanted: Catalog) -> Iterator[str]:
    """Yield what is wrong with a catalogue, which is to have what the sources say."""
    catalog = read(code, path)
    for message in wanted:
        if message.id and message.id not in catalog:
            yield f"is not in the catalogue (update it): {_first(message)!r}"
    for message in catalog:
        if not message.id:
            continue
        if message.id not in wanted:
            yield f"is said no more (update it): {_first(message)!r}"
        elif message.fuzzy or not _is_translated(message):
            yield f"is not translated: {_first(message)!r}"
        elif names(message.id) != names(message.string):
            yield f"has other names in braces: {_first(message)!r}"


def _first(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, tuple) else message.id)


def _is_translated(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(texts)


def names(text: str | tuple[str, ...]) -> set[str]:
    """Return the names of the values in a sentence; "one file" may do without its number."""
    parts = [text] if isinstance(text, str) else text
    try:
        found = {name for part in parts for _, name, _, _ in Formatter().parse(part) if name}
    except ValueError as error:  # a brace on its own
        return {str(error)}
    return found


def check(codes: dict[str, Path]) -> int:
    """Print what is wrong; returns the exit status."""
    said = extracted()
    found = [
        f"{code}: {fault}" for code, path in codes.items() for fault in faults(code, path, said)
    ]
    print("\n".join(found) or f"{len(codes)} catalogues, {len(said)} sentences: complete")
    return 1 if found else 0


def main(argv: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    match argv:
        case ["update"]:
            update(catalogues())
        case ["add", code]:
            add(code)
        case ["compile"]:
            compile_all(catalogues())
        case ["check"]:
            return check(catalogues())
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
