// One ticking clock for every relative time on the page. It stands still while nobody looks.

/** How far apart two ticks are, milliseconds. */
const TICK_MS = 1000;
/** The master's clock comes in whole seconds and takes a moment to travel: less than this is no difference. */
const TOLERANCE_MS = 3000;

let now = $state(Date.now());
/** What the viewer's clock lacks to the master's, milliseconds. */
let behindMs = $state(0);

export const clock = {
  /** The viewer's time in epoch milliseconds, at most one tick old. */
  get nowMs(): number {
    return now;
  },

  /** The same moment by the master's clock, which dates what it tells: the viewer's own may be minutes off. */
  get masterNowMs(): number {
    return now + behindMs;
  },

  /** Takes note of the `Date` header of an answer that came at `atMs`, or just now. */
  hear(date: string | null, atMs = Date.now()): void {
    const differenceMs = Date.parse(date ?? "") - atMs;
    if (!Number.isNaN(differenceMs)) behindMs = Math.abs(differenceMs) < TOLERANCE_MS ? 0 : differenceMs;
  },
};

function tick(): void {
  if (!document.hidden) now = Date.now();
}

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", tick);
