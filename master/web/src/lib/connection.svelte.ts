// What the page knows about the master, derived from the poll that feeds the view on screen.

import { clock } from "./clock.svelte";
import type { Poll } from "./poll.svelte";

/** `connecting`: nothing heard yet. `stale`: overdue or one try failed. `unreachable`: several in a row failed. */
export type ConnectionState = "connecting" | "live" | "stale" | "unreachable";

/** Tries that must fail in a row before the master counts as unreachable; one alone may be a blip. */
const UNREACHABLE_FAILURES = 2;
/** An answer older than this many intervals is stale, even if no try has failed yet. */
const OVERDUE_INTERVALS = 4;

class Connection {
  #poll = $state.raw<Poll<unknown>>();

  state: ConnectionState = $derived.by(() => {
    const poll = this.#poll;
    if (poll === undefined) return "connecting";
    if (poll.failures >= UNREACHABLE_FAILURES) return "unreachable";
    if (poll.failures > 0) return "stale";
    if (poll.failure !== undefined) return "live";
    if (poll.receivedAtMs === undefined) return "connecting";
    return clock.nowMs - poll.receivedAtMs > OVERDUE_INTERVALS * poll.intervalMs ? "stale" : "live";
  });

  /** When what is on screen was heard, epoch milliseconds. */
  get receivedAtMs(): number | undefined {
    return this.#poll?.receivedAtMs;
  }

  /** Why the last try failed, in words. */
  get cause(): string | undefined {
    return this.#poll?.failure?.message;
  }

  /** When the next try is due, epoch milliseconds. */
  get nextTryAtMs(): number | undefined {
    return this.#poll?.nextTryAtMs;
  }

  /** Asks the master at once. */
  retry = (): void => this.#poll?.anew();

  /** Runs the poll that feeds the view on screen. Returns what stops it. */
  watch(poll: Poll<unknown>): () => void {
    this.#poll = poll;
    const stop = poll.start();
    return () => {
      stop();
      if (this.#poll === poll) this.#poll = undefined;
    };
  }
}

export const connection = new Connection();
