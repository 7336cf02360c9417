// The master's API as the settings use it: users, one's own account, API tokens, the audit log, and what is stored.

import { ApiError, changeServer, getJson, send, serversOfGroup, unlessGone } from "./api";
import { text } from "./language.svelte";
import type { ApiToken, AuditAction, AuditEntry, Enrolment, NewToken, Role, SecondFactor, SessionDetail, StorageInfo, UserDetail } from "./model";

/** Lines of the audit log in one answer. */
export const AUDIT_LINES = 50;

/** How long the list of sessions may take, milliseconds. */
const LIST_MS = 10_000;

export const users = (signal: AbortSignal): Promise<UserDetail[]> => getJson("/api/users", signal);
export const addUser = (user: { name: string; role: Role; password: string }): Promise<UserDetail> => send("POST", "/api/users", user);
export const changeUser = (id: number, patch: { role?: Role; password?: string; isDisabled?: boolean }): Promise<UserDetail> =>
  send("PATCH", `/api/users/${id}`, patch);
export const removeUser = (id: number): Promise<void> => send("DELETE", `/api/users/${id}`);
export const resetSecondFactor = (id: number): Promise<void> => send("DELETE", `/api/users/${id}/second-factor`);

export const changePassword = (current: string, password: string): Promise<void> => send("POST", "/api/account/password", { current, password });
export const sessions = (signal: AbortSignal): Promise<SessionDetail[]> => getJson("/api/account/sessions", signal);
/** One that is gone already is as good. */
export const endSession = async (id: string): Promise<void> => {
  await unlessGone(send("DELETE", `/api/account/sessions/${id}`));
};

/** What came of ending several: how many have ended, how many have not, and what the master said about those. */
export interface Ended {
  ended: number;
  left: number;
  reasons: readonly string[];
}

/** Ends every session but the one that asks, one after the other: the API has no call for all. */
export async function endOtherSessions(): Promise<Ended> {
  const others = (await sessions(AbortSignal.timeout(LIST_MS))).filter(({ isCurrent }) => !isCurrent);
  const reasons = new Set<string>();
  let ended = 0;
  for (const { id } of others) {
    try {
      await endSession(id);
      ended += 1;
    } catch (cause) {
      reasons.add(cause instanceof Error ? cause.message : String(cause));
      // Where the master is away, or asks for a login, it does so for the next one, too.
      if (!(cause instanceof ApiError && cause.refused) || cause.status === 401) break;
    }
  }
  return { ended, left: others.length - ended, reasons: [...reasons] };
}

/** What came of changing servers one after the other: how many were, of how many, and what the master said about the next. */
export interface Changed {
  changed: number;
  all: number;
  reason: string | undefined;
}

/** Puts each server of a group into another one, or into none: a group is what its servers say, and the API has no call for all. */
export async function moveGroup(from: string, to: string | null, progress: (changed: number, all: number) => void): Promise<Changed> {
  const members = await serversOfGroup(from);
  const all = members.length;
  let changed = 0;
  for (const { id } of members) {
    progress(changed, all);
    try {
      // One that was removed meanwhile is in no group any more.
      if ((await unlessGone(changeServer(id, { group: to }))) !== undefined) changed += 1;
    } catch (cause) {
      // What is wrong with one is wrong with the next, too.
      return { changed, all, reason: cause instanceof Error ? cause.message : String(cause) };
    }
  }
  return { changed, all, reason: undefined };
}

export const secondFactor = (signal: AbortSignal): Promise<SecondFactor> => getJson("/api/account/second-factor", signal);
export const beginSecondFactor = (password: string): Promise<Enrolment> => send("POST", "/api/account/second-factor", { password });
export const confirmSecondFactor = (code: string): Promise<{ recoveryCodes: string[] }> => send("POST", "/api/account/second-factor/confirm", { code });
export const endSecondFactor = (password: string): Promise<void> => send("POST", "/api/account/second-factor/off", { password });
export const makeRecoveryCodes = (password: string): Promise<{ recoveryCodes: string[] }> =>
  send("POST", "/api/account/second-factor/recovery-codes", { password });

export const tokens = (signal: AbortSignal): Promise<ApiToken[]> => getJson("/api/tokens", signal);
export const addToken = (token: { name: string; scope: ApiToken["scope"]; serverId?: number }): Promise<NewToken> => send("POST", "/api/tokens", token);
export const revokeToken = (id: number): Promise<void> => send("DELETE", `/api/tokens/${id}`);

/** The lines before `before`, or the newest. */
export const audit = (before: number | undefined, signal: AbortSignal): Promise<AuditEntry[]> =>
  getJson(`/api/audit?limit=${AUDIT_LINES}${before === undefined ? "" : `&before=${before}`}`, signal);

export const storage = (signal: AbortSignal): Promise<StorageInfo> => getJson("/api/storage", signal);
export const version = async (signal: AbortSignal): Promise<string> => (await getJson<{ version: string }>("/healthz", signal)).version;

/** Each may do what those before it may. */
export const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** What was done, in words: those of the API, which are words, where a newer master has some that this page does not know. */
export function wordsOf(action: AuditAction): string {
  const known: string | undefined = text.audit.actions[action];
  if (known !== undefined) return known;
  const words = action.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
