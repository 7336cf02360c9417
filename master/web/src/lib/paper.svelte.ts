// Printing. What is left out of a page because nobody sees it yet is on the paper all the same.

import { flushSync } from "svelte";

/** Time between two looks at whether everything is there, and for how long that is waited for, milliseconds. */
const LOOK_MS = 100;
const PATIENCE_MS = 15_000;

let isPrinting = $state(false);
let isPreparing = $state(false);
const awaited = new Set<() => boolean>();

// At once: the browser takes the page as it is when this returns, and what it draws then in the microtasks after it.
addEventListener("beforeprint", () => flushSync(() => (isPrinting = true)));
addEventListener("afterprint", () => (isPrinting = false));

const isReady = () => [...awaited].every((isThere) => isThere());

export const paper = {
  /** Whether everything has to be made, seen or not. */
  get isWanted(): boolean {
    return isPrinting || isPreparing;
  },

  /** Paper waits until this says true. Returns what takes that back. */
  awaits(isThere: () => boolean): () => void {
    awaited.add(isThere);
    return () => awaited.delete(isThere);
  },

  /** Prints the page once it has what it lacks, or as it is where that does not come. */
  async print(): Promise<void> {
    if (isPreparing) return;
    flushSync(() => (isPreparing = true));
    const untilMs = Date.now() + PATIENCE_MS;
    do await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    while (!isReady() && Date.now() < untilMs);
    window.print();
    isPreparing = false;
  },

  /** For the window's keydown: the browser's own printing does not wait, so that the keys for it are ours while something lacks. */
  onKey(event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== "p" || event.shiftKey || event.altKey || event.ctrlKey === event.metaKey || isReady()) return;
    event.preventDefault();
    void paper.print();
  },
};
