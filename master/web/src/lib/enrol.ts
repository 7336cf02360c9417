// The commands that add one server with an enrolment code, as they are pasted into a shell on it.

import { isLoopback } from "./connect";
import type { EnrolmentCode, ServerSummary } from "./model";

export interface Enrolled {
  /** Where the master is. */
  origin: string;
  /** The server's name; the host's own where it is empty. */
  name: string;
  code: string;
}

/** Where the agent keeps what the code is exchanged for. */
const FOLDER = "/var/lib/neon-agent";
const SOCKET = "/var/run/docker.sock";

/** `text` as one word of a shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `text` as a value of a compose file, where a dollar begins a variable. */
export function composeValue(text: string): string {
  return JSON.stringify(text).replaceAll("$", "$$$$");
}

/** `text` as a value of a file of systemd's, which takes backslash and quote as a shell does. */
export function environmentValue(text: string): string {
  return `"${text.replace(/[\\"`$]/g, "\\$&")}"`;
}

/** `docker run`, with the host's own disks and network to be seen and nothing of it to be written. */
export function dockerRun({ origin, name, code }: Enrolled): string {
  const lines = [
    "docker run -d --name neon-agent --restart unless-stopped",
    // A container's own loopback is not the host's.
    ...(isLoopback(new URL(origin).hostname) ? ["--network host"] : []),
    `-e SERVER_NAME=${name === "" ? '"$(hostname)"' : shellWord(name)}`,
    `-e MASTER_URL=${origin}`,
    `-e AGENT_SECRET=${code}`,
    `-e CREDENTIAL_FILE=${FOLDER}/credential -v neon-agent:${FOLDER}`,
    "-e HOST_ROOT=/host -v /:/host:ro",
    `-v ${SOCKET}:${SOCKET}:ro`,
    `--group-add "$(stat -c %g ${SOCKET})"`,
    "--read-only --cap-drop ALL --security-opt no-new-privileges --memory 16m --pids-limit 16",
    "neon-agent",
  ];
  return lines.join(" \\\n  ");
}

/** A folder with a compose file of its own, and its start. */
export function compose({ origin, name, code }: Enrolled): string {
  const isLocal = isLoopback(new URL(origin).hostname);
  return `mkdir -p neon-agent && cd neon-agent
cat > compose.yaml <<'END'
services:
  agent:
    image: neon-agent
    restart: unless-stopped
${isLocal ? "    network_mode: host\n" : ""}    environment:
      SERVER_NAME: ${name === "" ? "${SERVER_NAME}" : composeValue(name)}
      MASTER_URL: ${composeValue(origin)}
      AGENT_SECRET: ${code}
      CREDENTIAL_FILE: ${FOLDER}/credential
      HOST_ROOT: /host
    volumes:
      - neon-agent:${FOLDER}
      - ${SOCKET}:${SOCKET}:ro
      - /:/host:ro
    group_add: ["\${DOCKER_GID}"]
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 16m
    pids_limit: 16
volumes:
  neon-agent:
END
echo "DOCKER_GID=$(stat -c %g ${SOCKET})" > .env
${name === "" ? 'echo "SERVER_NAME=$(hostname)" >> .env\n' : ""}docker compose up -d`;
}

/** For a host where the binary and its unit are installed: they have a place for the credential. */
export function systemd({ origin, name, code }: Enrolled): string {
  const lines = [`MASTER_URL=${environmentValue(origin)}`, `AGENT_SECRET=${code}`];
  const named = name === "" ? `echo "SERVER_NAME=$(hostname)" | sudo tee -a /etc/neon-agent.env > /dev/null\n` : "";
  if (name !== "") lines.unshift(`SERVER_NAME=${environmentValue(name)}`);
  return `sudo install -m 600 /dev/null /etc/neon-agent.env
sudo tee /etc/neon-agent.env > /dev/null <<'END'
${lines.join("\n")}
END
${named}sudo systemctl enable neon-agent && sudo systemctl restart neon-agent`;
}

/** `open`: to be used yet. */
export type CodeState = "open" | "used" | "expired";

export function stateOf(code: EnrolmentCode, nowMs: number): CodeState {
  if (code.usedAt != null) return "used";
  return Date.parse(code.expiresAt) > nowMs ? "open" : "expired";
}

/** Those to be used yet in front, then the newest. */
export function byState(codes: readonly EnrolmentCode[], nowMs: number): EnrolmentCode[] {
  const isDone = (code: EnrolmentCode) => Number(stateOf(code, nowMs) !== "open");
  return [...codes].sort((a, b) => isDone(a) - isDone(b) || b.id - a.id);
}

/**
 * Whether a server that was just told of may be the one that has used a code: the one it is for, or where it is for a new one
 * of any name, one that was not known before.
 */
export function mayHaveUsed(code: EnrolmentCode, server: ServerSummary, isNew: boolean): boolean {
  return code.serverName == null ? isNew : code.serverName === server.name;
}
