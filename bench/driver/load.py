"""Rounds of load, and the table of their results."""
import dataclasses
import json
import pathlib
import statistics

from . import processes
from .servers import Atoll, settle

SCRIPT = pathlib.Path(__file__).resolve().parents[1] / "load.lua"
KINDS = {
    "static": "static answer",
    "get": "GET by id, signed in",
    "hot": "GET of one id, signed in",
    "list": "list of 20 with author",
    "post": "POST, different titles",
    "same": "POST, the same title",
}


@dataclasses.dataclass
class Run:
    """The result of one run of the load generator."""

    rate: float
    p99: float
    failed: int
    server_cpu: float
    database_cpu: float


def first_id(server):
    return (server.folder / "ids").read_text().split()[0]


def path_of(server, kind):
    """The path of the requests. `load.lua` appends an id to that of `get`."""
    if kind == "hot":
        return server.paths["get"] + first_id(server)
    return server.paths["post" if kind == "same" else kind]


def wrk(server, kind, seconds, connections):
    """Sends requests for some seconds and returns the result that `load.lua` prints."""
    path = path_of(server, kind)
    threads = min(2, connections)
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", SCRIPT]
    command += [f"http://127.0.0.1:{server.port}", "--", kind, path, server.folder / f"tokens-{server.port}", server.folder / "ids"]
    return json.loads(processes.run(command).strip().splitlines()[-1])


def measure(server, database, kind, seconds, connections):
    def cpu():
        return processes.cpu_seconds(server.process.pid), database.cpu()

    before = cpu()
    result = wrk(server, kind, seconds, connections)
    spent = [(after - start) / max(result["requests"], 1) * 1e6 for start, after in zip(before, cpu())]
    return Run(result["requests"] / result["seconds"], result["p99"], result["refused"] + result["broken"], *spent)


def probe(server, kind):
    """Sends one request and fails unless its status is the expected one, since wrk does not notice a redirection."""
    token = server.tokens[0]
    if kind in ("post", "same"):
        status, body = server.request("POST", server.paths["post"], {"title": "Probe", "content": "Probe"}, token)
    else:
        path = path_of(server, kind) + (first_id(server) if kind == "get" else "")
        status, body = server.request("GET", path, token=token)
    if status != (201 if kind in ("post", "same") else 200):
        raise SystemExit(f"{server.name}, {KINDS[kind]}: {status} {body[:300]}")
    return len(body)


def rounds(servers, database, options):
    """Measures each kind of request on all servers in turn, as many rounds as asked for. Returns runs by kind and server."""
    results = {}
    for kind in options.requests:
        for server in servers:
            (server.folder / f"tokens-{server.port}").write_text("\n".join(server.tokens))
            probe(server, kind)
            wrk(server, kind, 1, options.connections)
    for number in range(options.rounds):
        for kind in options.requests:
            for server in servers:
                run = measure(server, database, kind, options.seconds, options.connections)
                results.setdefault(kind, {}).setdefault(server.name, []).append(run)
                print(f"  round {number + 1}  {KINDS[kind]:24} {server.name:26} {run.rate:9,.0f}/s", flush=True)
                if isinstance(server, Atoll) and kind in ("post", "same"):
                    settle()
    return results


def table(results):
    """Renders results as Markdown: for each kind of request one line per server."""
    head = "| request | server | requests/s: median (min–max) | p99, ms | CPU µs per request: server, database | Atoll ÷ it (min–max of the rounds) |"
    lines = [head, "|---|---|---|---|---|---|"]
    for kind, runs_of in results.items():
        ours = runs_of["Atoll"]
        for name, runs in runs_of.items():
            rates = [run.rate for run in runs]
            failed = sum(run.failed for run in runs)
            cpu = [statistics.median(run.server_cpu for run in runs), statistics.median(run.database_cpu for run in runs)]
            ratios = [our.rate / run.rate for our, run in zip(ours, runs)]
            ratio = statistics.median(run.rate for run in ours) / statistics.median(rates)
            lines.append(
                f"| {KINDS[kind]} | {name}{f' **FAILED: {failed} requests**' if failed else ''} "
                f"| {statistics.median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f}) "
                f"| {statistics.median(run.p99 for run in runs):.1f} | {cpu[0]:,.0f}, {cpu[1]:,.0f} "
                f"| {'' if name == 'Atoll' else f'{ratio:.2f} ({min(ratios):.2f}–{max(ratios):.2f})'} |"
            )
    return "\n".join(lines)


def failures(results):
    return sum(run.failed for by_server in results.values() for runs in by_server.values() for run in runs)
