// The real agent on this host, reporting every second.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AGENT_SECRET, type Master } from "./master";
import { Program } from "./process";

export class Agent {
  #folder = mkdtempSync(join(tmpdir(), "neon-web-agent-"));
  #program: Program;

  constructor(master: Master, name: string, more: Record<string, string> = {}) {
    const env = {
      SERVER_NAME: name,
      MASTER_URL: master.url,
      AGENT_SECRET,
      METRICS_INTERVAL: "1",
      CONTAINERS_INTERVAL: "2",
      HEARTBEAT_INTERVAL: "1",
      CREDENTIAL_FILE: join(this.#folder, "credential"),
      ...more,
      ...(process.env["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: process.env["DOCKER_HOST"] }),
    };
    this.#program = new Program("NEON_AGENT_BIN", env, this.#folder);
  }

  async stop(): Promise<void> {
    await this.#program.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
