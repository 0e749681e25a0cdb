"""Creates, reads, changes, deletes, imports and exports posts on the server at ATOLL_URL, and checks the answers."""

import io
import os
import time

from atoll_api.api.auth import auth_login, auth_register
from atoll_api.api.posts import (
    posts_bulk,
    posts_create,
    posts_delete,
    posts_export,
    posts_get,
    posts_import,
    posts_list,
    posts_restore,
    posts_update,
)
from atoll_api.models import (
    BulkDelete,
    Credentials,
    NewAccount,
    NewPost,
    NotFoundProblem,
    Post,
    PostBulk,
    PostBulkCreate,
    PostBulkUpdate,
    PostPatch,
    PreconditionFailedProblem,
    TextOperators,
    TimeOperators,
    ValidationFailedProblem,
)
from atoll_api.types import File
from client import Refused, connect, unwrap

url = os.environ.get("ATOLL_URL", "http://127.0.0.1:8080")
name, password = f"ada-{time.time_ns()}", "correct horse battery staple"

# Sign in.
anyone = connect(url)
unwrap(auth_register.sync_detailed(client=anyone, body=NewAccount(username=name, email=f"{name}@example.org", password=password)))
sign_in = unwrap(auth_login.sync_detailed(client=anyone, body=Credentials(login=name, password=password)))
ada = connect(url, sign_in.token)

# Create.
for title in ("Rust", "Rowan", "Ash", "Rye", "Rue"):
    new = NewPost(title=title, content=f"About {title}.", status="published")
    post = unwrap(posts_create.sync_detailed(client=ada, body=new))
    assert isinstance(post, Post)
    assert (post.status, post.author_id) == ("published", sign_in.user.id)

# List with filters, one of them on a relation, and with `sort` and `include`. Then read the next page.
query = {
    "author_username": name,
    "title": TextOperators(starts_with="r"),
    "created_at": TimeOperators(gte=sign_in.user.created_at),
    "sort": ["-title"],
    "include": ["author"],
    "limit": 3,
}
first = unwrap(posts_list.sync_detailed(client=anyone, **query))
assert [post.title for post in first.data] == ["Rye", "Rust", "Rue"]
assert {post.author.username for post in first.data} == {name}
rest = unwrap(posts_list.sync_detailed(client=anyone, **query, cursor=first.page.next_))
assert [post.title for post in rest.data] == ["Rowan"]

# Change a post only if it still has the version that was read.
rye = first.data[0]
read = posts_get.sync_detailed(rye.id, client=ada)
change = {"client": ada, "body": PostPatch(summary="A cereal."), "if_match": read.headers["ETag"]}
changed = unwrap(posts_update.sync_detailed(rye.id, **change))
assert (changed.title, changed.summary, changed.version) == ("Rye", "A cereal.", 2)
stale = posts_update.sync_detailed(rye.id, **change)
assert isinstance(stale.parsed, PreconditionFailedProblem)

# Delete a post, list deleted posts, and restore it.
unwrap(posts_delete.sync_detailed(rye.id, client=ada))
try:
    unwrap(posts_get.sync_detailed(rye.id, client=ada))
    raise AssertionError("the post is still there")
except Refused as refused:
    assert isinstance(refused.problem, NotFoundProblem)
gone = unwrap(posts_list.sync_detailed(client=ada, author_username=name, deleted="only"))
assert [(post.id, post.deleted_at is not None) for post in gone.data] == [(rye.id, True)]
assert unwrap(posts_restore.sync_detailed(rye.id, client=ada)).version == 4

# Several changes, of which all succeed or none does.
elm = NewPost(title="Elm", content="About elms.")
operations = [
    PostBulkCreate(op="create", data=elm),
    PostBulkUpdate(op="update", id=rye.id, version=4, data=PostPatch(summary="A grass.")),
    BulkDelete(op="delete", id=first.data[1].id),
]
done = unwrap(posts_bulk.sync_detailed(client=ada, body=PostBulk(operations)))
assert [result.op for result in done.results] == ["create", "update", "delete"]

# Import a file, and export what is there.
file = File(io.BytesIO(b"title,content\nOak,About oaks.\nYew,About yews.\n"))
report = unwrap(posts_import.sync_detailed(client=ada, body=file))
assert (report.created, report.refused, report.errors) == (2, 0, [])
export = unwrap(posts_export.sync_detailed(client=ada, format_="csv", author_username=name))
header, *rows = export.payload.read().decode().splitlines()
assert header.startswith("id,") and len(rows) == 7, rows

# Handle a refusal: each kind of problem has a class.
blank = posts_update.sync_detailed(rye.id, client=ada, body=PostPatch(title=" ", slug="No Slug")).parsed
assert isinstance(blank, ValidationFailedProblem)
assert sorted(error.pointer for error in blank.errors) == ["/slug", "/title"]

print(f"The answers of {url} match the classes.")
