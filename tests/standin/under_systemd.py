"""A stand-in instance without Docker, run by the units of BookWyrm's guide on a real systemd.

What they do is theirs (`contrib/systemd`, v0.9.2): a view of the disk of their own, in which
only media and static files can be written, and PostgreSQL behind its socket. nginx is in front.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

import httpx

from tests.servers.docker import docker
from tests.servers.machine import Machine
from tests.support.waiting import wait_until
from wizard.demo.checkout import make_checkout, make_media, write_catalogue
from wizard.env.file import EnvFile

FOLDER = "/opt/bookwyrm"
UNITS = ("bookwyrm", "bookwyrm-worker", "bookwyrm-scheduler")
# The demo's settings with PostgreSQL, as Docker Compose's stand-in has them.
_DATABASE = (
    (Path(__file__).parent / "checkout" / "compose_settings.py")
    .read_text()
    .partition("\n\n")[2]
    .replace(
        "from bookwyrm.settings import *  # noqa: F403\nfrom bookwyrm.settings import env\n", ""
    )
)
_OF_THE_DEMO = ("site", "supervisor.py", "serve.py", "venv")
_UNIT = f"""\
[Unit]
After=network.target postgresql.service redis-server.service
[Service]
User=bookwyrm
Group=bookwyrm
WorkingDirectory={FOLDER}
ExecStart={FOLDER}/venv/bin/%s
%s
[Install]
WantedBy=multi-user.target
"""
_COMMANDS = {
    "bookwyrm": "gunicorn bookwyrm.wsgi:application --bind 0.0.0.0:8000",
    "bookwyrm-worker": "celery worker",
    "bookwyrm-scheduler": "celery beat",
}
_VIEW = f"""\
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
TemporaryFileSystem=/var /run /opt
PrivateUsers=true
PrivateDevices=true
BindReadOnlyPaths={FOLDER}
BindPaths={FOLDER}/images {FOLDER}/static /var/run/postgresql
LockPersonality=yes
MemoryDenyWriteExecute=true
PrivateMounts=true
RestrictRealtime=true
"""
# Plays celery: reads the settings when it starts, and says which it has.
_CELERY = """\
#!{python}
import os, signal, sys
sys.path.insert(0, ".")
os.environ["DJANGO_SETTINGS_MODULE"] = "bookwyrm.settings"
from django.conf import settings
print(f"{{sys.argv[1]}} has USE_S3={{settings.USE_S3}}", flush=True)
signal.sigwait({{signal.SIGTERM}})
"""
_GUNICORN = """\
#!{python}
import sys
from gunicorn.app.wsgiapp import run
sys.exit(run())
"""
_NGINX = """\
access_log off;
server {{
    listen {port} default_server;
    client_max_body_size 100m;
    location / {{
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Proto http;
        proxy_pass http://127.0.0.1:8000;
    }}
    location /static/ {{ root {folder}; try_files $uri =404; }}
    location /images/ {{
        location ~ \\.(bmp|ico|jpg|jpeg|png|svg|tif|tiff|webp)$ {{
            root {folder};
            try_files $uri =404;
        }}
        return 403;
    }}
}}
"""
_INSTALL = f"""
set -e
useradd --system --home-dir {FOLDER} bookwyrm
cd {FOLDER}
python3 -m venv --without-pip venv
echo /venv/lib/python3.11/site-packages >venv/lib/python3.11/site-packages/packages.pth
chmod 755 venv/bin/gunicorn venv/bin/celery
mkdir -p images static
chown -R bookwyrm: .
chmod 755 .
su postgres -c 'createuser bookwyrm && createdb -O bookwyrm bookwyrm'
su bookwyrm -s /bin/sh -c 'venv/bin/python3 manage.py initdb'
cp -p .env /root/env
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl restart nginx
systemctl enable --quiet --now {" ".join(UNITS)}
"""


class UnderSystemd:
    """A site that runs on a machine; `env` more of `.env`."""

    def __init__(self, machine: Machine, port: int, *, covers: int = 12) -> None:
        self.machine, self.port = machine, port
        self._install(covers)

    @property
    def url(self) -> str:
        """Where the site answers, on this host as on the machine."""
        return f"http://localhost:{self.port}"

    def main_pid(self, unit: str = "bookwyrm") -> int:
        """The number of a unit's main process, on the machine."""
        return int(self.machine.run("systemctl", "show", "--value", "--property=MainPID", unit))

    def jobs(self) -> set[str]:
        """What USE_S3 is for those who do the background jobs."""
        said = set()
        for unit in UNITS[1:]:
            pid = self.main_pid(unit)
            lines: list[str] = []

            def has_said(lines: list[str] = lines, unit: str = unit, pid: int = pid) -> bool:
                lines[:] = self.machine.run(
                    "journalctl", "-o", "cat", "-u", unit, f"_PID={pid}"
                ).splitlines()
                return any("USE_S3" in line for line in lines)

            wait_until(has_said)
            said |= {line.rpartition("=")[2] for line in lines if "USE_S3" in line}
        return said

    def wait_for_page(self) -> str:
        """The first page, once it is there."""
        pages: list[str] = []

        def answers() -> bool:
            try:
                answer = httpx.get(self.url, timeout=10)
            except httpx.TransportError:
                return False
            pages.append(answer.text)
            return answer.status_code == 200 and "stylesheet" in answer.text

        wait_until(answers)
        return pages[-1]

    def start_over(self) -> None:
        """Everything as it was before bw-s3 came, but for what is in buckets."""
        units = " ".join(UNITS)
        self.machine.run(
            "sh", "-c", f"rm -rf {FOLDER}/.bw-s3 && cp -p /root/env {FOLDER}/.env"
            f" && systemctl restart {units}",
        )  # fmt: skip
        self.wait_for_page()

    def env(self) -> str:
        """`.env` as it is."""
        return self.machine.run("cat", f"{FOLDER}/.env")

    def _install(self, covers: int) -> None:
        machine = self.machine
        with tempfile.TemporaryDirectory(prefix="bw-s3-under-systemd-") as name:
            folder = Path(name) / "bookwyrm"
            make_checkout(folder, self.port)
            for other in _OF_THE_DEMO:
                path = folder / other
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            settings = folder / "bookwyrm" / "settings.py"
            settings.write_text(settings.read_text() + _DATABASE)
            env = folder / ".env"
            socket = {"POSTGRES_DB": "bookwyrm", "POSTGRES_HOST": "/var/run/postgresql"}
            env.write_bytes(EnvFile.read(env).with_values(socket).data)
            write_catalogue(folder, make_media(folder / "images", covers), self_connector=True)
            programs = folder / "venv" / "bin"
            programs.mkdir(parents=True)
            for program, text in (("gunicorn", _GUNICORN), ("celery", _CELERY)):
                (programs / program).write_text(text.format(python=f"{FOLDER}/venv/bin/python3"))
            docker("cp", "-", f"{machine.name}:/opt", given=_packed(folder))
        for unit, command in _COMMANDS.items():
            view = _VIEW if unit == "bookwyrm" else ""
            machine.write(f"/etc/systemd/system/{unit}.service", _UNIT % (command, view))
        machine.write(
            "/etc/nginx/conf.d/bookwyrm.conf", _NGINX.format(port=self.port, folder=FOLDER)
        )
        machine.run("sh", "-c", _INSTALL)
        self.wait_for_page()


def _packed(folder: Path) -> bytes:
    data = BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(folder, folder.name)
    return data.getvalue()
