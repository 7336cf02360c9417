// Asks the master for what the first view shows while the page's own code is still on its way. src/lib/early.ts hands the answers
// on, and owns the keys.
{
  const TIMEOUT_MS = 10_000;
  const ask = (url) =>
    fetch(url, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(TIMEOUT_MS) })
      .then(async (answer) => ({ ok: answer.ok, status: answer.status, headers: answer.headers, atMs: Date.now(), body: await answer.json() }))
      // Whatever went wrong, the page asks again and says what is.
      .catch(() => undefined);

  // Asked first: to look into the storage for the first time takes longer than the answer.
  const session = ask("/api/session");
  let wasOpen = false;
  try {
    wasOpen = localStorage.getItem("neon.open") !== null;
  } catch {
    // Storage is blocked: the list waits for the session.
  }
  window.neonEarly = new Map([["/api/session", session]]);
  if (location.pathname === "/") {
    const list = "/api/servers?limit=1000";
    const isOpen = (said) => said?.ok && (said.body.mode === "development" || said.body.user !== undefined);
    window.neonEarly.set(list, wasOpen ? ask(list) : session.then((said) => (isOpen(said) ? ask(list) : undefined)));
  }
}
