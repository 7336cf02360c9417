// Histories from the API, asked for in pieces where one answer could not hold all of a host.

import { ApiError, series as fetchSeries } from "./api";
import { text } from "./language.svelte";
import type { Readings, Series } from "./model";
import type { Span } from "./timerange";

/** Points of a chart: more than most charts are wide would only be drawn over each other. */
const POINTS = 360;
/** Times across the strip of the cores. */
const CORE_POINTS = 180;
/** Members of a list in one request: 12 fields each, of which an answer has at most 256. */
const MEMBERS_PER_REQUEST = 20;
/** Cores in one request, 4 fields each; the API takes 100 names. */
const CORES_PER_REQUEST = 25;
/** What a core does rather than wait. */
const BUSY = ["userPercent", "systemPercent", "irqPercent", "stealPercent"];

/** Fields over a stretch. A host with more members than an answer holds is asked for some at a time. */
export async function fieldSeries(
  id: number,
  { fields, points = POINTS, span }: { fields: readonly string[]; points?: number; span: Span },
  readings: Readings | undefined,
  signal: AbortSignal,
): Promise<Series> {
  try {
    return await fetchSeries(id, { span, points, fields }, signal);
  } catch (cause) {
    const isTooMuch = cause instanceof ApiError && cause.status === 400 && cause.message.startsWith("fields:");
    if (!isTooMuch || readings === undefined) throw cause;
    return inPieces(id, pieces(fields, readings), span, points, signal);
  }
}

/** How busy each core was, 0 to 100, by its number. */
export async function coresBusy(id: number, cores: readonly number[], span: Span, signal: AbortSignal): Promise<{ series: Series; busy: (number | null)[][] }> {
  const names = chunks(cores, CORES_PER_REQUEST).map((some) => some.flatMap((core) => BUSY.map((share) => `cores.${core}.${share}`)));
  const series = await inPieces(id, names, span, CORE_POINTS, signal);
  const busy = cores.map((core) => {
    const shares = BUSY.map((share) => series.fields[`cores.${core}.${share}`]);
    return series.times.map((_, index) => {
      const parts = shares.map((share) => (share?.value ?? share?.avg)?.[index] ?? null);
      return parts.includes(null) ? null : Math.min(100, parts.reduce<number>((sum, part) => sum + (part ?? 0), 0));
    });
  });
  return { series, busy };
}

/** The wildcards of lists as the members that the newest sample has, some of them in each piece. */
export function pieces(fields: readonly string[], readings: Readings): string[][] {
  const lists: Record<string, string[]> = {
    "mounts.*": (readings.mounts ?? []).map((mount) => mount.mountPoint),
    "disks.*": (readings.disks ?? []).map((disk) => disk.device),
    "interfaces.*": (readings.interfaces ?? []).map((one) => one.name),
  };
  const whole = fields.filter((field) => lists[field] === undefined);
  const split = fields.flatMap((field) => chunks((lists[field] ?? []).map((name) => `${field.slice(0, -1)}${keyOf(name)}.*`), MEMBERS_PER_REQUEST));
  return [...(whole.length > 0 ? [whole] : []), ...split];
}

/** How the API writes what something in a list is called. */
export function keyOf(name: string): string {
  return name.replace(/[~.,*@\u0000-\u001f\u007f-\u009f]/g, (char) =>
    [...new TextEncoder().encode(char)].map((byte) => `~${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}

/** One after the other: a page must not keep a small master busy. */
async function inPieces(id: number, pieces: readonly string[][], span: Span, points: number, signal: AbortSignal): Promise<Series> {
  let whole: Series | undefined;
  for (const fields of pieces) {
    const piece = await fetchSeries(id, { span, points, fields }, signal);
    // The points are the same, unless something was stored in between: then the next answer has all of it.
    if (whole === undefined) whole = piece;
    else if (piece.times.length === whole.times.length) whole = { ...whole, fields: { ...whole.fields, ...piece.fields } };
  }
  if (whole === undefined) throw new ApiError(404, text.failures.nothingToAsk);
  return whole;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
