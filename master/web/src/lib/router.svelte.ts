// The address bar as state, by the history API: links work, so do the back button and a reload.

import { routeOf, searchWith } from "./route";

let path = $state(location.pathname);
let search = $state(location.search);
/** The view has changed, and no heading has taken the focus since. */
let arriving = false;

function read(): void {
  arriving ||= path !== location.pathname;
  path = location.pathname;
  search = location.search;
}

window.addEventListener("popstate", read);

export const router = {
  get path(): string {
    return path;
  },

  /** With the leading `?`, or empty. */
  get search(): string {
    return search;
  },

  get route() {
    return routeOf(path);
  },

  /** One parameter of the address, empty where it is absent. */
  parameter(name: string): string {
    return new URLSearchParams(search).get(name) ?? "";
  },

  /** True once after each change of view, never for the page that was loaded. */
  arrive(): boolean {
    const first = arriving;
    arriving = false;
    return first;
  },

  /** Changes parameters in place: the back button leaves the view, it does not undo each letter of a search. */
  replaceParameters(changes: Record<string, string>): void {
    history.replaceState(history.state, "", path + searchWith(search, changes));
    read();
  },

  /** Changes parameters as following a link does: the back button undoes it. */
  pushParameters(changes: Record<string, string>): void {
    history.pushState(null, "", path + searchWith(search, changes));
    read();
  },

  /** Follows a plain click on a link of ours without loading the page again. For the document's click event. */
  onClick(event: MouseEvent): void {
    const link = (event.target as Element).closest("a");
    if (link === null || !isPlain(event, link)) return;
    event.preventDefault();
    router.go(link.href);
  },

  /** Follows `href`, an address of ours, without loading the page again. */
  go(href: string): void {
    const { href: whole, pathname } = new URL(href, location.href);
    if (whole !== location.href) history.pushState(null, "", whole);
    const samePath = pathname === path;
    read();
    if (!samePath) window.scrollTo(0, 0);
  },
};

/** False where the browser should do what it always does: new tab, download, other site, jump within the page. */
function isPlain(event: MouseEvent, link: HTMLAnchorElement): boolean {
  if (event.defaultPrevented || event.button !== 0) return false;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (link.target !== "" || link.hasAttribute("download") || link.origin !== location.origin) return false;
  const isInPage = link.hash !== "" && link.pathname === location.pathname;
  return !isInPage && !link.pathname.startsWith("/api/");
}
