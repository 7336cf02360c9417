// Services: which of them say more than their containers do, how they are read, and in what order.

import type { Tone } from "./containers";
import { titleOf } from "./fleet";
import { text } from "./language.svelte";
import type { ServerSummary, Service, ServiceStatus } from "./model";

/** Every status, the one to look at first in front. */
export const SERVICE_STATUSES: readonly ServiceStatus[] = ["down", "degraded", "healthy"];

export const SERVICE_TONES: Record<ServiceStatus, Tone> = { healthy: "good", degraded: "warn", down: "bad" };

/** A service and the server it is on. */
export interface PlacedService {
  service: Service;
  server: Pick<ServerSummary, "id" | "name" | "displayName">;
}

/** What is asked for; empty: any. */
export interface ServiceFilter {
  /** In its name or description, whatever the case. */
  words: string;
  status: string;
  /** A server's name, not what it is shown as. */
  server: string;
  project: string;
}

/** Grouped or described by labels; a lone container without any is listed as a container already. */
export function isDescribed(service: Service): boolean {
  return service.project !== null || service.type !== null || service.description !== null || service.dependsOn.length > 0;
}

/** What is down first, then by project and name. */
export function servicesByUrgency(services: readonly Service[]): Service[] {
  return [...services].sort(byUrgency);
}

/** Those that are asked for, what is down first, then by project, name and server. */
export function placedServices(all: readonly PlacedService[], filter: ServiceFilter): PlacedService[] {
  const words = filter.words.trim().toLocaleLowerCase();
  const holds = (text: string | null) => text?.toLocaleLowerCase().includes(words) ?? false;
  const wanted = all.filter(
    ({ service, server }) =>
      (filter.status === "" || service.status === filter.status) &&
      (filter.server === "" || server.name === filter.server) &&
      (filter.project === "" || service.project === filter.project) &&
      (holds(service.name) || holds(service.description)),
  );
  return wanted.sort((a, b) => byUrgency(a.service, b.service) || titleOf(a.server).localeCompare(titleOf(b.server), "en", { numeric: true }));
}

/** The names of what it needs, in a line. */
export function needsOf(service: Service): string {
  return [...service.dependsOn, ...service.optionalDependsOn.map((name) => text.services.optional(name))].join(", ");
}

function byUrgency(a: Service, b: Service): number {
  const rank = (service: Service) => SERVICE_STATUSES.indexOf(service.status);
  const title = (service: Service) => `${service.project ?? ""}/${service.name}`;
  return rank(a) - rank(b) || title(a).localeCompare(title(b), "en");
}
