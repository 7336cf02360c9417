// The commands that connect an agent to the master this page came from.

import { text } from "./language.svelte";

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;
/** Quoted where it is used: an unquoted `<` would redirect. */
const secret = () => `'${text.connect.secretHere}'`;

/** The master is asked for at an address that only this machine understands. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/** `docker run` for a host with Docker, its own disks and network included. */
export function dockerCommand(origin: string): string {
  const lines = [
    "docker run -d --name neon-agent --restart unless-stopped",
    // A container's own loopback is not the host's.
    ...(isLoopback(new URL(origin).hostname) ? ["--network host"] : []),
    "-e SERVER_NAME=$(hostname)",
    `-e MASTER_URL=${origin}`,
    `-e AGENT_SECRET=${secret()}`,
    "-e HOST_ROOT=/host -v /:/host:ro",
    "-v /var/run/docker.sock:/var/run/docker.sock:ro",
    "--group-add $(stat -c %g /var/run/docker.sock)",
    "neon-agent",
  ];
  return lines.join(" \\\n  ");
}

/** The plain binary, its configuration in the environment. */
export function binaryCommand(origin: string): string {
  return [`SERVER_NAME=$(hostname)`, `MASTER_URL=${origin}`, `AGENT_SECRET=${secret()}`, "./neon-agent"].join(" \\\n  ");
}
