// How the servers in the window fared lately, for the small pictures beside them. Asked for those that are seen and no
// others, and again as a step of the master's goes by.

import { trends } from "./api";
import type { ServerSummary, Trend } from "./model";
import { session } from "./session.svelte";

/** Servers in one question, as the master allows. */
const ASKED_MAX = 100;
/** How old a picture may be, milliseconds. */
const KEPT_MS = 120_000;
/** Rows that scroll by are not asked for, milliseconds. */
const PAUSE_MS = 200;
/** Servers that are remembered; past it all are forgotten, and those that are seen asked for anew. */
const REMEMBERED_MAX = 2_000;

interface Known {
  trend: Trend | undefined;
  atMs: number;
}

let known = $state.raw<ReadonlyMap<number, Known>>(new Map());

session.onForget(() => {
  known = new Map();
});

export const trendOf = (id: number): Trend | undefined => known.get(id)?.trend;

/** Keeps the pictures of the servers that `seen` tells new, as long as the component that calls this is there. */
export function watchTrends(seen: () => readonly ServerSummary[]): void {
  // As text, so that an update of the same servers asks nothing.
  const ids = $derived(seen().map((server) => server.id).join(","));
  $effect(() => watch(ids === "" ? [] : ids.split(",").map(Number)));
}

/** Until the function that returns is called. */
function watch(seen: readonly number[]): () => void {
  const asked = new AbortController();
  let timer: ReturnType<typeof setTimeout>;
  const look = async () => {
    const dueMs = Date.now() - KEPT_MS;
    const due = seen.filter((id) => (known.get(id)?.atMs ?? 0) <= dueMs).slice(0, ASKED_MAX);
    if (due.length > 0 && !document.hidden && session.state !== "closed") {
      // Where the master does not answer, the rest of the page says so.
      const found = await trends(due, asked.signal).catch(() => undefined);
      if (asked.signal.aborted) return;
      if (found !== undefined) remember(due, found.servers);
    }
    const isMore = due.length === ASKED_MAX;
    timer = setTimeout(look, isMore ? PAUSE_MS : KEPT_MS / 4);
  };
  timer = setTimeout(look, PAUSE_MS);
  return () => {
    asked.abort();
    clearTimeout(timer);
  };
}

function remember(asked: readonly number[], found: readonly Trend[]): void {
  const next = new Map(known.size > REMEMBERED_MAX ? [] : known);
  const atMs = Date.now();
  for (const id of asked) next.set(id, { trend: found.find((trend) => trend.serverId === id), atMs });
  known = next;
}
