"""Whether a real browser agrees with our own judgement of fonts from another host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.browser import page_after_scripts
from tests.servers.refusing import Refusing, always
from tests.support.checkout import ENV
from tests.support.contexts import Listener, carry_out, storage_context
from tests.support.parts import need
from tests.web.test_visitor import html
from wizard.access.policy import opening_policy
from wizard.assets.cors_rules import rule_for
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.font import woff
from wizard.steps.set_cors import SetCors
from wizard.storage.bucket import Bucket
from wizard.web.visitor import address, fetch

_PAGE = """<!DOCTYPE html><title>asking</title><script>
new FontFace("icons", "url({font})").load().then(
  () => {{ document.title = "may use it" }}, () => {{ document.title = "is blocked" }})
</script>"""
FONT = "static/css/fonts/icomoon.woff"


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
async def test_the_browser_and_the_checks_agree(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    need("chromium")
    settings, keys = request.getfixturevalue(server)
    bucket = opened(settings, keys)
    with Refusing(always(html(_PAGE.format(font=address(settings, FONT))))) as site:
        port = site.host.rpartition(":")[2]
        origin = f"http://localhost:{port}"
        bucket.put_cors([rule_for("https://elsewhere.example")])
        assert "is blocked" in page_after_scripts(f"{origin}/")
        assert not (await fetch(address(settings, FONT), origin=origin)).lets_in(origin)

        env = ENV.replace("books.example.org", "localhost") + f"PORT={port}\n"
        known = replace(settings, acl_known=True)
        with storage_context(tmp_path, known, keys, Listener(), env) as context:
            await carry_out(SetCors(), context)
        assert "may use it" in page_after_scripts(f"{origin}/")


def opened(settings: Settings, keys: Keys) -> Bucket:
    """A bucket with a font that the public can read."""
    bucket = Bucket(settings, keys)
    bucket.put_policy(opening_policy(bucket.name, None))
    bucket.put(FONT, woff(), content_type="font/woff")
    return bucket
