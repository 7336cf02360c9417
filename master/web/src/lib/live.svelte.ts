// The stream of changes (`GET /api/events`). While it is open the page is told and hardly asks; whenever it is not, because a
// proxy holds it back or the master is away, the page asks as if there were none.

import type { ServerSummary } from "./model";
import { patched } from "./patch";
import { session } from "./session.svelte";

/** A stream that the master refused is tried again so much later, milliseconds. */
const REFUSED_MS = 30_000;
/** Changes are shown together: a fleet changes more often than anybody can see, milliseconds. */
const TOGETHER_MS = 250;
/** How long changes are kept for answers that were on their way when they came, milliseconds. */
const KEPT_MS = 30_000;

type Told = "servers" | "activity" | "all";

export class Live {
  /** Changes are told. */
  isOpen = $state(false);

  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #flush: ReturnType<typeof setTimeout> | undefined;
  #isWanted = false;
  #changed = new Set<number>();
  /** Something has happened, as the activities tell. */
  #hasHappened = false;
  #heard = new Map<number, { atMs: number; server: ServerSummary | undefined }>();
  #listeners = new Set<(told: Told, ids: ReadonlySet<number>) => void>();

  /** Calls `listener` some moments after something was told: the numbers of servers that it is about, none for `all`. */
  listen(listener: (told: Told, ids: ReadonlySet<number>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The list as it is with what was told since a moment, by `Date.now()`: an answer may be older than what was told. */
  since(beganMs: number, servers: readonly ServerSummary[]): readonly ServerSummary[] {
    const changes = new Map<number, ServerSummary | undefined>();
    for (const [id, { atMs, server }] of this.#heard) {
      if (atMs >= beganMs) changes.set(id, server);
      else if (atMs < Date.now() - KEPT_MS) this.#heard.delete(id);
    }
    return patched(servers, changes);
  }

  /** A server as it was told lately; nothing where it was not told, or removed. */
  heardOf(id: number): ServerSummary | undefined {
    return this.#heard.get(id)?.server;
  }

  /** Keeps nothing that was told. */
  forget = (): void => {
    this.#heard.clear();
    this.#changed.clear();
    this.#hasHappened = false;
  };

  /** Listens from now on, while the page is looked at. Returns what ends it. */
  start(): () => void {
    this.#isWanted = true;
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#onVisibility();
    return () => {
      this.#isWanted = false;
      document.removeEventListener("visibilitychange", this.#onVisibility);
      this.#close();
    };
  }

  #onVisibility = (): void => {
    if (document.hidden) this.#close();
    else this.#open();
  };

  #open = (): void => {
    if (this.#source !== undefined || !this.#isWanted || document.hidden) return;
    const source = new EventSource("/api/events");
    this.#source = source;
    const on = (name: string, heed: (data: string) => void) => source.addEventListener(name, (event: MessageEvent<string>) => heed(event.data));
    on("ready", () => {
      this.isOpen = true;
      this.#tell("all");
    });
    on("reset", () => this.#tell("all"));
    on("activity", () => {
      this.#hasHappened = true;
      this.#tellSoon();
    });
    on("server", (data) => {
      const server = JSON.parse(data) as ServerSummary;
      this.#change(server.id, server);
    });
    on("server-removed", (data) => this.#change((JSON.parse(data) as { id: number }).id, undefined));
    on("containers", (data) => this.#mention((JSON.parse(data) as { serverId: number }).serverId));
    source.onerror = () => this.#broke(source);
  };

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
    this.isOpen = false;
  }

  /** The browser comes back by itself, unless the answer was no stream. */
  #broke(source: EventSource): void {
    if (source !== this.#source) return;
    const wasOpen = this.isOpen;
    this.isOpen = false;
    if (source.readyState === EventSource.CLOSED) {
      this.#close();
      this.#retry = setTimeout(this.#open, REFUSED_MS);
    }
    // Whether it is the master that is away shows when it is asked.
    if (wasOpen) this.#tell("all");
  }

  #change(id: number, server: ServerSummary | undefined): void {
    this.#heard.set(id, { atMs: Date.now(), server });
    this.#mention(id);
  }

  #mention(id: number): void {
    this.#changed.add(id);
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#flush ??= setTimeout(() => {
      const [ids, hasHappened] = [this.#changed, this.#hasHappened];
      this.#changed = new Set();
      this.#hasHappened = false;
      this.#flush = undefined;
      if (ids.size > 0) this.#tell("servers", ids);
      if (hasHappened) this.#tell("activity");
    }, TOGETHER_MS);
  }

  #tell(told: Told, ids: ReadonlySet<number> = new Set()): void {
    for (const listener of this.#listeners) listener(told, ids);
  }
}

export const live = new Live();
session.onForget(live.forget);
