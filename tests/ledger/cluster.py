"""What the programs of this folder share: PostgreSQL servers, nodes of Atoll, and clients that keep their connections."""
import glob, http.client, json, os, re, select, shutil, signal, socket, subprocess, tempfile, time

PASSWORD = "correct horse battery staple"
# Other servers may run, and one user sends everything.
QUIET = {
    "PORT": "0",
    "ATOLL__METRICS__LISTEN": "off",
    "ATOLL__RATE_LIMIT__SIGNED_IN": "0",
    "ATOLL__RATE_LIMIT__ANONYMOUS": "0",
    "ATOLL__RATE_LIMIT__AUTH": "0",
    "ATOLL__LOAD__REQUESTS_PER_CALLER": "0",
    "ATOLL__LOAD__RUNNING_PER_USER": "0",
    "ATOLL__DATABASE__MAX_CONNECTIONS": "12",
}


def until(what, condition, limit=60):
    """Waits until the condition holds, and returns its value."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    sys_exit(f"timed out after {limit} s: {what}")


def sys_exit(text):
    raise SystemExit(f"error: {text}")


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
    found = found or [shutil.which("initdb")]
    if not found[-1]:
        sys_exit("the programs of a PostgreSQL server are not installed: apt-get install postgresql")
    return os.path.dirname(found[-1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Postgres:
    """A server of PostgreSQL with its data in a folder. It can be killed like a machine that loses its power, except that what it
    wrote to its files is there."""

    def __init__(self, folder, name, port=None):
        self.bin, self.folder, self.name = binaries(), folder, name
        self.data, self.port, self.process = os.path.join(folder, name), port or free_port(), None

    def run(self, program, *arguments, check=True):
        # PostgreSQL refuses to run as root.
        as_server = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        command = as_server + [os.path.join(self.bin, program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if check and done.returncode:
            sys_exit(f"{program} of {self.name}: {done.stdout}{done.stderr}")
        return done

    def init(self):
        # pg_rewind needs checksums.
        self.run("initdb", "-k", "-U", "atoll", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", self.data)
        # pg_rewind also needs the log since the last checkpoint that both servers have.
        with open(os.path.join(self.data, "postgresql.conf"), "a") as settings:
            settings.write("wal_keep_size = '256MB'\n")

    def copy_of(self, primary):
        self.run("pg_basebackup", "-R", "-c", "fast", "-D", self.data, "-h", "127.0.0.1", "-p", str(primary.port), "-U", "atoll")

    def start(self):
        as_server = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
        options = {
            "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "max_connections": 200,
            "hot_standby": "on", "wal_retrieve_retry_interval": "500ms",
            # Only processes are killed here, not the machine.
            "fsync": "off",
        }
        command = as_server + [os.path.join(self.bin, "postgres"), "-D", self.data]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        log = open(os.path.join(self.folder, f"{self.name}.log"), "a")
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        until(f"{self.name} accepts connections", lambda: self.run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), check=False).returncode == 0)

    def sql(self, text, database="postgres", check=True):
        arguments = ["-qAtX", "-h", "127.0.0.1", "-p", str(self.port), "-U", "atoll", "-d", database, "-v", "ON_ERROR_STOP=1", "-c", text]
        return self.run("psql", *arguments, check=check).stdout.strip()

    def set(self, name, value):
        self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def kill(self):
        """Kills every process of the server at once."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [self.process.pid, *map(int, children)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
            self.process = None

    def promote(self):
        """Makes a standby the primary. Its commits no longer wait for the dead one."""
        self.set("synchronous_standby_names", "")
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    def rejoin(self, primary):
        """Becomes a standby of the new primary, by pg_rewind or else by a new copy. Returns which."""
        source = f"host=127.0.0.1 port={primary.port} user=atoll dbname=postgres"
        primary.sql("CHECKPOINT")
        rewound = self.run("pg_rewind", "--no-sync", "-R", "-D", self.data, "--source-server", source, check=False)
        if rewound.returncode:
            shutil.rmtree(self.data)
            self.copy_of(primary)
        self.start()
        return "a base backup" if rewound.returncode else "pg_rewind"

    def replicate_synchronously(self):
        """From now on a commit is acknowledged only once the standby has it."""
        streams = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        until("the standby streams", lambda: self.sql(streams) == "1")
        self.set("synchronous_standby_names", "*")
        synchronous = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        until("the standby is synchronous", lambda: self.sql(synchronous) == "1")


class Node:
    """A server of Atoll, on a free port."""

    def __init__(self, binary, folder, name, url, **settings):
        self.binary, self.folder, self.name = os.path.abspath(binary), folder, name
        self.environment = {**QUIET, "DATABASE_URL": url, **settings}
        self.start()

    def start(self, port="0"):
        log = open(os.path.join(self.folder, f"{self.name}.log"), "a")
        environment = {**self.environment, "PORT": str(port)}
        self.process = subprocess.Popen([self.binary, "serve"], cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        found = re.search(r"http://([\d.]+):(\d+)", self.process.stdout.readline())
        if not found:
            sys_exit(f"{self.name} did not start: {open(log.name).read()}")
        self.host, self.port = found.group(1), int(found.group(2))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Client:
    """Sends requests to one node after the other, each on a connection that it keeps."""

    def __init__(self, timeout=10):
        self.connections, self.timeout = {}, timeout

    def call(self, node, method, path, token=None, body=None, key=None):
        """Returns the status, or 0 without an answer, and the body."""
        address = (node.host, node.port)
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection = self.connections.get(address)
        # Like every client that keeps connections: one that the server has closed meanwhile is not used again.
        if connection is None or (connection.sock and select.select([connection.sock], [], [], 0)[0]):
            connection = self.connections[address] = http.client.HTTPConnection(*address, timeout=self.timeout)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return 0, {"code": type(error).__name__}
        try:
            return status, json.loads(text) if text else {}
        except ValueError:
            return status, {}


def sign_in(node):
    """Registers a user, and returns the token of a sign-in."""
    client, name = Client(), f"ada{os.getpid()}"
    account = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    status, body = client.call(node, "POST", "/api/v1/auth/register", body=account)
    if status != 201:
        sys_exit(f"a user could not register: {status} {body}")
    status, body = client.call(node, "POST", "/api/v1/auth/login", body={"login": name, "password": PASSWORD})
    return body["token"]


def folder_for_servers():
    """Returns a new folder in which a server of PostgreSQL, which may be another user, can work."""
    folder = tempfile.mkdtemp(prefix="atoll-ledger-")
    if os.getuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    return folder
