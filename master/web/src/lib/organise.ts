// What operators say about a server, as a form holds it, and what of it is to be changed.

import type { Server, ServerPatch } from "./model";

/** What the form's fields hold. */
export interface Said {
  displayName: string;
  group: string;
  /** With spaces or commas between them. */
  tags: string;
  notes: string;
  inMaintenance: boolean;
  reason: string;
  /** As a `datetime-local` field has it, in the viewer's zone; empty where the end is open. */
  until: string;
}

/** What is said now. */
export function saidOf({ displayName, group, tags, notes, maintenance }: Server): Said {
  return {
    displayName: displayName ?? "",
    group: group ?? "",
    tags: tags?.join(" ") ?? "",
    notes: notes ?? "",
    inMaintenance: maintenance !== undefined,
    reason: maintenance?.reason ?? "",
    until: localOf(maintenance?.until),
  };
}

/** What has become another since the form was opened: what somebody else changed meanwhile stays. */
export function patchOf(before: Said, after: Said): ServerPatch {
  const patch: ServerPatch = {};
  for (const field of ["displayName", "group", "notes"] as const) {
    if (after[field].trim() !== before[field]) patch[field] = textOf(after[field]);
  }
  if (tagsOf(after.tags).join(" ") !== before.tags) patch.tags = tagsOf(after.tags);
  if (!after.inMaintenance) {
    if (before.inMaintenance) patch.maintenance = null;
    return patch;
  }
  const maintenance: NonNullable<ServerPatch["maintenance"]> = {};
  if (after.reason.trim() !== before.reason) maintenance.reason = textOf(after.reason);
  if (after.until !== before.until) maintenance.until = after.until === "" ? null : new Date(after.until).toISOString();
  if (!before.inMaintenance || Object.keys(maintenance).length > 0) patch.maintenance = maintenance;
  return patch;
}

function textOf(text: string): string | null {
  return text.trim() === "" ? null : text.trim();
}

/** The tags of a field, in the master's order. */
export function tagsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).filter((tag) => tag !== ""))].sort();
}

/** A time as a `datetime-local` field has it, to the minute. */
function localOf(iso: string | undefined): string {
  if (iso === undefined) return "";
  const time = new Date(iso);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
