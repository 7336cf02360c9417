# shellcheck shell=bash
# What every script here shares: where things are, how to speak, how to wait. Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly ROOT
readonly TOOLS="$ROOT/target/tools" # what setup fetches because the system's own is missing or too old
TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
export CARGO_TARGET_DIR="$TARGET_DIR"
# rustup's home and our own tools count even where the login shell does not know them (yet);
# sbin, because an ordinary user's PATH lacks it on Debian and dockerd lives there.
export PATH="$TOOLS/bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf '%s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or through sudo for an ordinary user.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root: run it as root, or install sudo (wanted: $*)"
    fi
}

# wait_for SECONDS WHAT COMMAND…: repeats the command until it succeeds; false, with a sentence, after the deadline.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            printf 'gave up waiting for %s\n' "$what" >&2
            return 1
        fi
        sleep 0.2
    done
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port FIRST: the first port from FIRST on that nobody listens on.
free_port() {
    local port=$1
    until port_is_free "$port"; do port=$((port + 1)); done
    printf '%s\n' "$port"
}

random_secret() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# stop_pid PID SECONDS: asks a process of ours to end, and makes it end after the deadline. Harmless when it is gone.
stop_pid() {
    local pid=$1 seconds=$2
    kill "$pid" 2>/dev/null || return 0
    if ! wait_for "$seconds" "process $pid to end" pid_is_gone "$pid"; then
        kill -9 "$pid" 2>/dev/null || return 0
    fi
}

# Gone, or a zombie waiting for its parent: both hold nothing any more.
pid_is_gone() {
    [ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

# The agent as Dockerfile.agent builds it, for musl where this machine has that target, else static for its own C
# library; its path in AGENT.
build_agent_as_shipped() {
    local target host
    host=$(rustc -vV | sed -n 's/^host: //p')
    target=${host/gnu/musl}
    if ! [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || ! have musl-gcc; then target=$host; fi
    say "building the agent for $target"
    RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --quiet --profile agent -p neon-agent --target "$target"
    # shellcheck disable=SC2034
    AGENT="$CARGO_TARGET_DIR/$target/agent/neon-agent"
}
