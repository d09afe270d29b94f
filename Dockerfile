# The binary alone in an image: docker build -t falsetrail:0.1.0 .

# Both images are of Debian 12, so that they have one glibc. This one brings what OpenSSL and librdkafka are built with:
# a C and a C++ compiler, make and perl.
FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src
# Cargo.toml names it; nothing of it is built.
COPY benches benches
COPY templates templates
COPY scenarios scenarios
# Crates, OpenSSL and librdkafka stay in the builder's cache, so that a change of Falsetrail builds Falsetrail alone.
RUN --mount=type=cache,sharing=locked,target=/usr/local/cargo/registry \
    --mount=type=cache,sharing=locked,target=/src/target \
    cargo build --locked --profile dist \
    && cp target/dist/falsetrail /usr/local/bin/falsetrail

# glibc, libgcc and the certificates of public authorities; no shell, no package manager. It has no tags of versions,
# and is rebuilt for each fix in Debian: where an image has to be the same again, add the digest (`@sha256:…`).
FROM gcr.io/distroless/cc-debian12:nonroot
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/falsetrail/
COPY --from=build /usr/local/bin/falsetrail /usr/local/bin/falsetrail
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/falsetrail"]
