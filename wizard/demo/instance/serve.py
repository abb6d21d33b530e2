"""The demo's web server, in gunicorn's place."""

from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from bookwyrm.wsgi import application
from django.conf import settings


class Server(ThreadingMixIn, WSGIServer):
    """Answers several visitors at a time."""

    daemon_threads = True
    # A browser opens many connections at once.
    request_queue_size = 64


class Handler(WSGIRequestHandler):
    """Answers without asking the resolver for the visitor's name."""

    def address_string(self) -> str:
        """Return the visitor's address, as the log shows it."""
        return str(self.client_address[0])


if __name__ == "__main__":
    with make_server("127.0.0.1", settings.PORT, application, Server, Handler) as server:
        print(f"listening on {settings.BASE_URL}", flush=True)
        server.serve_forever()
