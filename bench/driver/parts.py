"""The parts of the benchmark beyond plain load. Each returns its result as lines of Markdown."""
import http.client
import json
import multiprocessing
import pathlib
import re
import statistics
import threading
import time

from . import processes
from .databases import PASSWORD, psql_copy
from .load import probe

# A word of about half of the seeded posts, one of a few posts, and two words of half of the posts each.
RARE = "zanzibarine"
WORDS = ["voluptate", RARE, "voluptate dolorem"]

AUDITED = """
DROP TABLE IF EXISTS peer_import, peer_audit;
DROP FUNCTION IF EXISTS peer_audit_rows CASCADE;
CREATE TABLE peer_import (LIKE peer_posts INCLUDING ALL);
CREATE TABLE peer_audit (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL, resource_id bigint NOT NULL,
    action text NOT NULL, changes text NOT NULL);
CREATE INDEX ON peer_audit (resource_id, id);
CREATE FUNCTION peer_audit_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO peer_audit (created_at, resource_id, action, changes)
    SELECT now(), id, 'create', to_jsonb(added)::text FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT ON peer_import REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION peer_audit_rows();
"""


def instructions(servers, count=500):
    """Counts the instructions in user space of each kind of request, sent one at a time, with callgrind: noise cannot touch this."""
    lines = ["| instructions per request | " + " | ".join(server.name for server in servers) + " |", "|---" * (len(servers) + 1) + "|"]
    counts = {}
    for server in servers:
        out = server.folder / "callgrind"
        server.start(["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}.%p"])
        server.tokens or server.sign_in()
        for kind in ("get", "list", "post"):
            counts.setdefault(kind, []).append(_count(server, kind, count, out))
        server.stop()
    for kind, values in counts.items():
        lines.append(f"| {kind} | " + " | ".join(f"{value:,.0f}" for value in values) + " |")
    return lines


def _count(server, kind, count, out):
    pid = server.process.pid
    for _ in range(50):
        probe(server, kind)
    processes.run(["callgrind_control", "-i", "on", pid])
    _send(server, kind, count)
    processes.run(["callgrind_control", "-i", "off", pid])
    processes.run(["callgrind_control", "-d", pid])
    newest = max(out.parent.glob(f"{out.name}.{pid}*"), key=lambda file: file.stat().st_mtime)
    total = sum(int(found) for found in re.findall(r"^totals: (\d+)", newest.read_text(), re.M))
    processes.run(["callgrind_control", "-z", pid])
    return total / count


def _send(server, kind, count):
    """Sends requests over one connection, one after another."""
    connection = server.connect()
    ids = (server.folder / "ids").read_text().split()
    for number in range(count):
        token = server.tokens[number % len(server.tokens)]
        if kind == "post":
            body = {"title": f"Counted {number} {time.time_ns()}", "content": "Low tide uncovers the reef for an hour. " * 5}
            status, _ = server.request("POST", server.paths["post"], body, token, connection)
        else:
            path = server.paths[kind] + (ids[number % len(ids)] if kind == "get" else "")
            status, _ = server.request("GET", path, token=token, connection=connection)
        assert status in (200, 201), status


def transfer(atoll, database, rows):
    """Export and import of posts as NDJSON against `\\copy`, with the memory that the server needs."""
    pid = atoll.process.pid
    url = f"http://127.0.0.1:{atoll.port}/api/v1/posts"
    token = f"Authorization: Bearer {atoll.tokens[0]}"
    exported, made, copied = (database.folder / name for name in ("export.ndjson", "import.ndjson", "copy.tsv"))
    idle = processes.memory(pid, "VmRSS")

    processes.forget_peak(pid)
    seconds = _time(["curl", "-sSf", "-H", token, f"{url}/export?format=ndjson", "-o", exported])
    export_peak = processes.memory(pid, "VmHWM")
    with open(exported, "rb") as file:
        count = sum(1 for _ in file)
    export = count / seconds

    # The columns and the rows that the export has.
    columns = "id, created_at, updated_at, version, title, slug, summary, content, status, published_at, author_id"
    start = time.monotonic()
    psql_copy(database, f"\\copy (SELECT {columns} FROM peer_posts WHERE status = 'published' ORDER BY id DESC) to '{copied}'")
    with open(copied, "rb") as file:
        copy_out = sum(1 for _ in file) / (time.monotonic() - start)

    copied_in = database.folder / "in.tsv"
    psql_copy(database, f"\\copy (SELECT title, slug, summary, content, status FROM peer_posts WHERE status = 'published' LIMIT {rows}) to '{copied_in}'")
    with open(exported) as source, open(made, "w") as target:
        for line, _ in zip(source, range(rows)):
            post = json.loads(line)
            kept = {name: post[name] for name in ("title", "summary", "content", "status")}
            target.write(json.dumps(kept) + "\n")
    processes.forget_peak(pid)
    answer = database.folder / "answer"
    import_seconds = _time(["curl", "-sSf", "-H", token, "-H", "Content-Type: application/x-ndjson", "-T", made, "-X", "POST", f"{url}/import", "-o", answer])
    report = json.loads(answer.read_text())
    import_peak = processes.memory(pid, "VmHWM")
    created = report.get("created", report.get("committed_lines"))

    database.sql(AUDITED)
    defaults = "ALTER TABLE peer_import ALTER created_at SET DEFAULT now(), ALTER updated_at SET DEFAULT now(), ALTER version SET DEFAULT 1"
    database.sql(defaults + ", ALTER author_id SET DEFAULT 1")
    start = time.monotonic()
    psql_copy(database, f"\\copy peer_import (title, slug, summary, content, status) from '{copied_in}'")
    copy_in = min(rows, count) / (time.monotonic() - start)
    database.sql("DROP TABLE peer_import, peer_audit")
    for file in (exported, made, copied, copied_in, answer):
        file.unlink()
    return [
        "| NDJSON | rows | rows/s | `\\copy`, rows/s | ratio | the server's memory: before, peak |",
        "|---|---|---|---|---|---|",
        f"| export | {count:,} | {export:,.0f} | {copy_out:,.0f} | {export / copy_out:.2f} | {idle:.0f}, {export_peak:.0f} MiB |",
        f"| import | {created:,} | {created / import_seconds:,.0f} | {copy_in:,.0f} (with an audit table) "
        f"| {created / import_seconds / copy_in:.2f} | {idle:.0f}, {import_peak:.0f} MiB |",
    ]


