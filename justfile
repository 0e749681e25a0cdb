# One-liners: each works without `just` too.

# Runs all CI checks.
check:
    .ci/run

# Serves on SQLite, with the development profile.
run:
    cargo run

test:
    cargo test --workspace

# Migrates an empty database and writes the generated entities from it.
entities:
    .ci/with-postgres sh -c 'sea-orm-cli migrate up && .ci/generate-entities kernel/src/entity/generated entity/src/generated'

# Follows docs/add-a-resource.md literally, in a copy of the working tree.
guide:
    .ci/guide

lint:
    cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings
