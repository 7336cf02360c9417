/** How long a state may take to come, milliseconds. Only a failure ever waits this long. */
const DEADLINE_MS = 20_000;
const PAUSE_MS = 50;

/** Waits until `state` is true; past the deadline it fails with what was waited for. */
export async function until(what: string, state: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await state())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
