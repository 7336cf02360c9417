// The charts' code: as large as all the rest, and the list of servers needs none of it.

import { Lazy } from "./lazy.svelte";

export const plotCode = new Lazy(() => import("uplot").then((module) => module.default));
