"""A real scrapyd on loopback, in a folder and an environment of its own, with the configuration of deploy/."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.conftest import FAST_SETTINGS, LOOPBACK, ROOT

BINARIES = ROOT / ".venv-scrapyd/bin"
USER, PASSWORD = "harvester", "of an evening"
SLOW_TIMEOUT = {"DOWNLOAD_TIMEOUT": "300"}
"""On a busy machine, or in a process that is held, a picture may take long, and must not be asked for twice."""

PROJECT_FILES = ("harvester", "pyproject.toml", "setup.py", "scrapy.cfg", "requirements.txt", "README.md", "LICENSE")
_TIMEOUT = 240.0  # seconds; a job starts in two on an idle machine
_open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Scrapyd:
    """A scrapyd that can be stopped and started again on the same folder and port."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        assert (BINARIES / "scrapyd").exists(), "`make test` makes .venv-scrapyd; `make .venv-scrapyd/ready` only that"
        self.folder, self.port = folder, _free_port()
        self._credentials = {"SCRAPYD_USERNAME": USER, "SCRAPYD_PASSWORD": PASSWORD}
        settings = {"SCRAPYD_HTTP_PORT": str(self.port), "HARVESTER_ALLOW_NETWORKS": LOOPBACK}
        self._environment = os.environ | self._credentials | settings | dict(environment)
        self._groups: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "deploy/scrapyd.conf", folder)

    def start(self) -> None:
        """Returns when it answers."""
        with (self.folder / "scrapyd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [BINARIES / "scrapyd", "--pidfile="],
                cwd=self.folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._groups.append(self.process.pid)
        wait_until(lambda: self._is_ready())

    def stop(self) -> None:
        """As somebody does who knows only its process: SIGTERM."""
        self.process.terminate()
        self.process.wait(30)

    def kill_all(self) -> None:
        """At the end of a test: whatever this scrapyd has started."""
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        self.process.wait(30)

    def deploy(self, project: Path) -> subprocess.CompletedProcess[str]:
        """`scrapyd-deploy` from a copy of the project."""
        self._project, configuration = project, project / "scrapy.cfg"
        configuration.write_text(configuration.read_text().replace(":6800", f":{self.port}"))
        return deploy(project, environment=self._credentials)

    def client(self, *words: str) -> str:
        """What `scrapyd-client` prints in the project that was deployed."""
        environment = os.environ | self._credentials
        command = [str(BINARIES / "scrapyd-client"), *words]
        return subprocess.run(
            command, cwd=self._project, env=environment, text=True, capture_output=True, check=True
        ).stdout

    def install_egg(self, egg: Path) -> None:
        """The egg lies where `addversion.json` puts one; before the start."""
        (self.folder / "eggs/harvester").mkdir(parents=True)
        shutil.copy(egg, self.folder / "eggs/harvester/1.egg")

    def get_json(self, call: str, **query: str) -> dict[str, Any]:
        """What `call.json` answers to GET; everything must be ok."""
        return self._parse_ok(self.get(f"/{call}.json?{urllib.parse.urlencode(query)}"))

    def post_json(self, call: str, *pairs: tuple[str, str], **fields: str) -> dict[str, Any]:
        """What `call.json` answers to POST; everything must be ok."""
        data = urllib.parse.urlencode([("project", "harvester"), *pairs, *fields.items()]).encode()
        return self._parse_ok(self.get(f"/{call}.json", data))

    def get(self, path: str, data: bytes | None = None, *, password: str = PASSWORD) -> bytes:
        """The body of an answer."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data)
        request.add_header("Authorization", f"Basic {base64.b64encode(f'{USER}:{password}'.encode()).decode()}")
        with _open_url(request, timeout=_TIMEOUT) as answer:
            return bytes(answer.read())

    def schedule(self, spider: str, *arguments: str, job: str = "", **settings: str) -> str:
        """The id of a job; arguments are `name=value`."""
        words = [(name, value) for name, _, value in (argument.partition("=") for argument in arguments)]
        words += [("setting", f"{name}={value}") for name, value in (FAST_SETTINGS | SLOW_TIMEOUT | settings).items()]
        words += [("jobid", job)] if job else []
        return str(self.post_json("schedule", *words, spider=spider)["jobid"])

    def crawl(self, spider: str, *arguments: str, **settings: str) -> str:
        """A job that has ended."""
        return self.wait_until_ended(self.schedule(spider, *arguments, **settings))

    def state(self, job: str) -> str | None:
        """pending, running or finished."""
        state: str | None = self.get_json("status", job=job)["currstate"]
        return state

    def wait_until_ended(self, job: str) -> str:
        """The same job, when it has ended."""
        wait_until(lambda: self.state(job) == "finished")
        return job

    def job_entry(self, job: str) -> dict[str, Any]:
        """A job in the list of jobs."""
        jobs = self.get_json("listjobs", project="harvester")
        (entry_of_job,) = [entry for state in ("running", "finished") for entry in jobs[state] if entry["id"] == job]
        return dict(entry_of_job)

    def log(self, spider: str, job: str) -> str:
        """Where scrapyd's users look."""
        return (self.folder / f"logs/harvester/{spider}/{job}.log").read_text(encoding="utf-8")

    def items(self, spider: str, job: str) -> list[dict[str, Any]]:
        """Where scrapyd's users look."""
        feed = self.folder / f"items/harvester/{spider}/{job}.jl"
        return [json.loads(line) for line in feed.read_text(encoding="utf-8").splitlines()]

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "scrapyd.log").read_text()
        with suppress(OSError):
            return self.get_json("daemonstatus")["status"] == "ok"
        return False

    @staticmethod
    def _parse_ok(answer: bytes) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(answer)
        assert result["status"] == "ok", result
        return result


@contextmanager
def run_scrapyd(folder: Path, *, egg: Path | None = None, **environment: str) -> Iterator[Scrapyd]:
    """Start one, with an egg where one is given; nothing of it is left at the end."""
    scrapyd = Scrapyd(folder, environment)
    if egg:
        scrapyd.install_egg(egg)
    scrapyd.start()
    try:
        yield scrapyd
    finally:
        scrapyd.kill_all()


def copy_project(target: Path) -> Path:
    """scrapyd-deploy builds in the project's folder; this one may be littered."""
    target.mkdir()
    for name in PROJECT_FILES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    return target


def deploy(
    project: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`scrapyd-deploy`, which must end well; with compiled files, as by default, so that jobs start sooner."""
    done = subprocess.run(
        [BINARIES / "scrapyd-deploy", *options],
        cwd=project,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""} | (environment or {}),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def processes_below(pid: int) -> list[int]:
    """A process and all that it has started and that still runs, as a service manager knows them."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    return [pid, *(below for child in children.get(pid, []) for below in processes_below(child))]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Any) -> None:
    """Return when it is true."""
    deadline = time.monotonic() + _TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
