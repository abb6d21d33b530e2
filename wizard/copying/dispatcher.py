"""Keeps many requests under way: how many at once, which again, when to give up."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from heapq import heappop, heappush
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Attempt, Request, Response
from wizard.copying.tcp_pacing import pace_connections
from wizard.copying.threads import Stopped, Worker

if TYPE_CHECKING:
    from wizard.copying.crt_client import Client
    from wizard.core.copy_control import CopyControl

# The runtime has 250 connections: with some requests more in its queue, none of them has to wait
# until an answer was judged here.
MOST_REQUESTS = 384
# Bodies under way, in bytes; the runtime holds a copy of each.
_MOST_BYTES = 32 << 20
_ATTEMPTS = 6
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.3, 15.0
# Seconds without any answer after which an attempt is given up, and how slow
# the slowest line we wait for is, in bytes a second.
_STALLED, _SLOWEST = 60.0, 25_000
# Seconds without a single success until the service counts as gone.
OUTAGE = 300.0
_SLOW_DOWN = {"SlowDown", "RequestLimitExceeded", "ThrottlingException", "TooManyRequests"}
_AGAIN = {"RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "BadDigest"}
# The same answer for every file: going on would only repeat it.
_HOPELESS = {
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NoSuchBucket",
    "QuotaExceeded",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}
# What is true of one object, however many there are of them.
_OF_ONE_OBJECT = {"InvalidObjectState"}
_REFUSALS_IN_A_ROW = 20
# A longer body shall leave hardly faster than the limit; a little, so that it has left when the
# next may, which would get a new connection, without a limit, otherwise.
_BURST, _PACE = 1 << 20, 1.5
# How long the dispatcher waits after a batch of answers, and how many of them wake one more sender.
_BREATH, _A_WAKING = 0.005, 32
# How long requests under way may still be answered when the copy is stopped.
_LAST_SECONDS = 1.0


@dataclass(order=True, slots=True)
class _Later:
    due: float
    request: Request = field(compare=False)


class Dispatcher:
    """Sends requests, at most so many at once, and gives each its last answer.

    `submit` blocks while too much is under way, while the copy is paused and
    while the rate limit says so. Answers are handed to `Request.done` on one
    thread of ours, never on the runtime's. `gone` is set where going on makes
    no sense: the answer that says why.
    """

    def __init__(self, client: Client, control: CopyControl) -> None:
        self._client = client
        self._control = control
        self._gate = threading.Condition()
        self._count = 0
        self._bytes = 0
        self._window = float(MOST_REQUESTS)
        self._hold_until = 0.0
        self._completed: SimpleQueue[tuple[Attempt, Response]] = SimpleQueue()
        self._attempts: dict[int, tuple[Attempt, float]] = {}
        self._follow_ups: SimpleQueue[Request] = SimpleQueue()
        self._again: list[_Later] = []
        self._pending = 0
        self._refused = 0
        self._paced = 0
        self._failing_since = 0.0
        self._last_answer = self._last_success = self._last_shrink = time.monotonic()
        self._stopping = threading.Event()
        self.gone: Response | None = None
        self._thread = Worker(self._conduct, "dispatcher")

    @property
    def stopped(self) -> bool:
        """Whether nothing new is sent any more."""
        return self._stopping.is_set()

    @property
    def failing_for(self) -> float:
        """Seconds since the last success, while requests fail; 0.0 where all is well."""
        return time.monotonic() - self._failing_since if self._failing_since else 0.0

    def submit(self, request: Request) -> None:
        """Send a request as soon as there is room. Raises `Stopped`."""
        size = request.weight
        with self._gate:
            while not self._has_room(size):
                self._raise_if_stopped()
                self._gate.wait(0.2)
            self._raise_if_stopped()
            self._count += 1
            self._bytes += size
            self._pending += 1
        while delay := self._control.delay(size):
            if self.stopped:
                self._free(1, size, finished=1)
                raise Stopped
            self._control.wait(delay)
        if self._control.rate and size > _BURST:
            self._pace(self._control.rate)
        self._start(request)

    def follow_up(self, request: Request) -> None:
        """Send a request that follows from an answer; never blocks, so `done` may call it."""
        with self._gate:
            self._pending += 1
        self._follow_ups.put(request)

    def ask(self, request: Request) -> Response:
        """Send a request and wait for its last answer; not from the dispatcher's own thread."""
        came: SimpleQueue[Response] = SimpleQueue()
        request.done = came.put
        self.submit(request)
        while True:
            try:
                return came.get(timeout=0.2)
            except Empty:
                self._raise_if_stopped()

    def drain(self) -> None:
        """Wait until every request has had its last answer. Raises `Stopped`."""
        with self._gate:
            while self._pending:
                self._raise_if_stopped()
                self._gate.wait(0.2)

    def stop(self, gone: Response | None = None) -> None:
        """Send nothing new and give up what is under way; may be called from any thread."""
        self.gone = self.gone or gone
        self._stopping.set()

    def close(self) -> None:
        """Stop, and wait for the dispatcher's own thread."""
        self.stop()
        self._thread.join(10)

    def _raise_if_stopped(self) -> None:
        self._thread.raise_error()
        if self.stopped:
            raise Stopped

    def _has_room(self, size: int) -> bool:
        if time.monotonic() < self._hold_until or self._count >= self._window:
            return False
        return self._bytes + size <= _MOST_BYTES or self._count == 0

    def _start(self, request: Request) -> None:
        attempt = Attempt(request, self._on_completed)
        self._attempts[id(attempt)] = (attempt, time.monotonic())
        self._client.start(attempt)

    def _on_completed(self, attempt: Attempt, answer: Response) -> None:
        """Queue an answer; on the runtime's only thread, so as little as possible and no lock."""
        self._completed.put((attempt, answer))

    def _free(self, count: int, size: int, *, finished: int) -> None:
        """Free the room of `count` requests with `size` bytes, `finished` of them for good."""
        with self._gate:
            self._count -= count
            self._bytes -= size
            self._pending -= finished
            if self._pending:
                # Whoever wakes takes all the room that it can use: few are enough.
                self._gate.notify(1 + count // _A_WAKING)
            else:
                self._gate.notify_all()

    def _conduct(self) -> None:
        """Hand out answers, send again what is due and keep watch, in the dispatcher's thread."""
        watched = 0.0
        while not self.stopped:
            self._take_completed()
            self._send_due()
            now = time.monotonic()
            if now - watched > 1:
                watched = now
                self._watch(now)
        self._give_up()

    def _take_completed(self) -> None:
        try:
            completed = [self._completed.get(timeout=0.05)]
        except Empty:
            return
        while not self._completed.empty():
            completed.append(self._completed.get())
        finished = sum(self._judge(attempt, answer) for attempt, answer in completed)
        size = sum(attempt.request.weight for attempt, _ in completed)
        self._free(len(completed), size, finished=finished)
        # A breath: answers are cheaper to handle by the dozen than one by one.
        time.sleep(_BREATH)

    def _judge(self, attempt: Attempt, answer: Response) -> bool:
        """Hand out a last answer or see to another attempt; returns whether it was the last."""
        self._attempts.pop(id(attempt), None)
        attempt.crt = None
        request = attempt.request
        now = self._last_answer = time.monotonic()
        if answer.ok or _is_an_answer(request, answer):
            self._last_success = now
            self._refused = 0
            self._failing_since = 0.0
        elif request.is_current is not None and not request.is_current():
            pass  # neither the service's fault nor the line's
        elif answer.code not in _HOPELESS and _is_transient(answer):
            self._failing_since = self._failing_since or now
            self._adapt(answer, now)
            if self._try_again(request, answer, now):
                return False
        else:
            self._count_refusal(answer)
        request.done(answer)
        return True

    def _try_again(self, request: Request, answer: Response, now: float) -> bool:
        """Tell whether this answer is not the last: it is sent again, or the copy stops."""
        request.attempts += 1
        request.first_failed = request.first_failed or now
        # While nothing at all gets through, it is not this file's fault.
        others_get_through = self._last_success > request.first_failed
        if request.attempts >= _ATTEMPTS and others_get_through:
            return False
        if now - self._failing_since > OUTAGE:
            self.stop(answer)
            return True
        longest = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**request.attempts)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 (spreads retries, guards nothing)
        heappush(self._again, _Later(now + longest * jitter, request))
        return True

    def _send_due(self) -> None:
        now = time.monotonic()
        while not self._follow_ups.empty():
            heappush(self._again, _Later(now, self._follow_ups.get()))
        while self._again and self._again[0].due <= now and not self.stopped:
            size = self._again[0].request.weight
            with self._gate:
                if not self._has_room(size):
                    return
                self._count += 1
                self._bytes += size
            self._start(heappop(self._again).request)

    def _adapt(self, answer: Response, now: float) -> None:
        """Send fewer requests at once when the service asks for it, or does not answer at all."""
        if now - self._last_shrink < 1:
            return
        self._last_shrink = now
        said_so = answer.status in (429, 503) or answer.code in _SLOW_DOWN
        nothing_works = now - self._failing_since > 2
        if said_so or nothing_works:
            self._window = max(2.0, min(self._window, self._count + 1) / 2)
            self._hold_until = now + (0.5 if said_so else 0.0)

    def _count_refusal(self, answer: Response) -> None:
        self._refused += 1
        if answer.code in _HOPELESS or self._refused >= _REFUSALS_IN_A_ROW:
            self.stop(answer)

    def _watch(self, now: float) -> None:
        """Send more at once while all is well, and give up attempts that hang; once a second."""
        self._pace(self._control.rate or 0)
        if now - self._last_shrink > 2:
            self._window = min(float(MOST_REQUESTS), self._window + max(4.0, self._window / 4))
        patience = max(_STALLED, self._bytes / _SLOWEST)
        if now - self._last_answer < patience:
            return
        for attempt, since in list(self._attempts.values()):
            if now - since > patience:
                attempt.cancel()

    def _pace(self, rate: int) -> None:
        """Keep each connection, new ones too, to the limit; nothing where there never was one."""
        if rate or self._paced:
            self._paced = rate
            pace_connections(int(rate * _PACE))

    def _give_up(self) -> None:
        """Let what arrives within a moment still count at the end, and cancel the rest."""
        deadline = time.monotonic() + _LAST_SECONDS
        while self._attempts and time.monotonic() < deadline + _LAST_SECONDS:
            if time.monotonic() > deadline:
                for attempt, _ in list(self._attempts.values()):
                    attempt.cancel()
            try:
                attempt, answer = self._completed.get(timeout=0.1)
            except Empty:
                continue
            self._attempts.pop(id(attempt), None)
            if answer.ok:
                attempt.request.done(answer)


def _is_an_answer(request: Request, answer: Response) -> bool:
    """Tell whether the service said how it is, and works."""
    if answer.code in _HOPELESS:
        return False
    if answer.code in _OF_ONE_OBJECT or answer.status == 412:
        return True
    # Without keys, services refuse in many ways, such as with 400.
    refused = request.anonymous and 400 <= answer.status < 500
    return answer.status == 404 or (refused and answer.status not in (408, 429))


def _is_transient(answer: Response) -> bool:
    """Tell whether the same request may succeed later: no answer, 429, 5xx, a torn body."""
    if answer.status in (0, 408, 429) or answer.status >= 500:
        return answer.status != 501
    if answer.error and 200 <= answer.status < 300:
        return True
    return answer.code in _AGAIN or answer.code in _SLOW_DOWN
