// The polls that outlive a view, so that coming back shows the last answer at once.

import { servers } from "./api";
import { titleOf } from "./fleet";
import { live } from "./live.svelte";
import type { ServerSummary } from "./model";
import { SERVERS_PER_PAGE } from "./paging";
import { Poll } from "./poll.svelte";
import { session } from "./session.svelte";

/** How often each thousand servers are asked for, milliseconds: ten thousand are not asked for every three seconds. */
const FLEET_MS = 3_000;
/** The same while changes are told. */
const TOLD_MS = 30_000;

export const fleet: Poll<readonly ServerSummary[]> = new Poll(async (signal) => {
  const isFirst = fleet.data === undefined;
  const beganMs = Date.now();
  const all = await servers(signal, (some) => {
    if (isFirst && !signal.aborted) fleet.data = some;
  });
  fleet.intervalMs = (live.isOpen ? TOLD_MS : FLEET_MS) * Math.max(1, Math.ceil(all.length / SERVERS_PER_PAGE));
  return live.since(beganMs, all);
}, FLEET_MS);

/** What people call each server, by its id. */
export function titles(): ReadonlyMap<number, string> {
  return new Map((fleet.data ?? []).map((server) => [server.id, titleOf(server)]));
}

session.onForget(() => {
  fleet.data = undefined;
});

live.listen((told) => {
  if (told === "all") fleet.now();
  if (told !== "servers" || fleet.data === undefined) return;
  // What is put in twice is as good as once.
  fleet.data = live.since(fleet.receivedAtMs ?? 0, fleet.data);
  if (live.isOpen) fleet.heard();
});
