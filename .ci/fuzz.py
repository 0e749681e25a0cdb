"""What no generator of requests can know: hooks of Schemathesis."""
import itertools
import os
import subprocess

import requests
import schemathesis

SERVER, ADDRESS, PASSWORD = (os.environ[f"FUZZ_{it}"] for it in ("SERVER", "ADDRESS", "PASSWORD"))
SIGNED_IN = os.environ["FUZZ_AS"] == "superuser"


@schemathesis.hook
def before_load_schema(context, schema):
    """Leaves out what only some callers, or nobody, can ask for."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            operation["parameters"] = [it for it in operation["parameters"] if may_ask(it)]


def may_ask(parameter):
    """A cursor is authenticated, so a made-up one is refused: tests/suite/pages.rs follows real ones."""
    return parameter["name"] != "cursor" and (SIGNED_IN or "x-permission" not in parameter)


@schemathesis.hook
def filter_query(context, query):
    """No list or object inside an operator: a query string has no form for one, so it would arrive as a text."""
    query = query or {}
    inner = (it for value in query.values() if isinstance(value, dict) for it in value.values())
    nested = (value for name, value in query.items() if "[" in name)
    return not any(isinstance(it, (list, dict)) for it in (*inner, *nested))


class Superuser:
    """Whatever the run does to the one that it is, there is another."""

    token = ""
    names = (f"superuser-{number}" for number in itertools.count())

    def get(self, case, context):
        if not self.works():
            self.token = self.sign_in(next(self.names))
        return self.token

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    def works(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        return requests.get(f"{ADDRESS}/api/v1/auth/me", headers=headers, timeout=5).ok

    def sign_in(self, name):
        create = [SERVER, "user", "create", "--superuser", "--username", name, "--email", f"{name}@example.org"]
        subprocess.run(create, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
        who = {"login": name, "password": PASSWORD}
        return requests.post(f"{ADDRESS}/api/v1/auth/login", json=who, timeout=5).json()["token"]


if SIGNED_IN:
    schemathesis.auth(refresh_interval=1)(Superuser)
