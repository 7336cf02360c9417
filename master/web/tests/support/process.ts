// A program under test: started with its own environment, watched for an early end, ended by its process id.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** How long a program may take to end, milliseconds; after that it is killed. */
const END_MS = 5_000;

export class Program {
  #child: ChildProcess;
  #output = "";

  constructor(name: "NEON_MASTER_BIN" | "NEON_AGENT_BIN", env: Record<string, string>, cwd: string) {
    const path = process.env[name];
    if (path === undefined) throw new Error(`${name} is not set`);
    this.#child = spawn(path, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stdout?.on("data", (chunk) => (this.#output += String(chunk)));
    this.#child.stderr?.on("data", (chunk) => (this.#output += String(chunk)));
  }

  /** Everything it printed so far. */
  get output(): string {
    return this.#output;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends the signal and waits until it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.ended) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    const lastResort = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await gone;
    clearTimeout(lastResort);
  }
}
