# shellcheck shell=bash
# Containers for the tests to look at: one of each state an agent reports. Sourced, with an engine that answers.
# No registry is asked: their image is imported from this machine's static busybox.

readonly SAMPLE_IMAGE=neon-test/busybox

# How the image's programs are named; the image is one file and these links.
readonly APPLETS=(sh sleep httpd true false)

sample_image() {
    local tree
    tree=$(mktemp -d /tmp/neon-busybox.XXXXXX)
    mkdir "$tree/bin"
    cp "$(command -v busybox)" "$tree/bin/busybox"
    local applet
    for applet in "${APPLETS[@]}"; do ln -s busybox "$tree/bin/$applet"; done
    tar -C "$tree" -c . | docker import -c 'LABEL neon.test=standin' - "$SAMPLE_IMAGE" >/dev/null
    rm -rf "$tree"
}

# sample_run NAME OPTION… -- COMMAND…
sample_run() {
    local name=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    docker run -d --name "neon-test-$name" --label neon.test=sample "${options[@]}" "$SAMPLE_IMAGE" "$@" >/dev/null
}

containers_start() {
    containers_stop # what an interrupted run left
    sample_image
    sample_run web -p 127.0.0.1::80 --expose 53/udp --health-cmd true --health-interval 1s \
        --label com.docker.compose.project=shop --label com.docker.compose.service=web \
        --label neon.name=Shop --label neon.type=website --label neon.depends_on=db -- httpd -f -p 80
    sample_run db --label com.docker.compose.project=shop --label com.docker.compose.service=db -- sleep 100000
    sample_run unhealthy --health-cmd false --health-interval 1s --health-retries 1 -- sleep 100000
    sample_run exited -- sh -c 'exit 3'
    sample_run paused -- sleep 100000
    docker pause neon-test-paused >/dev/null
    say "containers: $(docker ps -a --filter label=neon.test=sample --format '{{.Names}}' | tr '\n' ' ')"
}

# Takes out what the tests made in the engine, which can be the user's own: only what carries our names and labels.
containers_stop() {
    docker_each 'rm -f -v' "$(docker ps -aq --filter name=neon-test)"
    docker_each 'network rm' "$(docker network ls -q --filter name=neon-test)"
    docker_each 'volume rm' "$(docker volume ls -q --filter name=neon-test)"
}

# Images last: stages of a build inherit the label of the stand-in they began with.
images_remove() { docker_each 'rmi -f' "$(docker images -aq --filter label=neon.test | sort -u)"; }

# docker_each 'COMMAND' 'IDS': nothing if there are none.
docker_each() {
    # One word each.
    # shellcheck disable=SC2086
    [ -z "$2" ] || docker $1 $2 >/dev/null
}
