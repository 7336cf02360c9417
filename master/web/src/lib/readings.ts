// Every stored reading and the chart it is in. Names of fields are the API's (docs/wire.md, Histories).

import type { Series } from "./model";
import type { Unit } from "./units";

/** One line of a chart. */
export interface Line {
  /** Name of the field. */
  field: string;
  label: string;
  /** What a value is multiplied by to be in the chart's unit; 1 where it is absent. */
  factor?: number;
  /** Fields that are taken off. */
  minus?: readonly string[];
}

export interface ChartSpec {
  /** The same from update to update, and in no other chart of the page. */
  id: string;
  title: string;
  unit: Unit;
  lines: readonly Line[];
  /** Drawn on top of each other, as parts of a whole. */
  isStacked?: boolean;
  /** The axis ends here even if all values are lower. */
  top?: number;
  /** The axis begins where the values do. */
  isFloating?: boolean;
  /** The mount point it is about, where somebody may ask when that is full. */
  mount?: string;
}

export interface Group {
  id: string;
  title: string;
  /** What the API is asked for. */
  fields: readonly string[];
  /** The charts of what it answered: none for what the host does not have. */
  charts: (series: Series) => ChartSpec[];
}

const PERCENT = { unit: "percent", top: 100 } as const;
/** A share of time, of microseconds a second. */
const MICROSECONDS_TO_PERCENT = 1 / 10_000;
const BITS_PER_BYTE = 8;

