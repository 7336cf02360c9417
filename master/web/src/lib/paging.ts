// How the list of servers is asked for, page after page.

/** Servers in one answer: some 300 KB. */
export const SERVERS_PER_PAGE = 1000;

/** Address of the page after the server with this number, or of the first one, which public/early.js asks for, too; of a group's alone. */
export function serversPage(after?: number, group?: string): string {
  const query = { limit: String(SERVERS_PER_PAGE), ...(group === undefined ? {} : { group }), ...(after === undefined ? {} : { after: String(after) }) };
  return `/api/servers?${new URLSearchParams(query).toString()}`;
}
