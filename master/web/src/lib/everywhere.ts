// The containers of all servers. The API has them server by server, so they are gathered: a few questions at a time, and
// only of servers that have any.

import { containers as fetchContainers, servers as fetchServers } from "./api";
import type { Placed } from "./containers";
import { Poll } from "./poll.svelte";
import { session } from "./session.svelte";

/** Questions under way at a time. */
const AT_A_TIME = 4;
/** Servers that are asked for their containers; more would keep the master busy with one page. */
export const SERVERS_MAX = 300;
/** Time between two rounds, and what each server adds to it, milliseconds. */
const ROUND_MS = 10_000;
const EACH_MS = 100;

export interface Everywhere {
  placed: Placed[];
  /** Servers with containers that were not asked, there being too many. */
  leftOut: number;
}

export const everywhere: Poll<Everywhere> = new Poll(async (signal) => {
  const having = (await fetchServers(signal)).filter(({ containerCount }) => containerCount > 0);
  const asked = having.slice(0, SERVERS_MAX);
  const found: Placed[][] = [];
  const left = [...asked.entries()];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [place, { id, name }] = next;
      found[place] = (await fetchContainers(id, signal)).map((container) => ({ container, serverName: name }));
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  everywhere.intervalMs = ROUND_MS + EACH_MS * asked.length;
  return { placed: found.flat(), leftOut: having.length - asked.length };
}, ROUND_MS);

session.onForget(() => {
  everywhere.data = undefined;
});
