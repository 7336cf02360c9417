// The real master on an ephemeral loopback port, with an SQLite file in a folder of its own.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Program } from "./process";
import { until } from "./wait";

export const AGENT_SECRET = "browser-tests-agent-secret-0123456789";
export const ADMIN_PASSWORD = "browser-tests-admin-password";
const JWT_SECRET = "browser-tests-jwt-secret-0123456789-0123456789";

export class Master {
  readonly url: string;
  #folder = mkdtempSync(join(tmpdir(), "neon-web-"));
  #program: Program | undefined;

  private constructor(
    readonly port: number,
    readonly offlineAfterS: number,
    readonly more: Record<string, string>,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** A master with an empty database and this in its environment, ready to answer. */
  static async start(offlineAfterS: number, more: Record<string, string> = {}): Promise<Master> {
    const master = new Master(await freePort(), offlineAfterS, more);
    await master.start();
    return master;
  }

  /** Starts it, again on the same port and database where it ran before. */
  async start(): Promise<void> {
    const env = {
      LISTEN: `127.0.0.1:${this.port}`,
      DATA_DIR: this.#folder,
      AGENT_SECRET,
      JWT_SECRET,
      PUBLIC_URL: this.url,
      OFFLINE_AFTER_S: String(this.offlineAfterS),
      ...this.more,
    };
    const program = new Program("NEON_MASTER_BIN", env, this.#folder);
    this.#program = program;
    await until("the master answers", async () => {
      if (program.ended) throw new Error(`the master ended at once:\n${program.output}`);
      return fetch(`${this.url}/healthz`).then((answer) => answer.ok, () => false);
    });
  }

  /** Makes a user, as an operator's shell does while the master runs. */
  addUser(name: string, role: "viewer" | "operator" | "admin", password: string): void {
    execFileSync(process.env["NEON_MASTER_BIN"] ?? "", ["user", "add", name, role], { env: { DATA_DIR: this.#folder }, input: `${password}\n` });
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.#program?.end("SIGKILL");
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.#program?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
