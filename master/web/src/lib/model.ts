// The API's types under the names the dashboard uses, all taken from the master's OpenAPI document.

import type { components } from "./api.gen";

type Schemas = components["schemas"];

export type ServerSummary = Schemas["ServerSummary"];
export type Server = Schemas["ServerDetail"];
export type ServerStatus = Schemas["ServerStatus"];
export type ServerPatch = Schemas["ServerPatch"];
export type ServerCount = Schemas["ServerCount"];
export type Container = Schemas["Container"];
export type ContainerStatus = Schemas["ContainerStatus"];
export type ContainerHealth = Schemas["ContainerHealth"];
export type Service = Schemas["Service"];
export type ServiceStatus = Schemas["ServiceStatus"];
export type Series = Schemas["Series"];
export type Stretch = Schemas["SeriesStretch"];
export type Sample = Schemas["ServerMetrics"];
export type Readings = Schemas["Readings"];
export type Trend = Schemas["Trend"];
export type Trends = Schemas["Trends"];
export type Activity = Schemas["Activity"];
export type ActivityKind = Schemas["ActivityKind"];
export type EnrolmentCode = Schemas["EnrolmentCode"];
export type EnrolmentAnswer = Schemas["EnrolmentAnswer"];
export type EnrolmentRequest = Schemas["EnrolmentRequest"];
export type SessionInfo = Schemas["SessionInfo"];
export type Role = Schemas["Role"];
export type UserDetail = Schemas["UserDetail"];
export type SessionDetail = Schemas["SessionDetail"];
export type SecondFactor = Schemas["SecondFactorInfo"];
export type Enrolment = Schemas["Enrolment"];
export type ApiToken = Schemas["ApiToken"];
export type NewToken = Schemas["TokenAnswer"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditAction = Schemas["Action"];
export type StorageInfo = Schemas["Storage"];
