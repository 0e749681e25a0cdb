"""The servers that are compared."""
import http.client
import json
import pathlib
import subprocess
import time

from . import processes
from .databases import PASSWORD

ROOT = pathlib.Path(__file__).resolve().parents[2]
CALLERS = 32
# The only settings that differ from the production profile: a few callers send as much as thousands would. The limits still count.
SETTINGS = {"rate_limit.signed_in": "100000000", "rate_limit.anonymous": "100000000"}


class Server:
    """A running server. `paths` has the path of each kind of request."""

    def __init__(self, command, environment, folder, name):
        self.name, self.folder = name, folder
        self.command, self.environment = command, environment
        self.process = self.port = None
        self.tokens = []

    def start(self, wrapper=()):
        self.port = processes.free_port()
        command = [*wrapper, *(str(word).replace("PORT", str(self.port)) for word in self.command)]
        # A request is a line in the log, so the log goes nowhere.
        self.process = processes.spawn(command, env=self.environment, cwd=self.folder)
        processes.wait_for_port(self.port, self.process)

    def stop(self):
        processes.stop(self.process)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method, path, body=None, token=None, connection=None):
        """Sends a request and returns the status and the body."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection = connection or self.connect()
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Atoll(Server):
    paths = {
        # The probes refuse more than 16 requests at once.
        "static": "/problems/not-found",
        "get": "/api/v1/posts/",
        "list": "/api/v1/posts?limit=20&include=author",
        "post": "/api/v1/posts",
    }

    def __init__(self, program, settings, database):
        self.program = program
        # A server in production that has no other configuration.
        environment = {"PATH": "/usr/bin:/bin", "ATOLL_PROFILE": "production", "DATABASE_URL": database.url}
        for key, value in (SETTINGS | settings).items():
            environment[f"ATOLL__{key.upper().replace('.', '__')}"] = value
        super().__init__([program, "serve", "--port", "PORT"], environment, database.folder, "Atoll")

    def users(self):
        """Returns the names of active users, by id."""
        listed = processes.run([self.program, "user", "list", "--json"], env=self.environment, cwd=self.folder)
        return {user["id"]: user["username"] for user in map(json.loads, listed.splitlines()) if user["is_active"]}

    def sign_in(self):
        for id, name in sorted(self.users().items()):
            status, body = self.request("POST", "/api/v1/auth/login", {"login": name, "password": PASSWORD})
            if status != 200:
                raise SystemExit(f"sign-in of user {id}: {status} {body[:300]}")
            self.tokens.append(json.loads(body)["token"])
            if len(self.tokens) == CALLERS:
                return


class Peer(Server):
    paths = {"static": "/static", "get": "/posts/", "list": "/posts?limit=20", "post": "/posts"}

    def __init__(self, program, kind, name, database):
        super().__init__([program, kind, "PORT", database.peer_url], {"PATH": "/usr/bin:/bin"}, database.folder, name)

    def sign_in(self):
        self.tokens = [f"peer-{user}" for user in range(1, CALLERS + 1)]


def build(manifest_folder, arguments, program):
    """Builds a program in the release profile and returns its path."""
    print(f"building {program}", flush=True)
    subprocess.run(["cargo", "build", "--release", "--locked", *arguments], cwd=manifest_folder, check=True)
    return manifest_folder / "target" / "release" / program


def settle():
    """Waits until Atoll has sealed the audit entries of its last writes, so that this costs no other server's time."""
    time.sleep(1.5)
