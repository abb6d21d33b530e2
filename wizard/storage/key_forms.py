"""What can be told of access keys and secret keys by their form alone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence

from wizard.core.message import Message, msg
from wizard.core.problem import Problem, Remedy
from wizard.core.secrets import Keys

# AWS, Scaleway, DigitalOcean, Garage, Google, Exoscale, Backblaze; last Ceph's, Wasabi's and
# Linode's, which have twenty capitals and digits.
_ACCESS_KEY = re.compile(
    r"A[KS]IA[A-Z0-9]{16}|SCW[A-Z0-9]{17}|DO[A-Z0-9]{18}|GK[0-9a-f]{24}|GOOG[A-Z0-9]{16,64}"
    r"|EXO[0-9a-f]{24}|00[0-9a-f]{10}0{7}[0-9a-f]{6}|[A-Z0-9]{20}"
)
_SECRET_KEY = re.compile(r"[A-Za-z0-9/+=_-]{28,128}")

_TEMPORARY = msg(
    "They belong to a session token and expire, often within hours. From then on BookWyrm could "
    "neither store nor read a file."
)
_PERMANENT = msg("Make permanent keys in your provider's console.")


def looks_like_key(word: str) -> bool:
    """Tell whether a word alone looks like one half of a key pair."""
    return bool(_ACCESS_KEY.fullmatch(word) or _SECRET_KEY.fullmatch(word))


def keys_alone(words: Sequence[str]) -> Keys:
    """Return the pair among words without names, where only two of them can be meant."""
    alike = [word for word in words if looks_like_key(word)]
    access = [word for word in alike if _ACCESS_KEY.fullmatch(word)]
    secrets = [word for word in alike if word not in access]
    return Keys(access[0], secrets[0]) if len(access) == len(secrets) == 1 else Keys()


def are_swapped(keys: Keys) -> bool:
    """Tell whether the secret has the form of an access key, and the access key has not."""
    access, secret = keys.access_key_id, keys.secret_access_key
    if not _ACCESS_KEY.fullmatch(secret) or _ACCESS_KEY.fullmatch(access):
        return False
    return bool(_SECRET_KEY.fullmatch(access))


def is_temporary(access_key_id: str) -> bool:
    """Tell whether an access key is one of AWS's temporary ones.

    They begin with ASIA ("Unique identifiers" in the reference of AWS's IAM).
    """
    return bool(re.fullmatch(r"ASIA[A-Z0-9]{16}", access_key_id))


def comes_with_token(keys: Keys, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether keys are those of the environment, and a session token belongs to them."""
    named = environment.get("AWS_ACCESS_KEY_ID", "").strip()
    return bool(environment.get("AWS_SESSION_TOKEN")) and named == keys.access_key_id


def temporary_keys(*remedies: Remedy | Message) -> Problem:
    """Return the `Problem` of keys that expire."""
    return Problem(
        msg("These keys are temporary."),
        _TEMPORARY,
        _PERMANENT,
        *remedies,
        field="access_key_id",
        usage=True,
        code="keys-temporary",
    )
