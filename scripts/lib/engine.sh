# shellcheck shell=bash
# A Docker Engine for the tests: the one that answers, else one of our own. Sourced, after common.sh.
#
# Our own listens on its own socket and keeps everything in two folders, so that it leaves nothing behind and a
# later `systemctl start docker` meets nothing of ours. What it does share with the host, as any Docker Engine does,
# is the bridge docker0 (removed again) and its iptables chains and ip_forward (left: taking them away could break
# what others set up meanwhile).

ENGINE_STATE=  # images and containers: may be gigabytes, so not in /tmp, which can be memory
ENGINE_SOCKET= # folder of sockets: their paths must be shorter than 108 bytes, so not under the checkout
ENGINE_HAD_BRIDGE=

engine_answers() { docker info >/dev/null 2>&1; }

# engine_start FOLDER: afterwards DOCKER_HOST names an engine that answers.
engine_start() {
    if engine_answers; then
        export DOCKER_HOST=${DOCKER_HOST:-unix:///var/run/docker.sock}
        say "engine: using the Docker Engine that runs at $DOCKER_HOST"
        return 0
    fi
    [ ! -S /var/run/docker.sock ] || [ -w /var/run/docker.sock ] || [ -n "${DOCKER_HOST:-}" ] ||
        die "there is /var/run/docker.sock, but this user may not use it: run as root, or join the group docker and log in again"
    ENGINE_STATE=$1
    ENGINE_SOCKET=$(mktemp -d /tmp/neon-engine.XXXXXX)
    ENGINE_HAD_BRIDGE=$([ ! -e /sys/class/net/docker0 ] || echo yes)
    chmod 755 "$ENGINE_SOCKET" # containers with another user id reach the socket by its group
    mkdir -p "$ENGINE_STATE"
    say "engine: none runs, starting one of our own (log: $ENGINE_STATE/dockerd.log)"
    as_root dockerd --data-root "$ENGINE_STATE/data" --exec-root "$ENGINE_SOCKET/run" --pidfile "$ENGINE_SOCKET/pid" \
        --host "unix://$ENGINE_SOCKET/docker.sock" --group "$(id -g)" >"$ENGINE_STATE/dockerd.log" 2>&1 &
    export DOCKER_HOST="unix://$ENGINE_SOCKET/docker.sock"
    if ! wait_for 60 "the Docker Engine" engine_answers; then
        tail -n 20 "$ENGINE_STATE/dockerd.log" >&2
        die "the Docker Engine did not start"
    fi
    say "engine: $(docker info --format 'Docker {{.ServerVersion}}, storage {{.Driver}}, cgroup v{{.CgroupVersion}}')"
}

# Ends the engine if it is ours, with its containers, images, networks and mounts.
engine_stop() {
    [ -n "$ENGINE_SOCKET" ] || return 0
    local pid mount
    if [ -f "$ENGINE_SOCKET/pid" ]; then # the engine removes it when it has ended
        pid=$(cat "$ENGINE_SOCKET/pid")
        as_root kill "$pid"
        wait_for 60 "the Docker Engine to end" pid_is_gone "$pid" || as_root kill -9 "$pid"
    fi
    while read -r mount; do as_root umount -l "$mount"; done < <(
        awk -v a="$ENGINE_STATE/" -v b="$ENGINE_SOCKET/" 'index($5, a) == 1 || index($5, b) == 1 { print $5 }' /proc/self/mountinfo | sort -r
    )
    as_root rm -rf "$ENGINE_STATE" "$ENGINE_SOCKET"
    if [ -z "$ENGINE_HAD_BRIDGE" ] && [ -e /sys/class/net/docker0 ]; then as_root ip link delete docker0; fi
    ENGINE_SOCKET=
}
