// One ticking clock for every relative time on the page. It stands still while nobody looks.

/** How far apart two ticks are, milliseconds. */
const TICK_MS = 1000;

let now = $state(Date.now());

export const clock = {
  /** The viewer's time in epoch milliseconds, at most one tick old. */
  get nowMs(): number {
    return now;
  },
};

function tick(): void {
  if (!document.hidden) now = Date.now();
}

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", tick);
