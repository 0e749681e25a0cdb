"""Processes that the benchmark starts, and stops again whatever happens."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
STARTED = []


def spawn(command, **options):
    """Starts a process that `stop_all` ends."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen([str(word) for word in command], **options)
    STARTED.append(process)
    return process


def stop(process, how=signal.SIGTERM):
    """Ends a process and waits for it; kills it after 30 s."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in STARTED:
        STARTED.remove(process)


def stop_all():
    """Ends the remaining processes, the last one first. PostgreSQL closes its connections at once on SIGINT."""
    for process in reversed(STARTED.copy()):
        stop(process, signal.SIGINT)


def run(command, **options):
    """Runs a command to its end and returns its output; fails with its messages."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command[:3]))}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port, process, log=None):
    """Waits until a server accepts connections; fails if it ends before."""
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            text = pathlib.Path(log).read_text()[-2000:] if log else ""
            raise SystemExit(f"{process.args[0]} ended with {process.returncode} {text}")
        time.sleep(0.05)
    raise SystemExit(f"{process.args[0]} does not accept connections")


def stat(pid):
    """Returns the fields of proc(5) after the name: the state first, then the parent."""
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()


def cpu_seconds(pid):
    """Returns the CPU time that a process and its children used, those that have ended included."""
    fields = stat(pid)
    ticks = sum(int(field) for field in fields[11:15])
    for other in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):
            fields = stat(other)
            if int(fields[1]) == pid:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def memory(pid, name):
    """Returns a value of /proc/PID/status in MiB: VmRSS now, or VmHWM for the highest since `forget_peak`."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
