# shellcheck shell=bash
# Local stand-ins for the images that Dockerfile.* and compose.yaml name, because the tests need no image registry:
# a Debian made by debootstrap from this machine's own apt mirror, plus this machine's Rust and npm's Node. The real
# defaults (rust:alpine, node:alpine, postgres) are therefore not what the tests build with; the Dockerfiles are. The
# master is optimised less here, as its image is tested for what it does and the binary itself was built in full before;
# the agent's profile says all of that itself, so its image is what is shipped.
# Sourced, after common.sh and with an engine that answers.

readonly STANDIN_BUILDER=neon-test/builder
readonly STANDIN_POSTGRES=neon-test/postgres

# The mirror apt uses for this release. It must be the same release as here, as this machine's rustc runs in it.
apt_mirror() {
    # The words in $(…) are apt's own placeholders.
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        awk -v suite="$1" '$2 == suite && $3 == "main" { print $1; exit }'
}

# standins_make FOLDER: imports both images; the folder is used on the way and removed.
standins_make() {
    local tree=$1 suite mirror sysroot host
    suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    mirror=$(apt_mirror "$suite")
    [ -n "$mirror" ] || die "apt names no mirror for $suite"
    say "NOTE: building with stand-ins for rust:1.95-alpine, node:22-alpine and postgres:17-alpine: $suite from $mirror," \
        "the Rust of this machine, and Node from npm"
    mkdir -p "$(dirname "$tree")"
    as_root debootstrap --variant=minbase --include=gcc,libc6-dev,make,ca-certificates,postgresql \
        "$suite" "$tree" "$mirror" >"$tree.log" 2>&1 || { tail -n 20 "$tree.log" >&2; die "debootstrap failed"; }

    sysroot=$(cd "$ROOT" && rustc --print sysroot)
    host=$(rustc -vV | sed -n 's/^host: //p')
    as_root mkdir -p "$tree/opt/rust/lib/rustlib" "$tree/opt/rust/bin" "$tree/opt/node"
    as_root cp "$sysroot/bin/rustc" "$sysroot/bin/cargo" "$tree/opt/rust/bin/"
    as_root sh -c "cp -P '$sysroot'/lib/*.so* '$tree/opt/rust/lib/'"
    as_root cp -a "$sysroot/lib/rustlib/$host" "$tree/opt/rust/lib/rustlib/"
    as_root env "PATH=$PATH" npm install --prefix "$tree/opt/node" --no-save --no-audit --no-fund --silent node@22 npm@11
    # The roots this machine trusts: it may sit behind a proxy with a root of its own.
    as_root cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/ca-certificates.crt"
    as_root install -m 755 "$ROOT/scripts/lib/postgres-entrypoint" "$tree/entrypoint"

    as_root tar -C "$tree" -c . | docker import -c 'LABEL neon.test=standin' \
        -c 'ENV PATH=/opt/rust/bin:/opt/node/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        -c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
        -c 'ENV CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt' \
        -c 'ENV CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1' - "$STANDIN_BUILDER" >/dev/null
    as_root tar -C "$tree" --exclude=./opt -c . | docker import -c 'LABEL neon.test=standin' \
        -c "ENV PATH=$(as_root chroot "$tree" sh -c 'echo /usr/lib/postgresql/*/bin'):/usr/bin:/bin" \
        -c 'ENTRYPOINT ["/entrypoint"]' -c 'VOLUME /var/lib/postgresql/data' - "$STANDIN_POSTGRES" >/dev/null
    as_root rm -rf --one-file-system "$tree" "$tree.log"
}
