"""A BookWyrm checkout: its version, domain, abilities and folders."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from wizard.core.hosts import as_browsers_send
from wizard.core.message import msg, verbatim
from wizard.core.problem import Problem
from wizard.env.file import EnvFile
from wizard.web.origins import site_origins

# What environs (through marshmallow's Boolean field) takes for true, letter for letter.
_TRUE = frozenset(
    "t T true True TRUE on On ON y Y yes Yes YES 1".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What this checkout can do, read from its own files rather than from a version number.

    `compile_themes` since v0.5.4; `default_acl` (AWS_DEFAULT_ACL is read from
    `.env`) since v0.8.0; `use_https` (USE_HTTPS exists) up to v0.7.5;
    `url_protocol` (AWS_S3_URL_PROTOCOL is read) since v0.7.4.
    """

    compile_themes: bool
    default_acl: bool
    use_https: bool
    url_protocol: bool


@dataclass(frozen=True, slots=True)
class Instance:
    """A BookWyrm checkout in `folder`; `env` is read again at each call of `env_file`."""

    folder: Path
    version: str
    abilities: Abilities

    @property
    def env_path(self) -> Path:
        """The instance's `.env`."""
        return self.folder / ".env"

    def env_file(self) -> EnvFile:
        """Return `.env` as it is now. Raises `Problem` where it cannot be read."""
        return EnvFile.read(self.env_path)

    @property
    def domain(self) -> str:
        """`DOMAIN` as browsers send it: lower case, IDNA, without the usual port.

        Raises `Problem` where it is missing or no host name.
        """
        written = self.domain_as_written
        if written.endswith("/") or "://" in written:
            raise _no_host(written, self.env_path)
        try:
            sent = as_browsers_send(written)
        except ValueError as error:
            raise _no_host(written, self.env_path) from error
        return sent.removesuffix(":443" if self.is_secure else ":80")

    @property
    def domain_as_written(self) -> str:
        """`DOMAIN` letter for letter, as BookWyrm has it. Raises `Problem` where it is missing."""
        domain = self.env_file().get("DOMAIN")
        if not domain or domain == "your.domain.here":
            raise Problem(
                msg("DOMAIN is not set in .env."),
                msg("BookWyrm needs it to know its own address, and so does the migration."),
                msg(
                    "Set DOMAIN=… in {env} to the host name of your instance.",
                    env=str(self.env_path),
                ),
                field="domain",
                code="domain-missing",
            )
        return domain

    @property
    def is_secure(self) -> bool:
        """Whether the pages come over https (`settings.py`; `USE_HTTPS` existed up to v0.7.5)."""
        env = self.env_file()
        if env.get("DOMAIN") == "localhost":
            return False
        use_https = env.get("USE_HTTPS")
        return not (self.abilities.use_https and use_https and not is_true(use_https))

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of the instance's pages, as browsers send them, the main one first."""
        port = self.env_file().get("PORT") or ""
        return site_origins(self.domain, port, secure=self.is_secure)

    @property
    def media_root(self) -> Path:
        """Where a dockerless instance keeps media (`MEDIA_ROOT`, "images/" by default)."""
        return self.folder / (self.env_file().get("MEDIA_ROOT") or "images")

    def uses_s3(self) -> bool:
        """Tell whether `.env` enables S3 now."""
        return is_true(self.env_file().get("USE_S3"))


def _no_host(domain: str, env: Path) -> Problem:
    return Problem(
        msg("DOMAIN={domain} is not a host name.", domain=domain),
        msg(
            "BookWyrm builds the address of every page from it, and browsers would not find "
            "the pages."
        ),
        msg(
            "Set DOMAIN=… in {env} to the host name alone, such as books.example.org.",
            env=str(env),
        ),
        field="domain",
        code="domain-invalid",
    )


def is_true(value: str | None) -> bool:
    """Tell whether environs, and so BookWyrm, takes a value for true."""
    return value in _TRUE


def open_instance(folder: Path) -> Instance:
    """Return the BookWyrm instance in `folder`. Raises `Problem` where there is none to read."""
    folder = folder.absolute()
    try:
        return _opened(folder)
    except PermissionError as error:
        raise Problem(
            msg("{folder} cannot be read.", folder=str(folder)),
            msg("It belongs to another user."),
            verbatim(f"sudo bw-s3 {folder}"),
            raw=str(error),
            code="instance-unreadable",
        ) from error
    except OSError as error:
        raise Problem(
            msg("{folder} cannot be read.", folder=str(folder)),
            msg("The disk or the file system refused it."),
            msg("Look at it with: ls -la {folder}", folder=str(folder)),
            raw=str(error),
            code="instance-unreadable",
        ) from error


def _opened(folder: Path) -> Instance:
    settings = folder / "bookwyrm" / "settings.py"
    if not folder.is_dir() or not (folder / "manage.py").is_file() or not settings.is_file():
        raise Problem(
            msg("There is no BookWyrm instance in {folder}.", folder=str(folder)),
            msg("A BookWyrm folder holds manage.py, bookwyrm/settings.py and .env."),
            msg("Go to the instance's folder and start bw-s3 there."),
            msg("Or name the folder: bw-s3 /opt/bookwyrm"),
            usage=True,
            code="instance-not-found",
        )
    text = settings.read_text(errors="replace")
    return Instance(folder, _version(folder, text), _abilities(folder, text))


def _version(folder: Path, settings: str) -> str:
    """Return what `VERSION` says (since October 2023), or settings.py before that."""
    file = folder / "VERSION"
    if file.is_file():
        return file.read_text(errors="replace").strip().removeprefix("v")
    match = re.search(r"""^VERSION = ["']([^"']+)["']""", settings, re.MULTILINE)
    return match[1] if match else "unknown"


def _abilities(folder: Path, settings: str) -> Abilities:
    commands = folder / "bookwyrm" / "management" / "commands"
    return Abilities(
        compile_themes=(commands / "compile_themes.py").is_file(),
        default_acl='"AWS_DEFAULT_ACL"' in settings,
        use_https='"USE_HTTPS"' in settings,
        url_protocol='"AWS_S3_URL_PROTOCOL"' in settings,
    )
