"""What the trial of BookWyrm's storage says of a certificate; its refusals are in the switches."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from tests.servers.certificates import Authority
from tests.servers.refusing import Refusing, Reply, Request, Rule
from wizard.core.events import Check, Event
from wizard.core.problem import Problem
from wizard.instance.django_script import answers, shell_arguments
from wizard.instance.storage_trial import try_storage

# Django's and django-storages' own, with as much as BookWyrm's settings say of the storage.
_SETTINGS = """\
STORAGES = {{
    "staticfiles": {{
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {{
            "bucket_name": "books", "location": "static", "endpoint_url": {endpoint!r},
            "access_key": "AKIAREFUSEDREFUSED00", "secret_key": "a secret",
            "region_name": "us-east-1",
        }},
    }}
}}
"""


def _runner(folder: Path, endpoint: str, **env: str) -> Callable[[str, str], Awaitable[str]]:
    """Runs a script in Django, as a deployment does."""
    folder.mkdir()
    (folder / "trial_settings.py").write_text(_SETTINGS.format(endpoint=endpoint))
    given = {
        "PYTHONPATH": str(folder),
        "DJANGO_SETTINGS_MODULE": "trial_settings",
        "AWS_MAX_ATTEMPTS": "1",
        # The server of the tests keeps what it is sent as it is, with the checksum behind it.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        **env,
    }

    async def run(script: str, values: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", shell_arguments(script)[-1]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **given},
        )
        out, _ = await process.communicate(values.encode())
        return answers(out.decode().splitlines())

    return run


def _heads(objects: Mapping[str, bytes]) -> Rule:
    """Answers a HEAD by what was stored."""

    def rule(request: Request) -> Reply | None:
        if request.method != "HEAD":
            return None
        found = objects.get(request.path)
        return Reply(404) if found is None else Reply(200, found, {"ETag": '"an-etag"'})

    return rule


async def test_a_certificate_that_bookwyrm_does_not_trust_is_said_to_be_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    events: list[Event] = []
    with Refusing(lambda request: None, authority.server("IP:127.0.0.1")) as server:
        server.rule = _heads(server.objects)
        endpoint = f"https://{server.host}"
        with pytest.raises(Problem) as raised:
            await try_storage(_runner(tmp_path / "without", endpoint), events.append)
        assert raised.value.code == "certificate-not-trusted"
        assert "AWS_CA_BUNDLE" in raised.value.remedies[0].text
        assert "CERTIFICATE_VERIFY_FAILED" in raised.value.raw
        bundle = {"AWS_CA_BUNDLE": str(authority.certificate)}
        await try_storage(_runner(tmp_path / "with", endpoint, **bundle), events.append)
    assert [each.code for each in events if isinstance(each, Check)] == ["bookwyrm-storage"]
