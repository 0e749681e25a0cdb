"""What no generator of requests can know: hooks of Schemathesis."""
import itertools
import os
import re
import subprocess

import requests
import schemathesis

ATOLL, ADDRESS = os.environ["ATOLL"], os.environ["ATOLL_URL"]
SIGNED_IN = os.environ["FUZZ_AS"] == "superuser"
PASSWORD = "correct horse battery staple"
GOOD_KEY = re.compile("[!-~]([ -~]{0,253}[!-~])?")
keys = itertools.count()


@schemathesis.hook
def before_load_schema(context, schema):
    """Leaves out what only some callers, or nobody, can ask for, and takes a member of an answer that it lacks for a fault."""
    for answer in schema["components"]["schemas"].values():
        if "properties" in answer:
            answer.setdefault("additionalProperties", False)
    for operations in schema["paths"].values():
        for operation in operations.values():
            asked = [it for it in operation["parameters"] if may_ask(it)]
            operation["parameters"] = list({kind(it): it for it in asked}.values())


def may_ask(parameter):
    """A cursor is authenticated, so a made-up one is refused: tests/suite/pages.rs follows real ones."""
    return parameter.get("name") != "cursor" and (SIGNED_IN or "x-permission" not in parameter)


def kind(parameter):
    """Filters of one kind differ by their column only: tests/suite/lists/columns.rs asks for all. Here one of a kind is enough."""
    schema = parameter.get("schema", {}).get("$ref", "")
    if not schema.endswith("Filter"):
        return parameter.get("name") or parameter["$ref"]
    return schema, "." in parameter["name"], "x-permission" in parameter


@schemathesis.hook
def filter_query(context, query):
    """No list or object inside an operator: a query string has no form for one, so it would arrive as a text."""
    query = query or {}
    # An export of deleted rows has an order by id only.
    is_export = context.operation.path.endswith("/export")
    if is_export and "sort" in query and query.get("deleted", "exclude") != "exclude":
        return False
    inner = (it for value in query.values() if isinstance(value, dict) for it in value.values())
    nested = (value for name, value in query.items() if "[" in name)
    return not any(isinstance(it, (list, dict)) for it in (*inner, *nested))


@schemathesis.hook
def before_call(context, case, kwargs):
    """No good key twice: the second request would get the answer to the first, or be refused for being another one."""
    if GOOD_KEY.fullmatch((case.headers or {}).get("Idempotency-Key", "")):
        case.headers["Idempotency-Key"] = f"key-{next(keys)}"


class Superuser:
    """A run may delete, demote or sign out the one that it is: then there is another."""

    token = ""
    is_certain = False
    names = (f"superuser-{number}" for number in itertools.count())

    def get(self, case, context):
        if not Superuser.is_certain and not self.is_one():
            self.token = self.sign_in(next(self.names))
        Superuser.is_certain = True
        return self.token

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}

    def is_one(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        me = requests.get(f"{ADDRESS}/api/v1/auth/me", headers=headers, timeout=5)
        return me.ok and me.json()["is_superuser"]

    def sign_in(self, name):
        create = [ATOLL, "user", "create", "--superuser", "--username", name, "--email", f"{name}@example.org"]
        subprocess.run(create, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
        who = {"login": name, "password": PASSWORD}
        # From elsewhere than the requests of the run, which guess passwords.
        elsewhere = {"X-Forwarded-For": "192.0.2.1"}
        answer = requests.post(f"{ADDRESS}/api/v1/auth/login", json=who, headers=elsewhere, timeout=5)
        return answer.json()["token"]


if SIGNED_IN:
    # Not kept for a time: the very next request may be refused.
    schemathesis.auth(refresh_interval=None)(Superuser)

    @schemathesis.hook
    def after_call(context, case, response):
        if case.method not in ("GET", "HEAD") and response.status_code < 300:
            Superuser.is_certain = False
