// Code that is loaded when it is first wanted. A master that is away for a moment must not cost the page a part of
// itself for good, so what did not come is asked for again until it has.

import { delayMs } from "./backoff";

export class Lazy<T> {
  /** What was loaded. */
  value = $state.raw<T>();
  /** The last try failed, and the next is to come. */
  failing = $state(false);

  #load: () => Promise<T>;
  #failures = 0;
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(load: () => Promise<T>) {
    this.#load = load;
  }

  /** Loads it, unless it is here or on its way. While it waits to try again, this tries at once. Settles with this try. */
  want = async (): Promise<void> => {
    if (this.value !== undefined || this.#busy) return;
    clearTimeout(this.#timer);
    this.#busy = true;
    await this.#load().then(this.#came, this.#failed);
  };

  #came = (value: T): void => {
    this.#busy = false;
    this.failing = false;
    this.value = value;
  };

  #failed = (): void => {
    this.#busy = false;
    this.failing = true;
    this.#failures += 1;
    this.#timer = setTimeout(this.want, delayMs(0, this.#failures, Math.random()));
  };
}
