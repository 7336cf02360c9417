// Who is looking, as far as the master has said.

import { delayMs } from "./backoff";
import type { SessionInfo } from "./model";

/** `asking`: not known yet. `closed`: a login is needed before anything else. */
export type SessionState = "asking" | "open" | "closed";

export class Session {
  state = $state<SessionState>("asking");
  /** What people call the provider that they may log in at. */
  provider = $state<string>();
  /** Counts those whose views were shown: another one's begin anew. */
  viewer = $state(0);
  #info = $state.raw<SessionInfo>();
  #forgets: (() => void)[] = [];

  /** The user who is logged in, or who was when the session was interrupted. */
  get user(): SessionInfo["user"] {
    return this.#info?.user;
  }

  /** Whether who is looking may change servers; the master looks at it again. */
  get isOperator(): boolean {
    const role = this.user?.role;
    return role === "operator" || role === "admin";
  }

  /** The session has ended by itself: its user's views wait, unseen, for the same user to be back. */
  get isInterrupted(): boolean {
    return this.state === "closed" && this.user !== undefined;
  }

  /** Whether anybody on the master's host may read, because there are no users. */
  get isDevelopment(): boolean {
    return this.state === "open" && this.#info?.mode === "development";
  }

  /** The master has said who is looking. */
  hear = (info: SessionInfo): void => {
    if (info.user?.id !== this.user?.id) this.#forget();
    this.#info = info;
    this.provider = info.provider ?? this.provider;
    this.state = info.mode === "development" || info.user !== undefined ? "open" : "closed";
  };

  /**
   * Asks who is looking, and again until the master has said it. Meanwhile the views ask and say what is wrong, and nobody is
   * offered what takes a role.
   */
  learn = async (ask: () => Promise<SessionInfo>): Promise<void> => {
    for (let failures = 1; this.#info === undefined; failures += 1) {
      try {
        const info = await ask();
        // Who has logged in meanwhile is known.
        if (this.#info === undefined) this.hear(info);
        return;
      } catch {
        if (this.state === "asking") this.state = "open";
      }
      await new Promise((resolve) => setTimeout(resolve, delayMs(0, failures, Math.random())));
    }
  };

  /** The master asks for a login. What its user had on screen is kept for when they are back. */
  ended = (): void => {
    this.state = "closed";
  };

  /** The user has gone, and leaves nothing. */
  left = (): void => {
    this.#forget();
    this.#info = undefined;
    this.state = "closed";
  };

  /** Calls `forget` before another user sees anything: for what is kept outside of views. */
  onForget(forget: () => void): void {
    this.#forgets.push(forget);
  }

  #forget(): void {
    this.viewer += 1;
    for (const forget of this.#forgets) forget();
  }
}

export const session = new Session();
