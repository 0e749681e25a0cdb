"""Calls Atoll with the package `atoll_api`, which `generate` makes from its OpenAPI document."""

from typing import Any

import httpx
from atoll_api import AuthenticatedClient, Client
from atoll_api.types import Response


class Http(httpx.Client):
    """Writes lists and operators as the server expects them: `sort=-created_at,title` and `created_at[gte]=…`."""

    def request(self, method: str, url: Any, *, params: Any = None, **rest: Any) -> httpx.Response:
        return super().request(method, url, params=dict(flat(params or {})), **rest)


def flat(params: dict[str, Any]):
    for name, value in params.items():
        if isinstance(value, dict):
            yield from ((f"{name}[{operator}]", operand) for operator, operand in value.items())
        else:
            yield name, ",".join(map(str, value)) if isinstance(value, list) else value


def connect(url: str, token: str | None = None) -> AuthenticatedClient | Client:
    """Returns a client. `url` is the root of the server; without a token the calls are anonymous."""
    client = Client(url) if token is None else AuthenticatedClient(url, token=token)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.set_httpx_client(Http(base_url=url, headers=headers, timeout=30))


class Refused(Exception):
    """A problem as an exception. `problem` has the class of its kind, such as `NotFoundProblem`."""

    def __init__(self, problem: Any):
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem


def unwrap(answer: Response[Any]) -> Any:
    """Returns what a successful answer holds. Raises `Refused` for a problem."""
    if answer.status_code >= 400:
        raise Refused(answer.parsed)
    return answer.parsed
