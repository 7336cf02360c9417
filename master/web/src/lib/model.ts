// The API's types under the names the dashboard uses, all taken from the master's OpenAPI document.

import type { components } from "./api.gen";

type Schemas = components["schemas"];

export type ServerSummary = Schemas["ServerSummary"];
export type Server = Schemas["ServerDetail"];
export type ServerStatus = Schemas["ServerStatus"];
export type Container = Schemas["Container"];
export type ContainerStatus = Schemas["ContainerStatus"];
export type ContainerHealth = Schemas["ContainerHealth"];
export type Service = Schemas["Service"];
export type ServiceStatus = Schemas["ServiceStatus"];
export type History = Schemas["History"];
export type HistoryRange = Schemas["HistoryRange"];
export type DataPoint = Schemas["DataPoint"];
export type SessionInfo = Schemas["SessionInfo"];

/** Every range the API knows, shortest first. */
export const HISTORY_RANGES: readonly HistoryRange[] = ["1h", "6h", "24h", "7d", "30d"];
