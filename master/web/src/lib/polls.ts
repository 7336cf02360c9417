// The polls that outlive a view, so that coming back shows the last answer at once.

import { servers, SERVERS_PER_PAGE } from "./api";
import type { ServerSummary } from "./model";
import { Poll } from "./poll.svelte";

/** How often each thousand servers are asked for, milliseconds: ten thousand are not asked for every three seconds. */
const FLEET_MS = 3_000;

export const fleet: Poll<ServerSummary[]> = new Poll(async (signal) => {
  const isFirst = fleet.data === undefined;
  const all = await servers(signal, (some, total) => {
    if (isFirst && !signal.aborted) fleet.data = some;
    fleet.intervalMs = FLEET_MS * Math.ceil(total / SERVERS_PER_PAGE);
  });
  if (all.length < SERVERS_PER_PAGE) fleet.intervalMs = FLEET_MS;
  return all;
}, FLEET_MS);
