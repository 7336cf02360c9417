// The polls that outlive a view, so that coming back shows the last answer at once.

import { servers } from "./api";
import { Poll } from "./poll.svelte";

/** How often the list of servers is asked for, milliseconds. */
const FLEET_MS = 3_000;

export const fleet = new Poll(servers, FLEET_MS);
