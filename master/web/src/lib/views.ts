// The code of the views. The list of servers is a part of the page; the others come when they are wanted, or while nothing else
// is to do.

import { Lazy } from "./lazy.svelte";
import { plotCode } from "./plot";
import type { Route } from "./route";

export const views = {
  server: new Lazy(() => import("../views/Server.svelte").then((module) => module.default)),
  containers: new Lazy(() => import("../views/Containers.svelte").then((module) => module.default)),
  services: new Lazy(() => import("../views/Services.svelte").then((module) => module.default)),
  activity: new Lazy(() => import("../views/Activities.svelte").then((module) => module.default)),
  settings: new Lazy(() => import("../views/Settings.svelte").then((module) => module.default)),
  add: new Lazy(() => import("../views/AddServer.svelte").then((module) => module.default)),
};

/** The code of a view; undefined for what is a part of the page. */
export function codeOf(view: Route["view"]): Pick<Lazy<unknown>, "failing" | "want"> | undefined {
  return view in views ? views[view as keyof typeof views] : undefined;
}

/** Loads the code of a view, where it is not here already. */
export function wantView(view: Route["view"]): void {
  void codeOf(view)?.want();
}

/** Loads what most clicks lead to: ahead of the click, and before a master that is restarted could not serve it. */
export function wantOften(): void {
  for (const code of [views.server, views.containers, views.services, views.activity, plotCode]) void code.want();
}
