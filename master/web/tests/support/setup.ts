// Refuses to start without the real binaries: these tests never run against a stand-in.

import { accessSync, constants } from "node:fs";

const BINARIES = {
  NEON_MASTER_BIN: "the master's binary, as in: NEON_MASTER_BIN=$PWD/../../target/debug/neon-master",
  NEON_AGENT_BIN: "the agent's binary, as in: NEON_AGENT_BIN=$PWD/../../target/debug/neon-agent",
};

export default function setup(): void {
  for (const [name, meaning] of Object.entries(BINARIES)) {
    const path = process.env[name];
    if (path === undefined || path === "") throw new Error(`${name} is not set. It names ${meaning}`);
    try {
      accessSync(path, constants.X_OK);
    } catch {
      throw new Error(`${name}=${path} is not a program that can be run. It names ${meaning}`);
    }
  }
}
