// Reports to a master as an agent does, for servers and containers that this host does not have.

import { AGENT_SECRET, type Master } from "./master";

export interface Sample {
  timestamp: string;
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
  /** What else was read of the host. */
  readings?: Report;
}

export type Report = Record<string, unknown>;

/** Registrations that are under way at a time: they wait for the same commit. */
const REGISTERING = 64;

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

  /** Registers many, some at a time. */
  static async registerMany(master: Master, names: readonly string[]): Promise<Reporter[]> {
    const left = [...names];
    const made: Reporter[] = [];
    const work = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) made.push(await Reporter.register(master, name));
    };
    await Promise.all(Array.from({ length: REGISTERING }, work));
    return made;
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

/** What a host with two cores, two file systems, a disk, a network and sensors has to say, moved by `phase` (any number). */
export function readings(phase: number, more: Report = {}): Report {
  const wave = (low: number, high: number, speed = 1) => Math.round((low + ((high - low) * (1 + Math.sin(phase * speed))) / 2) * 100) / 100;
  const whole = (low: number, high: number, speed = 1) => Math.round(wave(low, high, speed));
  const share = (core?: number) => ({
    ...(core === undefined ? {} : { core }),
    userPercent: wave(5, 45, core ?? 1),
    systemPercent: wave(2, 15, 2),
    iowaitPercent: wave(0, 5, 3),
    stealPercent: 0,
    irqPercent: wave(0, 1),
  });
  const stall = (high: number) => ({ avg10Percent: wave(0, high), avg60Percent: wave(0, high / 2), totalMicroseconds: 1000 });
  const gib = 2 ** 30;
  return {
    cpu: share(),
    cores: [share(0), share(1)],
    load1: wave(0.2, 3),
    load5: wave(0.4, 2.2),
    load15: wave(0.6, 1.4),
    runningTasks: whole(1, 6),
    blockedTasks: whole(0, 2),
    processes: whole(180, 220),
    threads: whole(500, 620),
    pressure: { cpu: { some: stall(12) }, memory: { some: stall(3), full: stall(1) }, io: { some: stall(8), full: stall(4) } },
    memory: {
      totalBytes: 16 * gib,
      availableBytes: whole(7, 9) * gib,
      freeBytes: whole(2, 3) * gib,
      buffersBytes: gib / 4,
      cachedBytes: whole(5, 6) * gib,
      dirtyBytes: whole(1, 40) * 2 ** 20,
      swapTotalBytes: 2 * gib,
      swapUsedBytes: whole(100, 300) * 2 ** 20,
    },
    mounts: [
      { mountPoint: "/", device: "/dev/sda1", fsType: "ext4", totalBytes: 100 * gib, usedBytes: whole(40, 42) * gib, availableBytes: 55 * gib, inodesTotal: 6_000_000, inodesUsed: 800_000, readOnly: false },
      { mountPoint: "/var.data", device: "/dev/sdb1", fsType: "xfs", totalBytes: 500 * gib, usedBytes: whole(200, 210) * gib, availableBytes: 290 * gib, readOnly: false },
    ],
    disks: [
      {
        device: "sda",
        readsTotal: 1,
        writesTotal: 1,
        readBytesTotal: 1,
        writtenBytesTotal: 1,
        busyMillisecondsTotal: 1,
        waitMillisecondsTotal: 1,
        rates: { readsPerSecond: wave(0, 80), writesPerSecond: wave(5, 120, 2), readBytesPerSecond: whole(0, 9e6), writtenBytesPerSecond: whole(1e5, 3e7, 2), utilisationPercent: wave(1, 60), meanWaitMilliseconds: wave(0.2, 9) },
      },
    ],
    temperatures: [
      { chip: "coretemp", sensor: "Package id 0", celsius: wave(42, 68) },
      { chip: "coretemp", sensor: "Core 0", celsius: wave(40, 66) },
    ],
    sockets: { tcpInUse: whole(20, 60), tcpTimeWait: whole(0, 20), udpInUse: 8 },
    openFiles: whole(1800, 2400),
    agent: {
      residentBytes: 2_400_000,
      anonymousBytes: 700_000,
      cpuMicroseconds: whole(600, 900),
      samplesBuffered: 0,
      samplesDroppedTotal: 0,
      requestFailuresTotal: 0,
      sources: [
        { source: "stat", durationMicroseconds: whole(40, 70) },
        { source: "meminfo", durationMicroseconds: whole(20, 40) },
      ],
    },
    ...more,
  };
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
