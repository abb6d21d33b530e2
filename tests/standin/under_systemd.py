"""A stand-in instance without Docker, run by the units of BookWyrm's guide on a real systemd.

What they do is theirs (`contrib/systemd`, v0.9.2): a view of the disk of their own, in which
only media and static files can be written, and PostgreSQL behind its socket. nginx is in front.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import httpx

from tests.servers.docker import docker
from tests.servers.machine import Machine
from tests.support.waiting import wait_until
from wizard.demo.checkout import make_checkout, make_media, write_catalogue
from wizard.env.file import EnvFile

_DATABASE = """

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "bookwyrm",
        "HOST": "/var/run/postgresql",
    }
}
"""
_OF_THE_DEMO = ("site", "supervisor.py", "serve.py", "venv")
_UNIT = """\
[Unit]
After=network.target postgresql.service redis-server.service
[Service]
User=bookwyrm
Group=bookwyrm
WorkingDirectory={folder}
ExecStart={folder}/venv/bin/{command}
{more}
[Install]
WantedBy=multi-user.target
"""
_VIEW = """\
ProtectSystem=strict
ProtectHome=tmpfs
PrivateTmp=yes
TemporaryFileSystem=/var /run /opt
PrivateUsers=true
PrivateDevices=true
BindReadOnlyPaths={folder}
BindPaths={folder}/images {folder}/static /var/run/postgresql
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
_INSTALL = """
set -e
useradd --system --home-dir {folder} bookwyrm
cd {folder}
python3 -m venv --without-pip venv
echo /venv/lib/python3.11/site-packages >venv/lib/python3.11/site-packages/packages.pth
chmod 755 venv/bin/gunicorn venv/bin/celery
mkdir -p images static
chown -R bookwyrm: .
chmod 755 .
cp -a . /root/source
su postgres -c 'createuser bookwyrm && createdb -O bookwyrm bookwyrm'
su bookwyrm -s /bin/sh -c 'venv/bin/python3 manage.py initdb'
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl restart nginx
systemctl enable --quiet --now {units}
"""


class UnderSystemd:
    """A site that runs on a machine, as BookWyrm's guide has it."""

    folder = "/opt/bookwyrm"
    units: ClassVar[Mapping[str, str]] = {
        "bookwyrm": "gunicorn bookwyrm.wsgi:application --bind 0.0.0.0:8000",
        "bookwyrm-worker": "celery worker",
        "bookwyrm-scheduler": "celery beat",
    }
    more: ClassVar[Mapping[str, str]] = {"bookwyrm": _VIEW}
    env: ClassVar[Mapping[str, str | None]] = {"POSTGRES_HOST": "/var/run/postgresql"}

    def __init__(self, machine: Machine, port: int, *, covers: int = 12) -> None:
        self.machine, self.port = machine, port
        self._put_files(covers)
        for unit, command in self.units.items():
            more = self.more.get(unit, "").format(folder=self.folder)
            text = _UNIT.format(folder=self.folder, command=command, more=more)
            machine.write(f"/etc/systemd/system/{unit}.service", text)
        nginx = _NGINX.format(port=port, folder=self.folder)
        machine.write("/etc/nginx/conf.d/bookwyrm.conf", nginx)
        machine.run("sh", "-c", _INSTALL.format(folder=self.folder, units=" ".join(self.units)))
        self.wait_for_page()

    @property
    def url(self) -> str:
        """Where the site answers, on this host as on the machine."""
        return f"http://localhost:{self.port}"

    def main_pid(self, unit: str) -> int:
        """The number of a unit's main process, on the machine."""
        return int(self.machine.run("systemctl", "show", "--value", "--property=MainPID", unit))

    def jobs(self) -> set[str]:
        """What USE_S3 is for those who do the background jobs."""
        return {self._said_by(unit) for unit in list(self.units)[1:]}

    def own_env(self, owner: str) -> None:
        """Have `.env` belong to these, and every user able to read it."""
        self.machine.run("chown", owner, f"{self.folder}/.env")
        self.machine.run("chmod", "644", f"{self.folder}/.env")

    def env_mode(self) -> str:
        """The mode of `.env`."""
        return self.machine.run("stat", "--format=%a", f"{self.folder}/.env").strip()

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
        folder, units = self.folder, " ".join(self.units)
        manage = "venv/bin/python3 manage.py"
        self.machine.run(
            "sh", "-ec",
            f"cd {folder}; rm -rf .bw-s3; cp -p /root/source/.env .env"
            # Covers that readers uploaded to a bucket are neither on the disk nor in the next one.
            f"; su bookwyrm -s /bin/sh -c '{manage} flush --no-input; {manage} initdb'"
            f"; systemctl restart {units}",
        )  # fmt: skip
        self.wait_for_page()

    def _said_by(self, unit: str) -> str:
        argv = ["journalctl", "-o", "cat", "-u", unit, f"_PID={self.main_pid(unit)}"]
        said: list[str] = []

        def has_said() -> bool:
            said[:] = re.findall(r"USE_S3=(\w+)", self.machine.run(*argv))
            return bool(said)

        wait_until(has_said)
        return said[-1]

    def _put_files(self, covers: int) -> None:
        with tempfile.TemporaryDirectory(prefix="bw-s3-under-systemd-") as name:
            folder = Path(name) / Path(self.folder).name
            make_checkout(folder, self.port)
            for other in _OF_THE_DEMO:
                path = folder / other
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            settings = folder / "bookwyrm" / "settings.py"
            settings.write_text(settings.read_text() + _DATABASE)
            env = folder / ".env"
            env.write_bytes(EnvFile.read(env).with_values(self.env).data)
            write_catalogue(folder, make_media(folder / "images", covers), self_connector=True)
            programs = folder / "venv" / "bin"
            programs.mkdir(parents=True)
            for program, text in (("gunicorn", _GUNICORN), ("celery", _CELERY)):
                (programs / program).write_text(
                    text.format(python=f"{self.folder}/venv/bin/python3")
                )
            place = str(Path(self.folder).parent)
            self.machine.run("mkdir", "-p", place)
            docker("cp", "-", f"{self.machine.name}:{place}", given=_packed(folder))


