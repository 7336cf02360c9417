// What the stream says, put into the list that was asked for.

import type { ServerSummary } from "./model";

/** A server as it is now, or `undefined` where it was removed, by its number. */
export type Changes = ReadonlyMap<number, ServerSummary | undefined>;

/** The list with the changes in it. The very same list where none of them changes anything, so that nothing is drawn. */
export function patched(servers: readonly ServerSummary[], changes: Changes): readonly ServerSummary[] {
  if (changes.size === 0) return servers;
  const known = new Set<number>();
  const next = servers.flatMap((server) => {
    known.add(server.id);
    if (!changes.has(server.id)) return [server];
    return changes.get(server.id) ?? [];
  });
  for (const [id, server] of changes) if (!known.has(id) && server !== undefined) next.push(server);
  return next;
}