def _time(command):
    start = time.monotonic()
    processes.run(command)
    return time.monotonic() - start


def search(atoll, times=15):
    """The time of searches, one at a time."""
    token = atoll.tokens[0]
    for number in range(20):
        body = {"title": f"{RARE} {number}", "content": "A rare word.", "status": "published"}
        status, answer = atoll.request("POST", "/api/v1/posts", body, token)
        assert status == 201, answer
    lines = ["| search | answers | median, ms | slowest, ms |", "|---|---|---|---|"]
    for words in WORDS:
        for order in ("", "&sort=-id"):
            statuses, spent = {}, []
            for _ in range(times):
                start = time.monotonic()
                status, _ = atoll.request("GET", f"/api/v1/posts?q={words.replace(' ', '+')}{order}", token=token)
                spent.append((time.monotonic() - start) * 1000)
                statuses[status] = statuses.get(status, 0) + 1
            seen = ", ".join(f"{count} × {status}" for status, count in statuses.items())
            lines.append(f"| `q={words}{order}` | {seen} | {statistics.median(spent):.0f} | {max(spent):.0f} |")
    return lines


def size(atoll, database, starts=5):
    """The size of an idle server and of its program, and the time from its start to its first answer."""
    spent = []
    id = database.ids.read_text().split()[0]
    for _ in range(starts):
        start = time.monotonic()
        atoll.start()
        status, _ = atoll.request("GET", f"/api/v1/posts/{id}")
        spent.append((time.monotonic() - start) * 1000)
        assert status == 200, status
        time.sleep(3)
        idle = processes.memory(atoll.process.pid, "VmRSS")
        atoll.stop()
    program = pathlib.Path(atoll.program).stat().st_size / 1e6
    return [
        "| program, MB | idle memory, MiB | start to first answer on a SQLite file, ms: median (min–max) |",
        "|---|---|---|",
        f"| {program:.1f} | {idle:.1f} | {statistics.median(spent):.0f} ({min(spent):.0f}–{max(spent):.0f}) |",
    ]


def sign_ins(atoll, clients=200, reads=2_000):
    """Reads at a steady pace, first alone and then while 200 clients sign in again and again."""
    names = [*atoll.users().values()][:clients]
    quiet, _ = _paced(atoll, reads)
    processes.forget_peak(atoll.process.pid)
    over, answers = threading.Event(), {}
    threads = [threading.Thread(target=_sign_in, args=(atoll, client, over, answers)) for client in enumerate(names)]
    for thread in threads:
        thread.start()
    busy, slowest = _paced(atoll, reads)
    over.set()
    for thread in threads:
        thread.join()
    seen = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    return [
        "| p99 of reads alone, ms | with 200 sign-ins, ms | ratio | slowest, ms | answers to sign-ins | peak of memory, MiB |",
        "|---|---|---|---|---|---|",
        f"| {quiet:.1f} | {busy:.1f} | {busy / quiet:.1f} | {slowest:.0f} | {seen} | {processes.memory(atoll.process.pid, 'VmHWM'):.0f} |",
    ]


def _paced(atoll, reads):
    """Measures in a process of its own, so that the threads of this one do not delay it. Returns the 99th percentile and the maximum."""
    with multiprocessing.Pool(1) as pool:
        spent = sorted(pool.apply(_read, (atoll.port, atoll.tokens[0], (atoll.folder / "ids").read_text().split()[:reads])))
    return spent[len(spent) * 99 // 100], spent[-1]


def _read(port, token, ids):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    spent = []
    for id in ids:
        start = time.monotonic()
        connection.request("GET", f"/api/v1/posts/{id}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        spent.append((time.monotonic() - start) * 1000)
        assert answer.status == 200, answer.status
        time.sleep(0.005)
    return spent


def _sign_in(atoll, client, over, answers):
    number, name = client
    headers = {"Content-Type": "application/json", "X-Forwarded-For": f"10.0.0.{number}"}
    while not over.is_set():
        connection = atoll.connect()
        connection.request("POST", "/api/v1/auth/login", json.dumps({"login": name, "password": PASSWORD}), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        answers[answer.status] = answers.get(answer.status, 0) + 1
        if wait := answer.headers.get("Retry-After"):
            over.wait(int(wait))