/** Every group in the order of the page, but for the cores, which are no lines. */
export const GROUPS: readonly Group[] = [
  group("cpu", "Processor", ["cpuPercent", "cpu.*", "load1", "load5", "load15", "runningTasks", "blockedTasks", "processes", "threads", "contextSwitchesPerSecond"], () => [
    { id: "cpu", title: "CPU", ...PERCENT, lines: [{ field: "cpuPercent", label: "Busy" }] },
    {
      id: "cpu-split",
      title: "CPU split",
      ...PERCENT,
      isStacked: true,
      lines: ["user", "system", "iowait", "steal", "irq"].map((part) => ({ field: `cpu.${part}Percent`, label: CPU_LABELS[part] ?? part })),
    },
    {
      id: "load",
      title: "Load",
      unit: "count",
      lines: [1, 5, 15].map((minutes) => ({ field: `load${minutes}`, label: `${minutes} min` })),
    },
    {
      id: "tasks",
      title: "Tasks",
      unit: "count",
      lines: [
        { field: "runningTasks", label: "Running" },
        { field: "blockedTasks", label: "Blocked" },
      ],
    },
    {
      id: "processes",
      title: "Processes",
      unit: "count",
      lines: [
        { field: "processes", label: "Processes" },
        { field: "threads", label: "Threads" },
      ],
    },
    { id: "switches", title: "Context switches", unit: "perSecond", lines: [{ field: "contextSwitchesPerSecond", label: "Switches" }] },
  ]),
  group("memory", "Memory", ["memoryPercent", "memory.*"], () => [
    { id: "memory", title: "Memory", ...PERCENT, lines: [{ field: "memoryPercent", label: "Used" }] },
    {
      id: "memory-split",
      title: "Memory split",
      unit: "bytes",
      isStacked: true,
      lines: [
        { field: "memory.totalBytes", label: "Used", minus: ["memory.freeBytes", "memory.buffersBytes", "memory.cachedBytes"] },
        { field: "memory.cachedBytes", label: "Cached" },
        { field: "memory.buffersBytes", label: "Buffers" },
        { field: "memory.freeBytes", label: "Free" },
      ],
    },
    {
      id: "swap",
      title: "Swap",
      unit: "bytes",
      lines: [
        { field: "memory.swapUsedBytes", label: "Used" },
        { field: "memory.swapTotalBytes", label: "Size" },
      ],
    },
    { id: "available", title: "Available", unit: "bytes", lines: [{ field: "memory.availableBytes", label: "Available" }] },
    {
      id: "dirty",
      title: "Waiting for disk, and ZFS cache",
      unit: "bytes",
      lines: [
        { field: "memory.dirtyBytes", label: "Dirty" },
        { field: "memory.zfsArcBytes", label: "ZFS ARC" },
      ],
    },
    { id: "oom", title: "Killed for want of memory", unit: "perSecond", lines: [{ field: "memory.oomKillsPerSecond", label: "Processes" }] },
  ]),
  group("pressure", "Pressure", ["pressure.*"], () =>
    (["cpu", "memory", "io"] as const).map((resource) => ({
      id: `pressure-${resource}`,
      title: { cpu: "Waiting for a processor", memory: "Waiting for memory", io: "Waiting for disks" }[resource],
      unit: "percent",
      lines: [
        { field: `pressure.${resource}.some.totalMicrosecondsPerSecond`, label: "Some tasks", factor: MICROSECONDS_TO_PERCENT },
        { field: `pressure.${resource}.full.totalMicrosecondsPerSecond`, label: "All tasks", factor: MICROSECONDS_TO_PERCENT },
        { field: `pressure.${resource}.some.avg10Percent`, label: "Some, 10 s" },
        { field: `pressure.${resource}.some.avg60Percent`, label: "Some, 60 s" },
        { field: `pressure.${resource}.full.avg10Percent`, label: "All, 10 s" },
        { field: `pressure.${resource}.full.avg60Percent`, label: "All, 60 s" },
      ],
    })),
  ),
  group("storage", "File systems", ["diskPercent", "mounts.*"], (series) => [
    { id: "disk", title: "All file systems", ...PERCENT, lines: [{ field: "diskPercent", label: "Used" }] },
    ...members(series, "mounts").map(
      (key): ChartSpec => ({
        id: `mount-${key}`,
        title: keyText(key),
        unit: "bytes",
        mount: key,
        lines: [
          { field: `mounts.${key}.usedBytes`, label: "Used" },
          { field: `mounts.${key}.totalBytes`, label: "Size" },
          { field: `mounts.${key}.availableBytes`, label: "Available" },
        ],
      }),
    ),
    ...members(series, "mounts").map(
      (key): ChartSpec => ({
        id: `files-${key}`,
        title: `Files on ${keyText(key)}`,
        unit: "count",
        lines: [
          { field: `mounts.${key}.inodesUsed`, label: "Files" },
          { field: `mounts.${key}.inodesTotal`, label: "At most" },
        ],
      }),
    ),
    {
      id: "read-only",
      title: "Read-only (1 is yes)",
      unit: "count",
      top: 1,
      lines: members(series, "mounts").map((key) => ({ field: `mounts.${key}.readOnly`, label: keyText(key) })),
    },
  ]),
  group("disks", "Disks", ["disks.*"], (series) =>
    members(series, "disks").flatMap((key): ChartSpec[] => [
      {
        id: `disk-${key}-bytes`,
        title: `${keyText(key)}: throughput`,
        unit: "bytesPerSecond",
        lines: [
          { field: `disks.${key}.rates.readBytesPerSecond`, label: "Read" },
          { field: `disks.${key}.rates.writtenBytesPerSecond`, label: "Written" },
        ],
      },
      {
        id: `disk-${key}-requests`,
        title: `${keyText(key)}: requests`,
        unit: "perSecond",
        lines: [
          { field: `disks.${key}.rates.readsPerSecond`, label: "Reads" },
          { field: `disks.${key}.rates.writesPerSecond`, label: "Writes" },
        ],
      },
      { id: `disk-${key}-wait`, title: `${keyText(key)}: mean wait`, unit: "milliseconds", lines: [{ field: `disks.${key}.rates.meanWaitMilliseconds`, label: "Wait" }] },
      { id: `disk-${key}-busy`, title: `${keyText(key)}: busy`, ...PERCENT, lines: [{ field: `disks.${key}.rates.utilisationPercent`, label: "Busy" }] },
    ]),
  ),
  group("network", "Network", ["networkRxBytesPerSecond", "networkTxBytesPerSecond", "interfaces.*"], (series) => [
    traffic("network", "All physical interfaces", "networkRxBytesPerSecond", "networkTxBytesPerSecond"),
    ...members(series, "interfaces").flatMap((key): ChartSpec[] => [
      traffic(`interface-${key}`, keyText(key), `interfaces.${key}.rxBytesPerSecond`, `interfaces.${key}.txBytesPerSecond`),
      {
        id: `packets-${key}`,
        title: `${keyText(key)}: packets`,
        unit: "perSecond",
        lines: [
          { field: `interfaces.${key}.rxPacketsPerSecond`, label: "Received" },
          { field: `interfaces.${key}.txPacketsPerSecond`, label: "Sent" },
        ],
      },
      {
        id: `faults-${key}`,
        title: `${keyText(key)}: lost packets`,
        unit: "perSecond",
        lines: [
          { field: `interfaces.${key}.rxErrorsPerSecond`, label: "Broken in" },
          { field: `interfaces.${key}.txErrorsPerSecond`, label: "Broken out" },
          { field: `interfaces.${key}.rxDroppedPerSecond`, label: "Dropped in" },
          { field: `interfaces.${key}.txDroppedPerSecond`, label: "Dropped out" },
        ],
      },
      { id: `link-${key}`, title: `${keyText(key)}: link (1 is up)`, unit: "count", top: 1, lines: [{ field: `interfaces.${key}.linkUp`, label: "Up" }] },
      { id: `speed-${key}`, title: `${keyText(key)}: speed`, unit: "bitsPerSecond", lines: [{ field: `interfaces.${key}.speedBitsPerSecond`, label: "Speed" }] },
    ]),
  ]),
  group("sockets", "Sockets and files", ["sockets.*", "conntrack.*", "openFiles", "openFilesMax", "uptimeSeconds"], () => [
    {
      id: "sockets",
      title: "Sockets",
      unit: "count",
      lines: [
        { field: "sockets.tcpInUse", label: "TCP" },
        { field: "sockets.tcpTimeWait", label: "TCP, ended" },
        { field: "sockets.udpInUse", label: "UDP" },
      ],
    },
    {
      id: "conntrack",
      title: "Tracked connections",
      unit: "count",
      lines: [
        { field: "conntrack.entries", label: "Connections" },
        { field: "conntrack.entriesMax", label: "At most" },
      ],
    },
    // The most there may be is 2^63 on many hosts: beside it, the number itself would be a flat line.
    { id: "files", title: "Open files", unit: "count", lines: [{ field: "openFiles", label: "Open" }] },
    { id: "uptime", title: "Days since boot", unit: "count", lines: [{ field: "uptimeSeconds", label: "Days", factor: 1 / 86_400 }] },
  ]),
  group("sensors", "Sensors", ["temperatures.*", "fans.*"], (series) => [
    ...chips(series, "temperatures", "celsius").map(
      ({ chip, fields }): ChartSpec => ({ id: `temperature-${chip}`, title: keyText(chip), unit: "celsius", isFloating: true, lines: fields }),
    ),
    ...chips(series, "fans", "revolutionsPerMinute").map(
      ({ chip, fields }): ChartSpec => ({ id: `fan-${chip}`, title: `${keyText(chip)}: fans`, unit: "rpm", lines: fields }),
    ),
  ]),
  group("agent", "The agent itself", ["agent.*"], (series) => [
    {
      id: "agent-memory",
      title: "Memory",
      unit: "bytes",
      lines: [
        { field: "agent.residentBytes", label: "Resident" },
        { field: "agent.anonymousBytes", label: "Its own" },
      ],
    },
    { id: "agent-cpu", title: "Processor time per sample", unit: "microseconds", lines: [{ field: "agent.cpuMicroseconds", label: "Time" }] },
    { id: "agent-buffered", title: "Samples waiting to be sent", unit: "count", lines: [{ field: "agent.samplesBuffered", label: "Samples" }] },
    {
      id: "agent-lost",
      title: "What went wrong",
      unit: "perSecond",
      lines: [
        { field: "agent.samplesDroppedPerSecond", label: "Samples dropped" },
        { field: "agent.samplesRefusedPerSecond", label: "Samples refused" },
        { field: "agent.requestFailuresPerSecond", label: "Requests failed" },
      ],
    },
    { id: "agent-clock", title: "Master's clock ahead of the host's", unit: "milliseconds", isFloating: true, lines: [{ field: "agent.clockOffsetMilliseconds", label: "Ahead" }] },
    {
      id: "agent-sources",
      title: "Time each source takes",
      unit: "microseconds",
      lines: keysOf(series, /^agent\.sources\.([^.]+)\.durationMicroseconds$/).map((key) => ({
        field: `agent.sources.${key}.durationMicroseconds`,
        label: keyText(key),
      })),
    },
  ]),
];

