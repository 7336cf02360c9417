// What public/early.js has asked for before this code was there.

/** As much of a response as the page looks at. */
export type Answer = Pick<Response, "ok" | "status" | "headers" | "json">;

interface Early extends Omit<Answer, "json"> {
  /** When it came, by the viewer's clock, epoch milliseconds. */
  atMs: number;
  body: unknown;
}

export type EarlyAnswer = Answer & Pick<Early, "atMs">;

declare global {
  /** By address; `undefined` where nothing came, or the list was not asked for. */
  var neonEarly: Map<string, Promise<Early | undefined>> | undefined;
}

/** Present while the session is open: the list is then asked for at the same time as who is looking. */
export const OPEN_KEY = "neon.open";
/** The frame is shown without them then, milliseconds. */
const WAIT_MS = 200;

/** Settles when all answers are here, so that they are in the first picture, or when they take too long to wait for. */
export async function earlyAnswers(): Promise<void> {
  if (globalThis.neonEarly === undefined) return;
  await Promise.race([Promise.all(globalThis.neonEarly.values()), new Promise((resolve) => setTimeout(resolve, WAIT_MS))]);
}

/**
 * The answer to a question that was asked already. It is given once, and a refusal never: the question may be right by now.
 * Rejects with the reason of `signal` as soon as nobody waits any more.
 */
export async function takeEarly(url: string, signal?: AbortSignal): Promise<EarlyAnswer | undefined> {
  const asked = globalThis.neonEarly?.get(url);
  if (asked === undefined) return undefined;
  globalThis.neonEarly?.delete(url);
  const early = await (signal === undefined ? asked : Promise.race([asked, aborted(signal)]));
  return early?.ok ? { ok: true, status: early.status, headers: early.headers, atMs: early.atMs, json: async () => early.body } : undefined;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** For the next time that the page is loaded. */
export function rememberOpen(isOpen: boolean): void {
  // What was asked for one who is gone is for nobody else.
  if (!isOpen) globalThis.neonEarly = undefined;
  try {
    if (isOpen) localStorage.setItem(OPEN_KEY, "");
    else localStorage.removeItem(OPEN_KEY);
  } catch {
    // Storage is blocked: the list waits for the session each time.
  }
}
