"""256 bare CopyObject requests kept in flight: what no copy within a service can be faster than."""

from __future__ import annotations

import os
import sys
import threading

from wizard.copying.crt_client import Attempt, Client, Request, Response
from wizard.copying.header_repair import copy_headers
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.bucket import Bucket

_IN_FLIGHT = 256


def main() -> None:
    """List one bucket, have each object copied to the other, look at nothing."""
    endpoint, old, new = sys.argv[1:]
    keys = Keys(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    settings = Settings(endpoint=endpoint, bucket=new, region="us-east-1")
    client, room = Client(settings, keys), threading.Semaphore(_IN_FLIGHT)
    under_way: set[Attempt] = set()

    def completed(attempt: Attempt, answer: Response) -> None:
        if not answer.ok:
            print(answer.words, file=sys.stderr)
        under_way.discard(attempt)
        room.release()

    source = Settings(endpoint=endpoint, bucket=old, region="us-east-1")
    for found in Bucket(source, keys).list_objects("images/"):
        room.acquire()
        request = Request(
            operation="CopyObject", method="PUT", key=found.key, done=lambda answer: None,
            headers=copy_headers(found.key, "", (old, found.key)),
        )  # fmt: skip
        attempt = Attempt(request, completed)
        under_way.add(attempt)
        client.start(attempt)
    for _ in range(_IN_FLIGHT):
        room.acquire()


if __name__ == "__main__":
    main()
