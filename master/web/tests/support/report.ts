// Reports to a master as an agent does, for servers and containers that this host does not have.

import { AGENT_SECRET, type Master } from "./master";

export interface Sample {
  timestamp: string;
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
}

export type Report = Record<string, unknown>;

/** A server that has registered. */
export class Reporter {
  private constructor(
    readonly master: Master,
    readonly id: number,
    readonly token: string,
  ) {}

  /** Registers under `name`; `facts` replace the usual ones. */
  static async register(master: Master, name: string, facts: Report = {}): Promise<Reporter> {
    const serverInfo = {
      name,
      hostname: "reported.example.org",
      cpuCores: 8,
      totalMemoryGb: 23.54,
      totalDiskGb: 755.92,
      osName: "Debian GNU/Linux",
      osVersion: "12",
      osKernel: "6.1.0-18-amd64",
      osArch: "x86_64",
      dockerVersion: "27.3.1",
      ...facts,
    };
    const body = { serverName: name, serverInfo, agentVersion: "1.0.0" };
    const answer = await post(master, "register", body, { "X-Agent-Secret": AGENT_SECRET });
    const { serverId, token } = answer["data"] as { serverId: number; token: string };
    return new Reporter(master, serverId, token);
  }

  /** Path of its page. */
  get path(): string {
    return `/servers/${this.id}`;
  }

  async metrics(samples: readonly Sample[]): Promise<void> {
    const metrics = samples.map((sample) => ({
      memoryUsedGb: 4,
      memoryTotalGb: 23.54,
      diskUsedGb: 100,
      diskTotalGb: 755.92,
      networkRxBytes: 1,
      networkTxBytes: 1,
      ...sample,
    }));
    await this.#post("metrics", { metrics });
  }

  /** The host's full set; what is not given has a plain value. */
  async containers(containers: readonly Report[]): Promise<void> {
    const plain = {
      image: "busybox:local",
      imageId: null,
      imageTags: [],
      status: "running",
      health: null,
      ports: "-",
      labels: {},
      networks: ["bridge"],
      startedAt: new Date(Date.now() - 3_600_000).toISOString(),
      exitCode: 0,
    };
    const full = containers.map((container, index) => ({
      containerId: index.toString(16).padStart(12, "0"),
      ...plain,
      ...container,
    }));
    await this.#post("containers", { containers: full });
  }

  async heartbeat(): Promise<void> {
    await this.#post("heartbeat", { timestamp: new Date().toISOString(), agentVersion: "1.0.0" });
  }

  async #post(call: string, body: Report): Promise<void> {
    await post(this.master, call, body, { Authorization: `Bearer ${this.token}` });
  }
}

/** One sample, so many milliseconds old. */
export function sampleAgo(ageMs: number, cpuPercent: number, memoryPercent = 50, diskPercent = 60): Sample {
  return { timestamp: new Date(Date.now() - ageMs).toISOString(), cpuPercent, memoryPercent, diskPercent };
}

async function post(master: Master, call: string, body: Report, headers: Record<string, string>): Promise<Report> {
  const answer = await fetch(`${master.url}/api/agent/${call}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${call}: ${answer.status} ${text}`);
  return JSON.parse(text) as Report;
}
