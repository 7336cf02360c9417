// Every stored reading and the chart it is in. Names of fields are the API's (docs/wire.md, Histories).

import { text } from "./language.svelte";
import type { Series } from "./model";
import type { Text } from "./text/en";
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
  readonly title: string;
  /** What the API is asked for. */
  fields: readonly string[];
  /** The charts of what it answered: none for what the host does not have. */
  charts: (series: Series) => ChartSpec[];
}

type Words = Text["readings"];

const PERCENT = { unit: "percent", top: 100 } as const;
/** A share of time, of microseconds a second. */
const MICROSECONDS_TO_PERCENT = 1 / 10_000;
const BITS_PER_BYTE = 8;

/** Every group in the order of the page, but for the cores, which are no lines. */
export const GROUPS: readonly Group[] = [
  group("cpu", ["cpuPercent", "cpu.*", "load1", "load5", "load15", "runningTasks", "blockedTasks", "processes", "threads", "contextSwitchesPerSecond"], (_, t) => [
    { id: "cpu", title: t.cpu, ...PERCENT, lines: [{ field: "cpuPercent", label: t.busy }] },
    {
      id: "cpu-split",
      title: t.cpuSplit,
      ...PERCENT,
      isStacked: true,
      lines: (["user", "system", "iowait", "steal", "irq"] as const).map((part) => ({ field: `cpu.${part}Percent`, label: t.cpuParts[part] })),
    },
    {
      id: "load",
      title: t.load,
      unit: "count",
      lines: [1, 5, 15].map((minutes) => ({ field: `load${minutes}`, label: t.minutes(minutes) })),
    },
    {
      id: "tasks",
      title: t.tasks,
      unit: "count",
      lines: [
        { field: "runningTasks", label: t.running },
        { field: "blockedTasks", label: t.blocked },
      ],
    },
    {
      id: "processes",
      title: t.processes,
      unit: "count",
      lines: [
        { field: "processes", label: t.processes },
        { field: "threads", label: t.threads },
      ],
    },
    { id: "switches", title: t.contextSwitches, unit: "perSecond", lines: [{ field: "contextSwitchesPerSecond", label: t.switches }] },
  ]),
  group("memory", ["memoryPercent", "memory.*"], (_, t) => [
    { id: "memory", title: t.memory, ...PERCENT, lines: [{ field: "memoryPercent", label: t.used }] },
    {
      id: "memory-split",
      title: t.memorySplit,
      unit: "bytes",
      isStacked: true,
      lines: [
        { field: "memory.totalBytes", label: t.used, minus: ["memory.freeBytes", "memory.buffersBytes", "memory.cachedBytes"] },
        { field: "memory.cachedBytes", label: t.cached },
        { field: "memory.buffersBytes", label: t.buffers },
        { field: "memory.freeBytes", label: t.free },
      ],
    },
    {
      id: "swap",
      title: t.swap,
      unit: "bytes",
      lines: [
        { field: "memory.swapUsedBytes", label: t.used },
        { field: "memory.swapTotalBytes", label: t.size },
      ],
    },
    { id: "available", title: t.available, unit: "bytes", lines: [{ field: "memory.availableBytes", label: t.available }] },
    {
      id: "dirty",
      title: t.dirtyAndArc,
      unit: "bytes",
      lines: [
        { field: "memory.dirtyBytes", label: t.dirty },
        { field: "memory.zfsArcBytes", label: t.zfsArc },
      ],
    },
    { id: "oom", title: t.oomKills, unit: "perSecond", lines: [{ field: "memory.oomKillsPerSecond", label: t.processes }] },
  ]),
  group("pressure", ["pressure.*"], (_, t) =>
    (["cpu", "memory", "io"] as const).map((resource) => ({
      id: `pressure-${resource}`,
      title: t.waitingFor[resource],
      unit: "percent",
      lines: [
        { field: `pressure.${resource}.some.totalMicrosecondsPerSecond`, label: t.someTasks, factor: MICROSECONDS_TO_PERCENT },
        { field: `pressure.${resource}.full.totalMicrosecondsPerSecond`, label: t.allTasks, factor: MICROSECONDS_TO_PERCENT },
        { field: `pressure.${resource}.some.avg10Percent`, label: t.someOver(10) },
        { field: `pressure.${resource}.some.avg60Percent`, label: t.someOver(60) },
        { field: `pressure.${resource}.full.avg10Percent`, label: t.allOver(10) },
        { field: `pressure.${resource}.full.avg60Percent`, label: t.allOver(60) },
      ],
    })),
  ),
  group("storage", ["diskPercent", "mounts.*"], (series, t) => [
    { id: "disk", title: t.allFileSystems, ...PERCENT, lines: [{ field: "diskPercent", label: t.used }] },
    ...members(series, "mounts").map(
      (key): ChartSpec => ({
        id: `mount-${key}`,
        title: keyText(key),
        unit: "bytes",
        mount: key,
        lines: [
          { field: `mounts.${key}.usedBytes`, label: t.used },
          { field: `mounts.${key}.totalBytes`, label: t.size },
          { field: `mounts.${key}.availableBytes`, label: t.available },
        ],
      }),
    ),
    ...members(series, "mounts").map(
      (key): ChartSpec => ({
        id: `files-${key}`,
        title: t.filesOn(keyText(key)),
        unit: "count",
        lines: [
          { field: `mounts.${key}.inodesUsed`, label: t.files },
          { field: `mounts.${key}.inodesTotal`, label: t.atMost },
        ],
      }),
    ),
    {
      id: "read-only",
      title: t.readOnly,
      unit: "count",
      top: 1,
      lines: members(series, "mounts").map((key) => ({ field: `mounts.${key}.readOnly`, label: keyText(key) })),
    },
  ]),
  group("disks", ["disks.*"], (series, t) =>
    members(series, "disks").flatMap((key): ChartSpec[] => [
      {
        id: `disk-${key}-bytes`,
        title: t.throughput(keyText(key)),
        unit: "bytesPerSecond",
        lines: [
          { field: `disks.${key}.rates.readBytesPerSecond`, label: t.read },
          { field: `disks.${key}.rates.writtenBytesPerSecond`, label: t.written },
        ],
      },
      {
        id: `disk-${key}-requests`,
        title: t.requests(keyText(key)),
        unit: "perSecond",
        lines: [
          { field: `disks.${key}.rates.readsPerSecond`, label: t.reads },
          { field: `disks.${key}.rates.writesPerSecond`, label: t.writes },
        ],
      },
      { id: `disk-${key}-wait`, title: t.meanWait(keyText(key)), unit: "milliseconds", lines: [{ field: `disks.${key}.rates.meanWaitMilliseconds`, label: t.wait }] },
      { id: `disk-${key}-busy`, title: t.diskBusy(keyText(key)), ...PERCENT, lines: [{ field: `disks.${key}.rates.utilisationPercent`, label: t.busy }] },
    ]),
  ),
  group("network", ["networkRxBytesPerSecond", "networkTxBytesPerSecond", "interfaces.*"], (series, t) => [
    traffic("network", t.allInterfaces, "networkRxBytesPerSecond", "networkTxBytesPerSecond"),
    ...members(series, "interfaces").flatMap((key): ChartSpec[] => [
      traffic(`interface-${key}`, keyText(key), `interfaces.${key}.rxBytesPerSecond`, `interfaces.${key}.txBytesPerSecond`),
      {
        id: `packets-${key}`,
        title: t.packets(keyText(key)),
        unit: "perSecond",
        lines: [
          { field: `interfaces.${key}.rxPacketsPerSecond`, label: t.received },
          { field: `interfaces.${key}.txPacketsPerSecond`, label: t.sent },
        ],
      },
      {
        id: `faults-${key}`,
        title: t.lostPackets(keyText(key)),
        unit: "perSecond",
        lines: [
          { field: `interfaces.${key}.rxErrorsPerSecond`, label: t.brokenIn },
          { field: `interfaces.${key}.txErrorsPerSecond`, label: t.brokenOut },
          { field: `interfaces.${key}.rxDroppedPerSecond`, label: t.droppedIn },
          { field: `interfaces.${key}.txDroppedPerSecond`, label: t.droppedOut },
        ],
      },
      { id: `link-${key}`, title: t.link(keyText(key)), unit: "count", top: 1, lines: [{ field: `interfaces.${key}.linkUp`, label: t.up }] },
      { id: `speed-${key}`, title: t.speedOf(keyText(key)), unit: "bitsPerSecond", lines: [{ field: `interfaces.${key}.speedBitsPerSecond`, label: t.speed }] },
    ]),
  ]),
  group("sockets", ["sockets.*", "conntrack.*", "openFiles", "openFilesMax", "uptimeSeconds"], (_, t) => [
    {
      id: "sockets",
      title: t.sockets,
      unit: "count",
      lines: [
        { field: "sockets.tcpInUse", label: t.tcp },
        { field: "sockets.tcpTimeWait", label: t.tcpEnded },
        { field: "sockets.udpInUse", label: t.udp },
      ],
    },
    {
      id: "conntrack",
      title: t.trackedConnections,
      unit: "count",
      lines: [
        { field: "conntrack.entries", label: t.connections },
        { field: "conntrack.entriesMax", label: t.atMost },
      ],
    },
    // The most there may be is 2^63 on many hosts: beside it, the number itself would be a flat line.
    { id: "files", title: t.openFiles, unit: "count", lines: [{ field: "openFiles", label: t.open }] },
    { id: "uptime", title: t.daysSinceBoot, unit: "count", lines: [{ field: "uptimeSeconds", label: t.days, factor: 1 / 86_400 }] },
  ]),
  group("sensors", ["temperatures.*", "fans.*"], (series, t) => [
    ...chips(series, "temperatures", "celsius").map(
      ({ chip, fields }): ChartSpec => ({ id: `temperature-${chip}`, title: keyText(chip), unit: "celsius", isFloating: true, lines: fields }),
    ),
    ...chips(series, "fans", "revolutionsPerMinute").map(
      ({ chip, fields }): ChartSpec => ({ id: `fan-${chip}`, title: t.fans(keyText(chip)), unit: "rpm", lines: fields }),
    ),
  ]),
  group("agent", ["agent.*"], (series, t) => [
    {
      id: "agent-memory",
      title: t.memory,
      unit: "bytes",
      lines: [
        { field: "agent.residentBytes", label: t.resident },
        { field: "agent.anonymousBytes", label: t.ownMemory },
      ],
    },
    { id: "agent-cpu", title: t.timePerSample, unit: "microseconds", lines: [{ field: "agent.cpuMicroseconds", label: t.time }] },
    { id: "agent-buffered", title: t.buffered, unit: "count", lines: [{ field: "agent.samplesBuffered", label: t.samples }] },
    {
      id: "agent-lost",
      title: t.faults,
      unit: "perSecond",
      lines: [
        { field: "agent.samplesDroppedPerSecond", label: t.samplesDropped },
        { field: "agent.samplesRefusedPerSecond", label: t.samplesRefused },
        { field: "agent.requestFailuresPerSecond", label: t.requestsFailed },
      ],
    },
    { id: "agent-clock", title: t.clock, unit: "milliseconds", isFloating: true, lines: [{ field: "agent.clockOffsetMilliseconds", label: t.ahead }] },
    {
      id: "agent-sources",
      title: t.sourceTimes,
      unit: "microseconds",
      lines: keysOf(series, /^agent\.sources\.([^.]+)\.durationMicroseconds$/).map((key) => ({
        field: `agent.sources.${key}.durationMicroseconds`,
        label: keyText(key),
      })),
    },
  ]),
];

/** What a key of a list is called: `~2E` is a dot, and the second of two that are called the same has `@2`. */
export function keyText(key: string): string {
  const [name = "", position] = key.split("@");
  const bytes = name.replace(/[^~]+/g, encodeURIComponent).replace(/~([0-9A-Fa-f]{2})/g, "%$1");
  const readable = decoded(bytes) ?? name;
  return position === undefined ? readable : `${readable} (${position})`;
}

/** A group whose charts leave out what the answer has nothing of. */
function group(id: keyof Words["groups"], fields: readonly string[], charts: (series: Series, words: Words) => ChartSpec[]): Group {
  const has = (series: Series, line: Line) => [line.field, ...(line.minus ?? [])].every((field) => hasValues(series, field));
  return {
    id,
    get title() {
      return text.readings.groups[id];
    },
    fields,
    charts: (series) =>
      charts(series, text.readings)
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
    title: text.readings.traffic(title),
    unit: "bitsPerSecond",
    lines: [
      { field: received, label: text.readings.received, factor: BITS_PER_BYTE },
      { field: sent, label: text.readings.sent, factor: BITS_PER_BYTE },
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
