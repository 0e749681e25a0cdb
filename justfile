# One-liners: each works without `just` too.

# Runs all CI checks.
check:
    .ci/run

# Serves on SQLite, with the development profile.
run:
    cargo run

# Runs all tests on SQLite in memory, SQLite in a file, and PostgreSQL.
test:
    cargo test --workspace

# Runs the tests on SQLite in memory only.
test-fast:
    ATOLL_TEST_BACKEND=memory cargo test --workspace

# Runs the tests whose names contain NAME on one database, `postgres` or `file`.
test-on DATABASE NAME:
    ATOLL_TEST_ARGS='{{NAME}}' cargo test --workspace --test suite the_suite_passes_on_{{DATABASE}}

# Compares Atoll with servers written by hand, on a throw-away PostgreSQL and a SQLite file; about 20 minutes. See bench/README.md.
bench *OPTIONS:
    bench/run {{OPTIONS}}

# Migrates an empty database and writes the generated entities from it.
entities:
    .ci/with-postgres sh -c 'sea-orm-cli migrate up && .ci/generate-entities kernel/src/entity/generated entity/src/generated'

# Follows docs/add-a-resource.md literally, in a copy of the working tree.
guide:
    .ci/guide

lint:
    cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings
