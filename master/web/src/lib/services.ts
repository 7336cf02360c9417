// Services: which of them say more than their containers do, and in what order they are read.

import type { Service, ServiceStatus } from "./model";

const URGENCY: readonly ServiceStatus[] = ["down", "degraded", "healthy"];

/** Grouped or described by labels; a lone container without any is listed as a container already. */
export function isDescribed(service: Service): boolean {
  return service.project !== null || service.type !== null || service.description !== null || service.dependsOn.length > 0;
}

/** What is down first, then by project and name. */
export function servicesByUrgency(services: readonly Service[]): Service[] {
  const rank = (service: Service) => URGENCY.indexOf(service.status);
  const title = (service: Service) => `${service.project ?? ""}/${service.name}`;
  return [...services].sort((a, b) => rank(a) - rank(b) || title(a).localeCompare(title(b), "en"));
}
