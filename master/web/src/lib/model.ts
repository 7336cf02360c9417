// The API's types under the names the dashboard uses.

export type ServerStatus = "online" | "offline" | "maintenance";
export type ContainerStatus = "running" | "exited" | "paused" | "restarting";
export type ServiceStatus = "healthy" | "degraded" | "down";
export type ContainerHealth = "healthy" | "unhealthy" | "starting";

export interface ServerSummary {
  id: number;
  name: string;
  hostname: string;
  ipAddress: string;
  status: ServerStatus;
  containerCount: number;
  cpu?: number;
  memory?: number;
  disk?: number;
  cpuCores: number;
  totalMemoryGb: number;
  totalDiskGb: number;
  lastMetricsAt: string | null;
  lastSeenAt: string;
}

export interface Container {
  containerId: string;
  name: string;
  image: string;
  imageId: string | null;
  imageTags: string[];
  status: ContainerStatus;
  health: ContainerHealth | null;
  ports: string;
  labels: Record<string, string>;
  networks: string[];
  startedAt: string | null;
  exitCode: number | null;
}

export interface Server extends ServerSummary {
  createdAt: string;
  osName: string;
  osVersion: string;
  osKernel: string;
  osArch: string;
  dockerVersion: string | null;
  agentVersion: string;
  containers: Container[];
  services: Service[];
}

export interface Service {
  id: string;
  name: string;
  description: string | null;
  type: string | null;
  project: string | null;
  service: string | null;
  status: ServiceStatus;
  containerIds: string[];
  runningCount: number;
  dependsOn: string[];
  optionalDependsOn: string[];
}

export interface DataPoint {
  timestamp: string;
  cpuPercent: number;
  memoryPercent: number;
  diskPercent: number;
}

export interface History {
  serverId: number;
  serverName: string;
  timeRange: HistoryRange;
  interval: "raw" | "hourly";
  dataPoints: DataPoint[];
}

export type HistoryRange = "1h" | "6h" | "24h" | "7d" | "30d";

/** Every range the API knows, shortest first. */
export const HISTORY_RANGES: readonly HistoryRange[] = ["1h", "6h", "24h", "7d", "30d"];
