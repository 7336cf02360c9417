// Which view an address means, and the address of each view.

export type Route =
  | { view: "fleet" }
  | { view: "containers" }
  | { view: "services" }
  | { view: "activity" }
  | { view: "add" }
  | { view: "server"; id: number }
  | { view: "settings"; part: string }
  | { view: "notFound" };

/** The view behind a path. */
export function routeOf(path: string): Route {
  if (path === "/" || path === "/servers" || path === "/servers/") return { view: "fleet" };
  if (path === "/containers" || path === "/services" || path === "/activity") return { view: path.slice(1) as "containers" | "services" | "activity" };
  const part = /^\/settings(?:\/([a-z]+))?\/?$/.exec(path);
  if (part !== null) return { view: "settings", part: part[1] ?? "" };
  if (path === "/servers/add") return { view: "add" };
  const id = /^\/servers\/([1-9]\d{0,14})\/?$/.exec(path)?.[1];
  return id === undefined ? { view: "notFound" } : { view: "server", id: Number(id) };
}

/** The address of one server. */
export function serverHref(id: number): string {
  return `/servers/${id}`;
}

/** Where the page of one server lists its services. */
export function servicesHref(id: number): string {
  return `${serverHref(id)}#services`;
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
