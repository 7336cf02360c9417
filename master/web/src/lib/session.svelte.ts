// Who is looking, as far as the master has said.

import type { SessionInfo } from "./model";

/** `asking`: not known yet. `closed`: a login is needed before anything else. */
export type SessionState = "asking" | "open" | "closed";

class Session {
  state = $state<SessionState>("asking");
  /** What people call the provider that they may log in at. */
  provider = $state<string>();
  #info = $state.raw<SessionInfo>();

  /** The user who is logged in. */
  get user(): SessionInfo["user"] {
    return this.#info?.user;
  }

  /** Whether who is looking may change servers; the master looks at it again. */
  get isOperator(): boolean {
    const role = this.user?.role;
    return role === "operator" || role === "admin";
  }

  /** Whether anybody on the master's host may read, because there are no users. */
  get isDevelopment(): boolean {
    return this.state === "open" && this.#info?.mode === "development";
  }

  /** The master has said who is looking. */
  hear = (info: SessionInfo): void => {
    this.#info = info;
    this.provider = info.provider ?? this.provider;
    this.state = info.mode === "development" || info.user !== undefined ? "open" : "closed";
  };

  /** The master has not said it. */
  unknown = (): void => {
    if (this.state === "asking") this.state = "open";
  };

  /** The master asks for a login. */
  ended = (): void => {
    this.#info = undefined;
    this.state = "closed";
  };
}

export const session = new Session();
