# syntax=docker/dockerfile:1
# docker build --build-arg ATOLL_COMMIT=$(git rev-parse --short=12 HEAD) -t atoll .

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc g++ libc6-dev && rm -rf /var/lib/apt/lists/* && mkdir /empty
WORKDIR /src
COPY . .
ARG ATOLL_COMMIT=unknown
ENV ATOLL_COMMIT=$ATOLL_COMMIT
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --workspace --bin atoll && cp target/release/atoll /usr/local/bin/atoll

# No shell and no package manager. The root certificates are those of Debian, for TLS to a database.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /usr/local/bin/atoll /usr/bin/atoll
COPY --from=build --chown=nonroot:nonroot /empty /data
WORKDIR /data
ENV ATOLL_PROFILE=production \
    ATOLL__SERVER__HOST=0.0.0.0 \
    DATABASE_URL=sqlite:///data/atoll.db?mode=rwc
VOLUME /data
EXPOSE 8080
USER nonroot
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["/usr/bin/atoll", "ready"]
ENTRYPOINT ["/usr/bin/atoll"]
CMD ["serve"]
