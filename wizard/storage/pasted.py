"""A pasted text as blocks of named values: configurations of rclone, s3cmd and AWS, `.env`, YAML.

Nothing here knows what a value means; `wizard/storage/recognition.py` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType


class Role(StrEnum):
    """What a value is for."""

    ACCESS_KEY = "access key"
    SECRET_KEY = "secret key"  # noqa: S105 (no password)
    SESSION_TOKEN = "session token"  # noqa: S105 (no password)
    ENDPOINT = "endpoint"
    HOST = "host"  # of which only some programs say whether it is the endpoint
    HOST_BUCKET = "host with bucket"
    REGION = "region"
    BUCKET = "bucket"
    DOMAIN = "custom domain"
    PROTOCOL = "protocol"
    HTTPS = "https"
    PROVIDER = "provider"
    TYPE = "type"


class Untidy(StrEnum):
    """What came along with the values, and was left out."""

    INVISIBLE = "invisible"
    SMART_QUOTES = "smart quotes"
    QUOTES = "quotes"
    WINDOWS_LINES = "windows lines"


@dataclass(kw_only=True)
class Block:
    """The values of one section, of which `name` is "" where there are no sections.

    `values` has the different values of each role in their order; `words` what stands alone in
    its line; `left_open` the roles whose value is somewhere else (`${NAME}`) or hidden (`***`).
    """

    name: str = ""
    values: dict[Role, list[str]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    left_open: set[Role] = field(default_factory=set)
    software: str = ""

    def add_word(self, word: str) -> None:
        """Add what stands alone, as long as there are few: of many, none can be meant."""
        if len(self.words) < _MOST_WORDS and word not in self.words:
            self.words.append(word)

    def add(self, role: Role, value: str, *, replacing: bool = False) -> None:
        """Add a value; `replacing` one of the same name, of which the last counts."""
        known = self.values.setdefault(role, [])
        if replacing and known:
            known.pop()
        if value not in known:
            known.append(value)


@dataclass
class Pasted:
    """A text in blocks, and what was untidy about it."""

    blocks: list[Block]
    untidy: set[Untidy]


def read_pasted(text: str) -> Pasted:
    """Return the blocks of a text; those of the same name are one."""
    reader = _Reader()
    if "\r\n" in text:
        reader.untidy.add(Untidy.WINDOWS_LINES)
    plain = _INVISIBLE.sub("", text)
    if plain != text.removeprefix("\ufeff"):
        reader.untidy.add(Untidy.INVISIBLE)
    for line in re.split(r"\r\n|\r|\n", _SPACES.sub(" ", plain)):
        reader.read(line.strip()[:_LONGEST_LINE])
    return Pasted([b for b in reader.blocks.values() if b.values or b.words or b.left_open],
                  reader.untidy)  # fmt: skip


# Nothing that is looked for is longer; a certificate or a picture in one line may be.
_LONGEST_LINE = 4096
_MOST_WORDS, _MOST_PARTS = 60, 20
# Zero width, soft hyphen, direction marks, byte order mark, and what no keyboard types.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\ufff9-\ufffb\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_HEADER = re.compile(r"\[(?P<name>[^\[\]]{1,200})\]")
_LIST_MARK = re.compile(r"[-*•] +(?=\S)")
_NAMED = re.compile(
    r"(?:(?:export|set|setx|declare -x) +|\$env:)?"
    r"(?P<quote>[\"'`]?)(?P<name>[^\W\d][\w .'’-]{0,60}?)(?P=quote) ?"
    r"(?P<sign>=|:(?!//)|\t)(?P<value>.*)"
)
_OPTION = re.compile(r"--(?P<name>[a-z][a-z0-9-]{1,40})")
_CELLS = re.compile(r"[,\t]")
_QUOTE_SIGNS = ("'", '"', "`")
_QUOTES = {(sign, sign) for sign in _QUOTE_SIGNS}
_SMART = {("“", "”"), ("„", "“"), ("”", "”"), ("‘", "’"), ("‚", "‘"), ("’", "’"), ("«", "»")}
_REFERENCE = re.compile(r"\$\{|\$[A-Za-z_]\w*$|\{\{|%[A-Za-z_]\w*%$")
_HIDDEN = re.compile(r"[*•●·.xX…█]{3,}|<[^<>]*>|\[[^\[\]]*\]")
_EXAMPLE = re.compile(r"your[-_ ]", re.IGNORECASE).match
_NOTHING = ("", "none", "null", "~", "nil", "undefined")


class _Reader:
    """Reads line by line."""

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {"": Block()}
        self.block = self.blocks[""]
        self.untidy: set[Untidy] = set()
        # Names that wait for their values: a label above its value, the head of a table.
        self._waiting: list[Role | None] = []
        self._names: set[tuple[str, str]] = set()

    def read(self, line: str) -> None:
        """Read one line, without the spaces around it."""
        if not line or line[0] in "#;" or line.startswith("//"):
            return
        if header := _HEADER.fullmatch(line):
            self._enter(header["name"])
        elif line[0] == "{" and line[-1] == "}":
            for part in line.strip("{} ").split(",", _MOST_PARTS):
                self._takes_named(part.strip())
        elif self._waiting:
            self._take_waiting(line)
        elif not (self._takes_named(line) or self._waits(line)):
            self._take_words(line)

    def _enter(self, name: str) -> None:
        # The two files of the AWS CLI name the same profile in two ways.
        name = name.strip().removeprefix("profile ").strip(" \"'")
        self.block = self.blocks.setdefault(name, Block(name=name))

    def _takes_named(self, line: str) -> bool:
        """Take `name = value` in one of its forms; return False where it is something else."""
        item = _LIST_MARK.sub("", line)
        whole = item.rstrip(",")
        if len(whole) > 1 and (whole[0], whole[-1]) in _QUOTES and '":' not in whole:
            item = whole[1:-1]
        found = _NAMED.fullmatch(item)
        if found is None:
            return False
        name, sign, value = found["name"], found["sign"], found["value"].strip()
        self.block.software = self.block.software or _SOFTWARE.get(_squashed(name), "")
        role = None if name == "url" and not found["quote"] else _role(name)
        if role is None:
            return " " not in name or "://" not in value
        if sign == "=" and item != line and value[:1] in _QUOTE_SIGNS:
            self.untidy.add(Untidy.QUOTES)  # in a list of Compose they are part of the value
        return self._takes_value(role, sign, value, name)

    def _takes_value(self, role: Role, sign: str, value: str, name: str) -> bool:
        if not value and sign != "=":
            self._waiting = [role]
            return True
        if sign == "=" and value[:1] not in _QUOTE_SIGNS and "=" in value and " " in value:
            return False  # several variables before a command
        self._take(role, value, name if sign == "=" else "")
        return True

    def _take(self, role: Role, written: str, name: str = "") -> None:
        value = self._unquoted(written)
        if value.lower() in _NOTHING:
            return
        is_key = role in (Role.ACCESS_KEY, Role.SECRET_KEY)
        if _HIDDEN.fullmatch(value) or _REFERENCE.match(value) or (is_key and _EXAMPLE(value)):
            self.block.left_open.add(role)
            return
        again = (self.block.name, name)
        self.block.add(role, value, replacing=bool(name) and again in self._names)
        self._names.add(again)

    def _unquoted(self, written: str) -> str:
        """Return a value without quotes and without the remark behind it."""
        value = written.strip()
        if value[:1] in _QUOTE_SIGNS and (end := value.find(value[0], 1)) > 0:
            if self.block.name:
                self.untidy.add(Untidy.QUOTES)
            return value[1:end].strip()
        value = re.split(r"\s#", value, maxsplit=1)[0].rstrip(",; \t")
        while len(value) > 1 and (value[0], value[-1]) in _SMART:
            self.untidy.add(Untidy.SMART_QUOTES)
            value = value[1:-1].strip()
        return value

    def _waits(self, line: str) -> bool:
        """Tell whether a line is a label, or the head of a table, whose values come below it."""
        roles = [_role(part.strip().strip("\"'")) for part in _CELLS.split(line, _MOST_PARTS)]
        named = sum(role is not None for role in roles)
        self._waiting = roles if named and (named > 1 or len(roles) == 1) else []
        return bool(self._waiting)

    def _take_waiting(self, line: str) -> None:
        roles, self._waiting = self._waiting, []
        if len(roles) == 1 and (self._takes_named(line) or self._waits(line)):
            return
        values = _CELLS.split(line, _MOST_PARTS) if len(roles) > 1 else [line]
        for role, value in zip(roles, values, strict=False):
            if role:
                self._take(role, value)

    def _take_words(self, line: str) -> None:
        """Take the words of a command, or of a sentence."""
        words = [self._unquoted(word).strip("<>().") for word in line.split()[:_MOST_WORDS]]
        if words[:3] == ["mc", "alias", "set"]:
            roles = (Role.ENDPOINT, Role.ACCESS_KEY, Role.SECRET_KEY)
            for role, word in zip(roles, words[4:], strict=False):
                self._take(role, word)
            return
        for before, word in pairwise(["", *words]):
            option = _OPTION.fullmatch(before)
            named = _role(option["name"]) if option else None
            if named:
                self._take(named, word)
            else:
                self._take_word(word, alone=len(words) == 1)

    def _take_word(self, word: str, *, alone: bool) -> None:
        name, sign, value = word.lstrip("-").partition("=")
        named = _role(name) if sign else None
        if named:
            self._take(named, value, name)
        elif alone or "://" in word:
            self.block.add_word(word)


def _squashed(name: str) -> str:
    """Return a name in lowercase letters alone: `AWS_S3_REGION_NAME`, “Région” and `s3-region`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())


def _role(name: str) -> Role | None:
    # Django's own secret, in the same .env; s3cmd's is written in lowercase letters.
    return None if name == "SECRET_KEY" else _ROLES.get(_squashed(name))


def _named(role: Role, names: str) -> Iterator[tuple[str, Role]]:
    return ((name, role) for name in names.split())


def _table(*parts: Iterable[tuple[str, Role]]) -> dict[str, Role]:
    return {name: role for part in parts for name, role in part}


# Variables of BookWyrm, Mastodon, PeerTube, Pixelfed, the AWS CLI, rclone, s3cmd, mc, B2, Scaleway
# and DigitalOcean, and the words of consoles.
_ROLES = MappingProxyType(
    _table(
        _named(
            Role.ACCESS_KEY,
            "awsaccesskeyid awsaccesskey accesskeyid accesskey accesskeyidentifier s3accesskeyid "
            "s3accesskey s3key minioaccesskey applicationkeyid b2applicationkeyid keyid "
            "scwaccesskey spacesaccesskeyid spaceskey peertubeobjectstoragecredentialsaccesskeyid "
            "cledacces iddecledacces iddelacledacces identifiantdecledacces",
        ),
        _named(
            Role.SECRET_KEY,
            "awssecretaccesskey awssecretkey secretaccesskey secretkey s3secretaccesskey "
            "s3secretkey s3secret miniosecretkey applicationkey b2applicationkey scwsecretkey "
            "spacessecretaccesskey spacessecretkey spacessecret accesskeysecret "
            "peertubeobjectstoragecredentialssecretaccesskey cledaccessecrete clesecrete "
            "secretkeyid secretaccesskeyid",
        ),
        _named(Role.SESSION_TOKEN, "awssessiontoken awssecuritytoken sessiontoken securitytoken"),
        _named(
            Role.ENDPOINT,
            "awss3endpointurl awsendpointurl awsendpointurls3 awsendpoint endpointurl endpoint "
            "endpointurls3 endpoints3 s3endpoint s3endpointurl s3apiurl s3url hostbase "
            "minioendpoint miniourl minioserver peertubeobjectstorageendpoint pointdacces "
            "pointdeterminaison urldendpoint url",
        ),
        _named(Role.HOST, "s3hostname s3host"),
        _named(Role.HOST_BUCKET, "hostbucket"),
        _named(
            Role.REGION,
            "awss3regionname awss3region awsregion awsdefaultregion region regionname s3region "
            "s3regionname bucketlocation locationconstraint scwdefaultregion "
            "peertubeobjectstorageregion",
        ),
        _named(
            Role.BUCKET,
            "awsstoragebucketname awsbucket awsbucketname awss3bucket awss3bucketname bucket "
            "bucketname s3bucket s3bucketname compartiment nomducompartiment nomdubucket "
            "spacesbucket miniobucket",
        ),
        _named(
            Role.DOMAIN,
            "awss3customdomain customdomain s3aliashost s3cloudfronthost baseurl awsurl "
            "domainepersonnalise",
        ),
        _named(Role.PROTOCOL, "awss3urlprotocol s3protocol"),
        _named(Role.HTTPS, "usehttps"),
        _named(Role.PROVIDER, "provider fournisseur"),
        _named(Role.TYPE, "type"),
    )
)
# Names that only other programs use, whose bucket is not BookWyrm's.
_SOFTWARE = MappingProxyType(
    {
        **dict.fromkeys(("s3enabled", "s3aliashost", "localdomain", "s3permission"), "Mastodon"),
        **dict.fromkeys(("streamingplaylists", "webvideos", "objectstorage"), "PeerTube"),
    }
)