class UnderYunoHost(UnderSystemd):
    """The same as YunoHost's package keeps it (`bookwyrm_ynh` 0.8.3~ynh1)."""

    folder = "/var/www/bookwyrm"
    units: ClassVar[Mapping[str, str]] = {
        "bookwyrm-server": "gunicorn bookwyrm.wsgi:application --bind 127.0.0.1:8000",
        "bookwyrm-worker": "celery worker",
        "bookwyrm-beat": "celery beat",
    }
    more: ClassVar[Mapping[str, str]] = dict.fromkeys(units, "EnvironmentFile={folder}/.env")
    env: ClassVar[Mapping[str, str | None]] = {
        "POSTGRES_HOST": "localhost",
        "MEDIA_ROOT": "/var/www/bookwyrm/images/",
    }
    data = "/home/yunohost.app/bookwyrm"

    def __init__(self, machine: Machine, port: int) -> None:
        settings = f"id: bookwyrm\ndata_dir: {self.data}\ninstall_dir: {self.folder}\n"
        machine.write("/etc/yunohost/apps/bookwyrm/settings.yml", settings)
        machine.run("mkdir", "-p", self.data)
        super().__init__(machine, port)
        machine.run("chown", "-R", "bookwyrm:", self.data)

    def upgrade(self) -> None:
        """Do to the folder what the package's upgrade does."""
        units = " ".join(self.units)
        self.machine.run(
            "sh", "-ec",
            f"systemctl stop {units}; cd {self.folder}"
            # `ynh_setup_source --full_replace --keep=".env images"`
            "; mkdir /var/cache/kept; cp -a .env images /var/cache/kept"
            "; find . -mindepth 1 -delete; cp -a /root/source/. ."
            "; rm -rf .env images; cp -a /var/cache/kept/. .; rm -rf /var/cache/kept"
            # `ynh_config_add --template=".env.production"`
            "; cp -p /root/source/.env .env"
            "; venv/bin/python3 manage.py compile_themes"
            "; venv/bin/python3 manage.py collectstatic --no-input"
            f"; chown -R bookwyrm: .; systemctl start {units}",
        )  # fmt: skip
        self.wait_for_page()


def _packed(folder: Path) -> bytes:
    data = BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(folder, folder.name)
    return data.getvalue()
