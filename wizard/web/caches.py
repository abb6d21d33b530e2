"""Whether an answer came out of a cache, by the headers that caches add."""

from __future__ import annotations

from collections.abc import Mapping

# nginx (as BookWyrm's own sets it), CloudFront, Fastly and Varnish, Cloudflare, Bunny, Vercel, and
# RFC 9211.
_STATES = (
    "x-cache-status",
    "x-cache",
    "x-proxy-cache",
    "cf-cache-status",
    "cdn-cache",
    "x-vercel-cache",
    "cache-status",
)
_KEPT = ("hit", "stale", "revalidated", "updating")


def cache_marks(headers: Mapping[str, str]) -> str:
    """Return what says that an answer was kept, such as "X-Cache: HIT"; "" where nothing does."""
    marks = [
        f"{name.title()}: {headers[name]}"
        for name in _STATES
        if any(word in headers.get(name, "").lower() for word in _KEPT)
    ]
    age = headers.get("age", "").strip()
    if age.isdigit() and int(age):
        marks.append(f"Age: {age}")
    return ", ".join(marks)
