// What can happen, and how it is to be read.

import type { Tone } from "./containers";
import type { Activity, ActivityKind } from "./model";
import { en } from "./text/en";

/** Every kind, the one to look at first in front. */
export const KINDS = Object.keys(en.activities.kinds) as ActivityKind[];

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
