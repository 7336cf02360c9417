# shellcheck shell=bash
# A PostgreSQL server for the tests, on loopback with a data folder of its own. Sourced, after common.sh.

POSTGRES_STATE=

# Debian keeps server programs out of PATH, one folder a version: the newest.
postgres_bin() {
    if have initdb; then dirname "$(command -v initdb)"; else compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1; fi
}

# PostgreSQL refuses to run as root; Debian's package brings the user postgres.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid postgres --regid postgres --init-groups "$@"); else "$@"; fi
}

# postgres_start: afterwards TEST_DATABASE_URL names a server whose user may create databases.
postgres_start() {
    if [ -n "${TEST_DATABASE_URL:-}" ]; then
        say "postgres: using TEST_DATABASE_URL"
        return 0
    fi
    local bin port
    bin=$(postgres_bin)
    port=$(free_port 15432)
    POSTGRES_STATE=$(mktemp -d /tmp/neon-postgres.XXXXXX)
    [ "$(id -u)" != 0 ] || chown postgres "$POSTGRES_STATE"
    as_postgres "$bin/initdb" -D "$POSTGRES_STATE/data" -U neon --auth=trust --no-sync >/dev/null
    # fsync stays on: what the tests kill is the master, but they should meet a server as it is in use.
    as_postgres "$bin/pg_ctl" -D "$POSTGRES_STATE/data" -l "$POSTGRES_STATE/log" -w -s \
        -o "-c listen_addresses=127.0.0.1 -p $port -k $POSTGRES_STATE" start
    export TEST_DATABASE_URL="postgres://neon@127.0.0.1:$port/postgres"
    say "postgres: $("$bin/postgres" --version) at $TEST_DATABASE_URL"
}

postgres_stop() {
    [ -n "$POSTGRES_STATE" ] || return 0
    as_postgres "$(postgres_bin)/pg_ctl" -D "$POSTGRES_STATE/data" -m immediate -w -s stop
    rm -rf "$POSTGRES_STATE"
    POSTGRES_STATE=
}
