// How urgent a container is, and the words for its state.

import { titleOf } from "./fleet";
import type { Container, ServerSummary } from "./model";

/** How a state is to be read: nobody needs to look, somebody may, somebody should. */
export type Tone = "good" | "idle" | "warn" | "bad";

/** The containers somebody should look at first, then by name. */
export function byUrgency(containers: readonly Container[]): Container[] {
  return [...containers].sort((a, b) => urgency(a) - urgency(b) || a.name.localeCompare(b.name, "en"));
}

/** A container and the server it is on. */
export interface Placed {
  container: Container;
  server: Pick<ServerSummary, "id" | "name" | "displayName">;
}

/** What is asked for; empty: any. */
export interface ContainerFilter {
  /** In its name or image, whatever the case. */
  words: string;
  state: string;
  /** A server's name, not what it is shown as. */
  server: string;
  project: string;
  image: string;
}

/** A container's state in a word: an unhealthy one runs, and is not well. */
export function stateOf(container: Container): string {
  return container.status === "running" && container.health === "unhealthy" ? "unhealthy" : container.status;
}

/** Those that are asked for, the ones somebody should look at first in front, then by name and server. */
export function placedByUrgency(all: readonly Placed[], filter: ContainerFilter): Placed[] {
  const words = filter.words.trim().toLocaleLowerCase();
  const wanted = all.filter(
    ({ container, server }) =>
      (filter.state === "" || stateOf(container) === filter.state) &&
      (filter.server === "" || server.name === filter.server) &&
      (filter.project === "" || container.composeProject === filter.project) &&
      (filter.image === "" || imageOf(container.image).name === filter.image) &&
      (container.name.toLocaleLowerCase().includes(words) || container.image.toLocaleLowerCase().includes(words)),
  );
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return wanted.sort(
    (a, b) =>
      urgency(a.container) - urgency(b.container) || compare(a.container.name, b.container.name) || compare(titleOf(a.server), titleOf(b.server)),
  );
}

/** How a container's state is to be read; its health stands beside it. */
export function toneOf(container: Container): Tone {
  switch (container.status) {
    case "restarting":
      return "bad";
    case "exited":
      return failed(container) ? "bad" : "idle";
    case "paused":
      return "warn";
    case "running":
      return "good";
  }
}

/** Only a container that stopped has an exit code that means something; a running one reports 0. */
export function exitCode(container: Container): number | undefined {
  return container.status === "exited" || container.status === "restarting" ? (container.exitCode ?? undefined) : undefined;
}

/** An image's name and its version: the tag, or the beginning of a digest. A registry's port is no tag. */
export function imageOf(image: string): { name: string; version: string } {
  const [named = "", digest] = image.split("@");
  const tag = /:([^:/]+)$/.exec(named)?.[1] ?? "";
  const name = tag === "" ? named : named.slice(0, -tag.length - 1);
  return { name, version: tag || (digest?.slice(0, DIGEST_SHOWN) ?? "") };
}

/** As many characters of a digest tell images apart: `sha256:` and 12 digits. */
const DIGEST_SHOWN = 19;

/** Exited, and not by its own will. */
function failed(container: Container): boolean {
  return container.status === "exited" && container.exitCode !== null && container.exitCode !== 0;
}

function urgency(container: Container): number {
  if (container.status === "running" && container.health === "unhealthy") return 0;
  if (container.status === "restarting") return 1;
  if (container.status === "exited") return failed(container) ? 2 : 3;
  if (container.status === "paused") return 4;
  return container.health === "starting" ? 5 : 6;
}
