// The master's API: one function per call, answers as the master documents them.
// URLs are relative to the origin the page came from; nothing else is ever asked.

import { clock } from "./clock.svelte";
import { takeEarly, type Answer } from "./early";
import { text } from "./language.svelte";
import type { Activity, EnrolmentCode, EnrolmentAnswer, EnrolmentRequest, Sample, Series, Server, ServerCount, ServerPatch, ServerSummary, SessionInfo, Trends } from "./model";
import { SERVERS_PER_PAGE, serversPage } from "./paging";
import { session } from "./session.svelte";
import type { Span } from "./timerange";

/** Past this the master counts as not answering, milliseconds. */
const TIMEOUT_MS = 10_000;

/** Why a call gave no data. `status` is the HTTP status, or 0 where no answer came. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** The password was right, and a code is needed, or another one. */
    readonly codeNeeded = false,
  ) {
    super(message);
  }

  /** The master itself said no (4xx): it is well, the question was wrong. */
  get refused(): boolean {
    return this.status >= 400 && this.status < 500;
  }
}

/** `GET /api/servers`, by name, page after page: all that there are. `sofar` is told of each page but the last. */
export function servers(signal: AbortSignal, sofar?: (servers: ServerSummary[], total: number) => void): Promise<ServerSummary[]> {
  return everyPage(serversPage, signal, sofar);
}

/** The same of those in a group. */
export function serversOfGroup(group: string): Promise<ServerSummary[]> {
  return everyPage((last) => serversPage(last, group));
}

async function everyPage(
  addressOf: (last?: number) => string,
  signal?: AbortSignal,
  sofar?: (servers: ServerSummary[], total: number) => void,
): Promise<ServerSummary[]> {
  const all: ServerSummary[] = [];
  for (let last: number | undefined; ; last = all.at(-1)?.id) {
    const { body, total } = await getPage<ServerSummary>(addressOf(last), signal);
    all.push(...body);
    if (body.length < SERVERS_PER_PAGE) return all;
    sofar?.([...all], total);
  }
}

/** Undefined where the master has none of it (any more). */
export async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (cause) {
    if (cause instanceof ApiError && cause.status === 404) return undefined;
    throw cause;
  }
}

/** Servers that a search for a name shows. */
const NAMED_MAX = 8;

/** `GET /api/servers`: the first few whose name or host name has `name` in it. */
export function serversNamed(name: string, signal: AbortSignal): Promise<ServerSummary[]> {
  return getJson(`/api/servers?${new URLSearchParams({ search: name, limit: String(NAMED_MAX) }).toString()}`, signal);
}

/** `GET /api/trends`: CPU and memory of up to a hundred servers over the last hours. */
export function trends(ids: readonly number[], signal: AbortSignal): Promise<Trends> {
  return getJson(`/api/trends?servers=${ids.join(",")}`, signal);
}

/** `GET /api/servers/{id}`: facts, containers and services. */
export function server(id: number, signal: AbortSignal): Promise<Server> {
  return getJson(`/api/servers/${id}`, signal);
}

/** `PATCH /api/servers/{id}`: what operators say about it; what is absent stays, and null takes away. */
export function changeServer(id: number, patch: ServerPatch): Promise<Server> {
  return send("PATCH", `/api/servers/${id}`, patch);
}

/** `DELETE /api/servers/{id}`: with all its data. One that is gone already is as good. */
export async function deleteServer(id: number): Promise<void> {
  await unlessGone(send("DELETE", `/api/servers/${id}`));
}

/** `POST /api/servers/{id}/merge`: the history of `from` goes to it, and `from` is gone. */
export function mergeServer(id: number, from: number): Promise<void> {
  return send("POST", `/api/servers/${id}/merge`, { from });
}

/** `GET /api/groups`: by name, with how many servers each has. */
export function groups(signal?: AbortSignal): Promise<ServerCount[]> {
  return getJson("/api/groups", signal);
}

/** `GET /api/servers/{id}/metrics`: fields over a stretch of time, oldest first. */
export function series(id: number, query: { span: Span; points: number; fields: readonly string[] }, signal: AbortSignal): Promise<Series> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const { span, points, fields } = query;
  const parameters = { from: iso(span.fromMs), to: iso(span.toMs), points: String(points), fields: fields.join(",") };
  return getJson(`/api/servers/${id}/metrics?${new URLSearchParams(parameters).toString()}`, signal);
}

/** `GET /api/servers/{id}/metrics/latest`: the newest sample whole; 404 where there is none. */
export function latest(id: number, signal: AbortSignal): Promise<Sample> {
  return getJson(`/api/servers/${id}/metrics/latest`, signal);
}

