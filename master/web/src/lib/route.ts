// Which view an address means, and the address of each view.

import { HISTORY_RANGES, type HistoryRange } from "./model";

export type Route = { view: "fleet" } | { view: "server"; id: number } | { view: "notFound" };

/** Used where the address names no range; the API's default too. */
export const DEFAULT_RANGE: HistoryRange = "7d";

/** The view behind a path. */
export function routeOf(path: string): Route {
  if (path === "/" || path === "/servers" || path === "/servers/") return { view: "fleet" };
  const id = /^\/servers\/([1-9]\d{0,14})\/?$/.exec(path)?.[1];
  return id === undefined ? { view: "notFound" } : { view: "server", id: Number(id) };
}

/** The address of one server. */
export function serverHref(id: number): string {
  return `/servers/${id}`;
}

/** The range an address asks for; one that does not exist is the default. */
export function rangeOf(search: string): HistoryRange {
  const asked = new URLSearchParams(search).get("range");
  return HISTORY_RANGES.find((range) => range === asked) ?? DEFAULT_RANGE;
}

/** `search` with some parameters changed; an empty value takes its parameter away. */
export function searchWith(search: string, changes: Record<string, string>): string {
  const parameters = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") parameters.delete(name);
    else parameters.set(name, value);
  }
  const query = parameters.toString();
  return query === "" ? "" : `?${query}`;
}
