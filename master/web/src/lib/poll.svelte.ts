// Asks one question again and again, keeps the last good answer, and knows how old it is.

import { untrack } from "svelte";

import { ApiError } from "./api";
import { delayMs } from "./backoff";
import { session } from "./session.svelte";

/**
 * One repeated question to the master.
 *
 * It runs between `start()` and the function that returns, and pauses while the tab is hidden. A failure leaves
 * `data` as it was: what was last heard stays on screen, with its age.
 */
export class Poll<T> {
  /** The last good answer. */
  data = $state.raw<T>();
  /** When it arrived, epoch milliseconds by the viewer's clock. */
  receivedAtMs = $state<number>();
  /** Why the last try gave none; gone with the next success. */
  failure = $state.raw<ApiError>();
  /** Tries in a row without an answer from a working master. A refusal (4xx) is an answer. */
  failures = $state(0);
  /** When the first of these was, epoch milliseconds. */
  failingSinceMs = $state<number>();
  /** When the next try is due, epoch milliseconds; absent while one is under way or the poll rests. */
  nextTryAtMs = $state<number>();

  /** Time from an answer to the next question. */
  intervalMs = $state(0);
  #question: (signal: AbortSignal) => Promise<T>;
  #running = false;
  /** Somebody wants to know what is true after the request under way began. */
  #isWantedAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;

  constructor(question: (signal: AbortSignal) => Promise<T>, intervalMs: number) {
    this.#question = question;
    this.intervalMs = intervalMs;
  }

  /**
   * Asks at once and then on the interval. Returns what stops it.
   *
   * For an effect: it runs again when a login is needed, and asks nothing until there was one. Nothing else that is read here
   * starts it anew, whatever the question looks at.
   */
  start(): () => void {
    return session.state === "closed" ? () => undefined : untrack(() => this.#start());
  }

  #start(): () => void {
    this.#running = true;
    document.addEventListener("visibilitychange", this.#onVisibility);
    window.addEventListener("online", this.anew);
    this.anew();
    return () => this.#stop();
  }

  /**
   * Asks at once, whatever the back-off says; where a request is under way, once more after it, however often this is called
   * meanwhile. It is not given up: who is called more often than the master answers would never hear anything.
   */
  now = (): void => {
    if (this.#request === undefined) this.anew();
    else this.#isWantedAgain = true;
  };

  /** Asks at once, and gives up the request under way: its answer may be older than what was done, or never come. */
  anew = (): void => {
    if (!this.#running || document.hidden) return;
    this.#rest();
    void this.#ask();
  };

  /** What is on screen is as the master has just said by other ways. */
  heard(): void {
    if (this.failures === 0) this.receivedAtMs = Date.now();
  }

  #stop(): void {
    this.#running = false;
    document.removeEventListener("visibilitychange", this.#onVisibility);
    window.removeEventListener("online", this.anew);
    this.#rest();
  }

  /** Neither a request nor a timer after this. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#request = undefined;
    this.#isWantedAgain = false;
    this.nextTryAtMs = undefined;
  }

  #onVisibility = (): void => {
    if (document.hidden) this.#rest();
    else this.anew();
  };

  async #ask(): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    try {
      const data = await this.#question(request.signal);
      if (request.signal.aborted) return;
      this.data = data;
      this.receivedAtMs = Date.now();
      this.#answered(undefined);
    } catch (cause) {
      if (request.signal.aborted) return;
      this.#failed(cause);
    }
    this.#request = undefined;
    this.#schedule();
  }

  #failed(cause: unknown): void {
    const failure = cause instanceof ApiError ? cause : new ApiError(0, String(cause));
    if (failure.refused) return this.#answered(failure);
    this.failure = failure;
    this.failures += 1;
    this.failingSinceMs ??= Date.now();
  }

  #answered(refusal: ApiError | undefined): void {
    this.failure = refusal;
    this.failures = 0;
    this.failingSinceMs = undefined;
  }

  #schedule(): void {
    const isWantedAgain = this.#isWantedAgain;
    this.#isWantedAgain = false;
    if (isWantedAgain && this.failure === undefined) return this.anew();
    // Two failures in one moment would look like a master that is away.
    const waitMs = delayMs(this.intervalMs, isWantedAgain ? 1 : this.failures, Math.random());
    this.nextTryAtMs = Date.now() + waitMs;
    this.#timer = setTimeout(this.now, waitMs);
  }
}