const CPU_LABELS: Record<string, string> = { user: "Programs", system: "Kernel", iowait: "Waiting for disk", steal: "Stolen", irq: "Interrupts" };

/** What a key of a list is called: `~2E` is a dot, and the second of two that are called the same has `@2`. */
export function keyText(key: string): string {
  const [name = "", position] = key.split("@");
  const bytes = name.replace(/[^~]+/g, encodeURIComponent).replace(/~([0-9A-Fa-f]{2})/g, "%$1");
  const text = decoded(bytes) ?? name;
  return position === undefined ? text : `${text} (${position})`;
}

/** A group whose charts leave out what the answer has nothing of. */
function group(id: string, title: string, fields: readonly string[], charts: (series: Series) => ChartSpec[]): Group {
  const has = (series: Series, line: Line) => [line.field, ...(line.minus ?? [])].every((field) => hasValues(series, field));
  return {
    id,
    title,
    fields,
    charts: (series) =>
      charts(series)
        .map((chart) => ({ ...chart, lines: chart.lines.filter((line) => has(series, line)) }))
        .filter((chart) => chart.lines.length > 0),
  };
}

function hasValues(series: Series, field: string): boolean {
  const column = series.fields[field];
  return (column?.value ?? column?.avg)?.some((value) => value !== null) ?? false;
}

