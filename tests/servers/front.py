"""A host of one's own in front of a bucket, such as a CDN, which changes what it passes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx

from tests.servers.refusing import Refusing, Reply, Request
from wizard.core.settings import Settings

# Given what was asked for and the bucket's own answer.
Change = Callable[[Request, Reply], Reply]


@contextmanager
def in_front(settings: Settings, change: Change) -> Iterator[Settings]:
    """Start it, and return the settings with it as the custom domain."""
    with httpx.Client(base_url=settings.endpoint) as bucket:

        def answer(request: Request) -> Reply:
            wanted = {k: v for k, v in request.headers.items() if k == "origin"}
            there = bucket.get(request.raw_path, headers=wanted)
            kept = {
                name.title(): value
                for name, value in there.headers.items()
                if name == "content-type" or name.startswith("access-control-")
            }
            return change(request, Reply(there.status_code, there.content, kept))

        with Refusing(answer) as front:
            yield replace(settings, custom_domain=f"{front.host}/{settings.bucket}")


def with_headers(ending: str, headers: dict[str, str]) -> Change:
    """Give files whose name ends so these headers; an empty value takes one away."""

    def change(request: Request, reply: Reply) -> Reply:
        if not request.path.endswith(ending) or reply.status != 200:
            return reply
        kept = reply.headers | headers
        return replace(reply, headers={name: value for name, value in kept.items() if value})

    return change
