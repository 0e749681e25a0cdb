"""Hooks of Schemathesis, for what it cannot know from the document."""
import itertools
import os
import re
import subprocess

import requests
import schemathesis
from hypothesis import strategies as st

ATOLL, ADDRESS = os.environ["ATOLL"], os.environ["ATOLL_URL"]
SIGNED_IN = os.environ["FUZZ_AS"] == "superuser"
PASSWORD = "correct horse battery staple"
GOOD_KEY = re.compile("[!-~]([ -~]{0,253}[!-~])?")
keys = itertools.count()


@schemathesis.hook
def before_load_schema(context, schema):
    """Drops parameters that this caller cannot use, and treats undocumented members of an answer as faults."""
    state_limits(schema)
    state_partial_rows(schema)
    # The schema cannot say how many of the operations may create a user.
    schema["components"]["schemas"]["UserBulk"]["properties"]["operations"]["maxItems"] = 50
    # In read-only mode the rest of the run would test nothing; tests/suite/read_only.rs tests it.
    schema["components"]["schemas"]["ModeChange"]["properties"]["mode"] = {"type": "string", "enum": ["read_write"]}
    # A version in the body that contradicts `If-Match` is refused; tests/suite/patches.rs tests both.
    for name, patch in schema["components"]["schemas"].items():
        if name.endswith("Patch"):
            patch["properties"].pop("version")
    for name in ("If-Match", "If-None-Match-Of-Change"):
        schema["components"]["parameters"][name]["schema"]["format"] = "entity-tags"
    for answer in schema["components"]["schemas"].values():
        if "properties" in answer:
            answer.setdefault("additionalProperties", False)
    for operations in schema["paths"].values():
        for operation in operations.values():
            asked = [it for it in operation["parameters"] if may_ask(it)]
            for parameter in asked:
                if parameter.get("name") == "or":
                    # Most texts are no conditions, and are refused; tests/suite/filters tests the grammar.
                    parameter["schema"]["enum"] = parameter["schema"]["examples"]
            operation["parameters"] = list({kind(it): it for it in asked}.values())


# Schemathesis ignores the pattern of a header unless its format has a strategy.
schemathesis.openapi.format("entity-tags", st.from_regex(r'(\*|(W/)?"[!#-+.-~-]*"(, (W/)?"[!#-+.-~-]*")*)', fullmatch=True))

# The characters that the server trims: the Unicode property White_Space.
SPACE = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
LOCAL = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,62}[A-Za-z0-9!#$%&'*+/=?^_`{|}~-])?"
DOMAIN = "([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def state_limits(schema):
    """States the limits that the server checks, and that the document leaves out because they would not help its readers."""
    if isinstance(schema, list):
        for value in schema:
            state_limits(value)
    if not isinstance(schema, dict):
        return
    if schema.get("format") == "int64":
        is_id = schema.setdefault("minimum", -(2**63)) == 1
        schema.setdefault("maximum", 2**53 - 1 if is_id else 2**63 - 1)
    if schema.get("format") == "binary":
        # The files are texts.
        del schema["format"]
    if schema.get("x-trimmed") is True:
        schema["pattern"] = f"^[{SPACE}]*{trimmed(schema)}[{SPACE}]*$"
    for value in schema.values():
        state_limits(value)


def trimmed(schema):
    """Returns the pattern of a text without white space around it. Its length does not count that white space."""
    if schema.pop("format", None) == "email":
        return f"{LOCAL}@{DOMAIN}"
    least, most = schema.get("minLength", 0), schema.pop("maxLength")
    if own := re.fullmatch(r"\^(\[.*\])\*\$", schema["pattern"]):
        if own[1] != r"[^\u0000]":
            return f"{own[1]}{{{least},{most}}}"
    end = rf"[^\u0000{SPACE}]"
    inner = rf"([^\u0000]{{{max(least - 2, 0)},{most - 2}}}{end})"
    return end + inner + ("?" if least < 2 else "")


# The members that every row of the answers of an operation has, by the label of the operation.
WHOLE = {}


def state_partial_rows(schema):
    """Allows partial rows where an operation has `fields`. `whole_rows` checks the answers to requests without it."""
    rows = schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if not any(it.get("name") == "fields" for it in operation["parameters"]):
                continue
            media = operation["responses"]["200"]["content"].get("application/json")
            if media is None:
                continue
            answer = media["schema"]["$ref"].split("/")[-1]
            row = answer.removesuffix("Page")
            WHOLE[f"{method.upper()} {path}"] = rows[row]["required"]
            partial = {**rows[row], "required": ["id"]}
            rows[f"Partial{row}"] = partial
            either = {"anyOf": [{"$ref": f"#/components/schemas/{it}"} for it in (row, f"Partial{row}")]}
            if answer == row:
                media["schema"] = either
            else:
                rows[answer]["properties"]["data"]["items"] = either


@schemathesis.check
def whole_rows(context, response, case):
    """Without `fields`, a row has every member that the document requires."""
    required = WHOLE.get(case.operation.label)
    if not required or response.status_code != 200 or "fields" in (case.query or {}):
        return
    answer = response.json()
    for row in answer.get("data", [answer]):
        missing = set(required) - set(row)
        assert not missing, f"the row {row['id']} lacks {missing}"


def may_ask(parameter):
    """Whether this caller can use a parameter. A made-up cursor is refused; tests/suite/pages.rs follows real ones."""
    return parameter.get("name") != "cursor" and (SIGNED_IN or "x-permission" not in parameter)


def kind(parameter):
    """The kind of a parameter. Filters of one kind differ by their column only, so one is enough; tests/suite/lists/columns.rs tests all."""
    schema = parameter.get("schema", {}).get("$ref", "")
    if not schema.endswith("Filter"):
        return parameter.get("name") or parameter["$ref"]
    return schema, "." in parameter["name"], "x-permission" in parameter


@schemathesis.hook
def filter_query(context, query):
    """Drops lists and objects inside an operator: a query string would send them as text."""
    query = query or {}
    # An export of deleted rows can be sorted by id only.
    is_export = context.operation.path.endswith("/export")
    if is_export and "sort" in query and query.get("deleted", "exclude") != "exclude":
        return False
    inner = (it for value in query.values() if isinstance(value, dict) for it in value.values())
    nested = (value for name, value in query.items() if "[" in name)
    return not any(isinstance(it, (list, dict)) for it in (*inner, *nested))


@schemathesis.hook
def before_call(context, case, kwargs):
    """Sends no valid key twice: the second request would get the first answer, or be refused as a different request."""
    if GOOD_KEY.fullmatch((case.headers or {}).get("Idempotency-Key", "")):
        case.headers["Idempotency-Key"] = f"key-{next(keys)}"


class Superuser:
    """Signs in as another superuser when a run has deleted, demoted or signed out the current one."""

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
        # The address differs from that of the run, whose requests guess passwords.
        elsewhere = {"X-Forwarded-For": "192.0.2.1"}
        answer = requests.post(f"{ADDRESS}/api/v1/auth/login", json=who, headers=elsewhere, timeout=5)
        return answer.json()["token"]


if SIGNED_IN:
    # The token is not cached, because the next request may already be refused.
    schemathesis.auth(refresh_interval=None)(Superuser)

    @schemathesis.hook
    def after_call(context, case, response):
        if case.method not in ("GET", "HEAD") and response.status_code < 300:
            Superuser.is_certain = False