function traffic(id: string, title: string, received: string, sent: string): ChartSpec {
  return {
    id,
    title: `${title}: traffic`,
    unit: "bitsPerSecond",
    lines: [
      { field: received, label: "Received", factor: BITS_PER_BYTE },
      { field: sent, label: "Sent", factor: BITS_PER_BYTE },
    ],
  };
}

/** The keys of a list's members, in the order of their names. */
function members(series: Series, list: string): string[] {
  return keysOf(series, new RegExp(`^${list}\\.([^.]+)\\.`));
}

function keysOf(series: Series, pattern: RegExp): string[] {
  const keys = Object.keys(series.fields).flatMap((field) => pattern.exec(field)?.[1] ?? []);
  return [...new Set(keys)].sort(byText);
}

/** Sensors by the chip they are on. */
function chips(series: Series, list: string, value: string): { chip: string; fields: Line[] }[] {
  return members(series, list).map((chip) => {
    const prefix = `${list}.${chip}.`;
    const sensors = Object.keys(series.fields).filter((field) => field.startsWith(prefix) && field.endsWith(`.${value}`));
    const label = (field: string) => keyText(field.slice(prefix.length, -value.length - 1));
    return { chip, fields: sensors.sort(byText).map((field) => ({ field, label: label(field) })) };
  });
}

function byText(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
