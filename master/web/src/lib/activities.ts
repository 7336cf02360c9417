// What can happen, and how it is to be read.

import type { Tone } from "./containers";
import type { Activity, ActivityKind } from "./model";
import { en } from "./text/en";

/** Every kind, the one to look at first in front. */
export const KINDS = Object.keys(en.activities.kinds) as ActivityKind[];

/** What an event is sorted by, the newest first: its time, its server, and its number there, which is in its `id`. */
function follows(event: Activity, other: Activity): boolean {
  const number = ({ id }: Activity) => Number(id.slice(id.indexOf("-") + 1));
  const apart = Date.parse(event.timestamp) - Date.parse(other.timestamp) || event.serverId - other.serverId || number(event) - number(other);
  return apart < 0;
}

/** A newer first page, and after it what is known of the same list. What is between two that do not meet is not known: the page alone. */
export function joined(page: readonly Activity[], known: readonly Activity[]): readonly Activity[] {
  const ids = new Set(known.map(({ id }) => id));
  const last = page.at(-1);
  if (last === undefined || !page.some(({ id }) => ids.has(id))) return page;
  return [...page, ...known.filter((event) => follows(event, last))];
}

/** How an event is to be read. */
export function toneOfActivity({ type, newValue }: Activity): Tone {
  switch (type) {
    case "crashed":
    case "offline":
    case "host_clash":
      return "bad";
    case "online":
      return "good";
    case "restart":
    case "host_changed":
      return "warn";
    case "health_change":
      return newValue === "unhealthy" ? "bad" : newValue === "healthy" ? "good" : "idle";
    case "status_change":
      return newValue === "running" ? "good" : newValue === "restarting" ? "warn" : "idle";
    default:
      return "idle";
  }
}
