"""The demo's web server, in gunicorn's place."""

import socket
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bookwyrm.wsgi import application
from django.conf import settings

# A browser opens many connections at once, and asks nothing on some of them.
_MOST = 64


class Server(ThreadingMixIn, WSGIServer):
    """Answers several visitors at a time, by threads that stay, as gunicorn's.

    The storage keeps a connection for each thread, and to make one takes longer than an upload.
    """

    request_queue_size = _MOST
    threads = ThreadPoolExecutor(_MOST)

    def process_request(
        self,
        request: socket.socket | tuple[bytes, socket.socket],
        client_address: tuple[str, int] | str,
    ) -> None:
        """Have one of the threads answer."""
        self.threads.submit(self.process_request_thread, request, client_address)


class Handler(WSGIRequestHandler):
    """Answers without asking the resolver for the visitor's name."""

    def address_string(self) -> str:
        """Return the visitor's address, as the log shows it."""
        return str(self.client_address[0])


if __name__ == "__main__":
    with make_server("127.0.0.1", settings.PORT, application, Server, Handler) as server:
        print(f"listening on {settings.BASE_URL}", flush=True)
        server.serve_forever()
