// How the list of servers is asked for, page after page.

/** Servers in one answer: some 300 KB. */
export const SERVERS_PER_PAGE = 1000;

/** Address of the page after the server with this number, or of the first one, which public/early.js asks for, too. */
export function serversPage(after?: number): string {
  return `/api/servers?limit=${SERVERS_PER_PAGE}${after === undefined ? "" : `&after=${after}`}`;
}