/** `GET /api/activities`: what happened, newest first, of all servers or of one; and what follows the event `before` there. */
export function activities(query: { limit: number; serverId?: number; before?: string }, signal: AbortSignal): Promise<Activity[]> {
  const parameters = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return getJson(`/api/activities?${new URLSearchParams(parameters).toString()}`, signal);
}

/** `GET /api/enrolments`: enrolment codes, oldest first, without what they are sent as. */
export function enrolments(signal: AbortSignal): Promise<EnrolmentCode[]> {
  return getJson("/api/enrolments", signal);
}

/** `POST /api/enrolments`: a new code, shown this once. */
export function enrol(request: EnrolmentRequest): Promise<EnrolmentAnswer> {
  return send("POST", "/api/enrolments", request);
}

/** `DELETE /api/enrolments/{id}`. One that is gone already is as good. */
export async function revokeEnrolment(id: number): Promise<void> {
  await unlessGone(send("DELETE", `/api/enrolments/${id}`));
}

/** `POST /api/servers/{id}/credential/rotate`: a code for the server's next credential, shown this once. */
export function rotateCredential(id: number, expiresInSeconds: number): Promise<EnrolmentAnswer> {
  return send("POST", `/api/servers/${id}/credential/rotate`, { expiresInSeconds });
}

/** `DELETE /api/servers/{id}/credential`: what the server registers with is refused from now on. */
export function revokeCredential(id: number): Promise<void> {
  return send("DELETE", `/api/servers/${id}/credential`);
}

/** `GET /api/session`: who is asking, and whether a login is needed. */
export function sessionInfo(): Promise<SessionInfo> {
  return getJson("/api/session");
}

/** `POST /api/login`. The session itself is a cookie that no script sees. */
export async function login(name: string, password: string, code: string): Promise<SessionInfo> {
  const response = await ask("/api/login", change("POST", { name, password, ...(code === "" ? {} : { code }) }));
  return bodyOf(response);
}

/** `POST /api/logout`. A session that is gone already is as good. */
export async function logout(): Promise<void> {
  const response = await ask("/api/logout", change("POST"));
  if (!response.ok && response.status !== 401) throw await refusal(response);
}

/** A request that changes something, and what it answers; nothing where that is nothing. */
export async function send<T = void>(method: "POST" | "PATCH" | "DELETE", url: string, body?: unknown): Promise<T> {
  const response = await ask(url, change(method, body));
  if (response.status === 401) session.ended();
  // Done, or begun: neither has a body.
  if (response.status === 204 || response.status === 202) return undefined as T;
  return bodyOf(response);
}

/** What such a request looks like; the header shows that it comes from this page. */
function change(method: string, body?: unknown): RequestInit {
  const json = body === undefined ? null : JSON.stringify(body);
  return { method, body: json, headers: { "Content-Type": "application/json", "X-Neon-Request": "1" } };
}

export async function getJson<T>(url: string, signal?: AbortSignal): Promise<T> {
  return bodyOf(await get(url, signal), signal);
}

/** One page of a list, and how many there are on all. */
async function getPage<T>(url: string, signal?: AbortSignal): Promise<{ body: T[]; total: number }> {
  const response = await get(url, signal);
  return { body: await bodyOf<T[]>(response, signal), total: Number(response.headers.get("X-Total-Count")) };
}

async function get(url: string, signal?: AbortSignal): Promise<Answer> {
  const early = await takeEarly(url, signal);
  if (early !== undefined) {
    clock.hear(early.headers.get("Date"), early.atMs);
    return early;
  }
  const response = await ask(url, { headers: { Accept: "application/json" } }, signal);
  if (response.status === 401) session.ended();
  return response;
}

async function ask(url: string, request: RequestInit, signal?: AbortSignal): Promise<Response> {
  const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])];
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.any(signals) });
    clock.hear(response.headers.get("Date"));
    return response;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const timedOut = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new ApiError(0, timedOut ? text.failures.timeout(TIMEOUT_MS / 1000) : text.failures.noConnection);
  }
}

async function bodyOf<T>(response: Answer, signal?: AbortSignal): Promise<T> {
  if (!response.ok) throw await refusal(response);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, text.failures.noJson);
  }
}

/** With the master's sentence where it gave one, else the status. */
async function refusal(response: Answer): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const isRefusal = typeof body === "object" && body !== null && "error" in body;
  const sentence = isRefusal && typeof body.error === "string" ? body.error : text.failures.status(response.status);
  return new ApiError(response.status, sentence, isRefusal && "codeNeeded" in body && body.codeNeeded === true);
}
