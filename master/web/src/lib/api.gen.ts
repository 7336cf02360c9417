// Generated from openapi.json by `npm run types`. Do not edit.

export interface paths {
    "/api/activities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened lately, newest first. */
        get: operations["activity_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent/containers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replaces a server's container set.
         * @description A container that is absent has been removed. `data` is absent unless some containers were refused; what is stored
         *     of those stays as it is.
         */
        post: operations["agent_containers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says that the agent is there. */
        post: operations["agent_heartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Stores samples.
         * @description The 200 is sent when they are on disk. A sample that is stored already is not stored again. `data` is absent
         *     unless some samples were refused.
         */
        post: operations["agent_metrics"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/agent/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Registers a server, or registers it again.
         * @description The same `serverName` always gets the same `serverId`; its facts are updated.
         */
        post: operations["agent_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/containers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The stored containers of one server, by name.
         * @description A server that is not known has none.
         */
        get: operations["container_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All servers, by name. */
        get: operations["server_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One server with its containers and services. */
        get: operations["server_detail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers/{id}/metrics/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A server's CPU, memory and disk over time.
         * @description `1h`, `6h` and `24h` give the samples as they were stored, `7d` and `30d` the mean of each hour. Oldest first.
         */
        get: operations["server_history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The fleet in four numbers. */
        get: operations["fleet_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether the master can do its work.
         * @description 200 when the store answers, 503 when it does not.
         */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        ContainerInfo: {
            containerId: string;
            exitCode?: number | null;
            /** @enum {unknown} */
            health?: "healthy" | "unhealthy" | "starting" | null;
            image: string;
            imageId?: string | null;
            imageTags: string[];
            labels: {
                [key: string]: string;
            };
            name: string;
            networks: string[];
            ports: string;
            startedAt?: string | null;
            /** @description running, exited, paused or restarting; anything else counts as exited. */
            status: string;
        };
        ContainersRequest: {
            /** @description The host's full set; one that is absent has been removed. */
            containers: components["schemas"]["ContainerInfo"][];
        };
        HeartbeatAnswer: {
            data: {
                /** Format: date-time */
                serverTime: string;
                /** @description Seconds. */
                tokenExpiresIn: number;
            };
            /** @constant */
            success: true;
        };
        HeartbeatRequest: {
            agentVersion?: string;
            /** Format: date-time */
            timestamp?: string;
        };
        ListAnswer: {
            /** @description Absent unless some elements were refused. */
            data?: {
                accepted: number;
                reasons: {
                    /** @description Place in the list, from 0. */
                    index: number;
                    /** @description Names the field. */
                    reason: string;
                }[];
                refused: number;
            };
            /** @constant */
            success: true;
        };
        MetricsRequest: {
            /** @description Oldest first. */
            metrics: components["schemas"]["ServerMetrics"][];
        };
        Refusal: {
            error: string;
            /** @constant */
            success: false;
        };
        RegisterAnswer: {
            data: {
                /** Format: int64 */
                serverId: number;
                /** @description JWT for the other three calls, good for 24 hours. */
                token: string;
            };
            /** @constant */
            success: true;
        };
        RegisterRequest: {
            agentVersion?: string;
            serverInfo: components["schemas"]["ServerInfo"];
            /** @description The operator's unique name for the server. */
            serverName: string;
        };
        ServerInfo: {
            cpuCores: number;
            dockerVersion?: string | null;
            hostname: string;
            name: string;
            osArch: string;
            osKernel: string;
            osName: string;
            osVersion: string;
            /** @description GiB */
            totalDiskGb: number;
            /** @description GiB */
            totalMemoryGb: number;
        };
        ServerMetrics: {
            cpuPercent: number;
            diskPercent: number;
            /** @description GiB */
            diskTotalGb: number;
            /** @description GiB */
            diskUsedGb: number;
            memoryPercent: number;
            /** @description GiB */
            memoryTotalGb: number;
            /** @description GiB */
            memoryUsedGb: number;
            /** @description Bytes since boot. */
            networkRxBytes: number;
            /** @description Bytes since boot. */
            networkTxBytes: number;
            /**
             * Format: date-time
             * @description At most five minutes ahead of the master's clock.
             */
            timestamp: string;
        };
        /** @description Error body of the reading half. */
        ErrorBody: {
            /** @description Why, in a sentence. */
            error: string;
        };
        /** @description Body of a healthy answer. */
        Health: {
            /** @description Always `ok`. */
            status: string;
            /** @description Version of the master. */
            version: string;
        };
        /** @description One entry of `GET /api/activities`. */
        Activity: {
            /** @description The container it happened to; null where it is about the server. */
            containerId: string | null;
            /** @description That container's name at the time; null where it is about the server. */
            containerName: string | null;
            /** @description Unique and stable: the server's number and the number of the event on that server, `7-12`. */
            id: string;
            /** @description What happened, in a sentence. */
            message: string;
            /** @description What is now, for changes. */
            newValue?: string;
            /** @description What was before, for changes. */
            oldValue?: string;
            /**
             * Format: int64
             * @description The server it happened on.
             */
            serverId: number;
            /** @description That server's name. */
            serverName: string;
            /**
             * Format: date-time
             * @description When the master learned of it, by the master's clock.
             */
            timestamp: string;
            type: components["schemas"]["ActivityKind"] & unknown;
        };
        /**
         * @description The fixed vocabulary of events.
         * @enum {string}
         */
        ActivityKind: "restart" | "manual_restart" | "stopped" | "crashed" | "status_change" | "version_change" | "health_change" | "created" | "removed" | "online" | "offline";
        /** @description One container of a server. */
        Container: {
            /** @description First 12 hexadecimal digits of the engine's id. */
            containerId: string;
            /**
             * Format: int64
             * @description Exit code of the last run; null where the engine did not say.
             */
            exitCode: number | null;
            health: (null | components["schemas"]["ContainerHealth"]) & unknown;
            /** @description Image as it was asked for. */
            image: string;
            /** @description `sha256:…` of the image; null where the engine did not say. */
            imageId: string | null;
            /** @description Every tag the engine knows for that image. */
            imageTags: string[];
            /** @description Labels, by name. */
            labels: {
                [key: string]: string;
            };
            /** @description Name without the leading slash. */
            name: string;
            /** @description Networks it is attached to. */
            networks: string[];
            /** @description Published ports as `public:private`, joined with `, `; `-` for none. */
            ports: string;
            /**
             * Format: int64
             * @description The server it runs on.
             */
            serverId: number;
            /**
             * Format: date-time
             * @description When it started last; null if it never did.
             */
            startedAt: string | null;
            status: components["schemas"]["ContainerStatus"] & unknown;
            /**
             * Format: date-time
             * @description When its host reported it last, by the master's clock.
             */
            updatedAt: string;
        };
        /**
         * @description Verdict of a container's health check.
         * @enum {string}
         */
        ContainerHealth: "healthy" | "unhealthy" | "starting";
        /**
         * @description What a container was doing when its host last reported.
         * @enum {string}
         */
        ContainerStatus: "running" | "exited" | "paused" | "restarting";
        /** @description One point of a history. */
        DataPoint: {
            /**
             * Format: double
             * @description CPU in percent of all cores.
             */
            cpuPercent: number;
            /**
             * Format: double
             * @description Disk in use in percent.
             */
            diskPercent: number;
            /**
             * Format: double
             * @description Memory in use in percent.
             */
            memoryPercent: number;
            /**
             * Format: date-time
             * @description Time of the sample, or start of the hour.
             */
            timestamp: string;
        };
        /** @description Body of `GET /api/servers/{id}/metrics/history`. */
        History: {
            /** @description Oldest first; an hour without samples has no point. */
            dataPoints: components["schemas"]["DataPoint"][];
            interval: components["schemas"]["HistoryInterval"] & unknown;
            /**
             * Format: int64
             * @description The server.
             */
            serverId: number;
            /** @description Its name. */
            serverName: string;
            timeRange: components["schemas"]["HistoryRange"] & unknown;
        };
        /**
         * @description What one point of a history stands for.
         * @enum {string}
         */
        HistoryInterval: "raw" | "hourly";
        /**
         * @description How far a history reaches back from now.
         * @enum {string}
         */
        HistoryRange: "1h" | "6h" | "24h" | "7d" | "30d";
        /** @description Body of `GET /api/servers/{id}`. */
        ServerDetail: (components["schemas"]["ServerSummary"] & unknown) & {
            /** @description Version of its agent, empty where the agent did not say. */
            agentVersion: string;
            /** @description Its containers, by name. */
            containers: components["schemas"]["Container"][];
            /**
             * Format: date-time
             * @description When it registered first, by the master's clock.
             */
            createdAt: string;
            /** @description Version of its Docker Engine; null where none answered. */
            dockerVersion: string | null;
            /** @description Machine architecture. */
            osArch: string;
            /** @description Kernel release. */
            osKernel: string;
            /** @description Name of the operating system. */
            osName: string;
            /** @description Version of the operating system. */
            osVersion: string;
            /** @description Its containers grouped into services, by name. */
            services: components["schemas"]["Service"][];
        };
        /**
         * @description Whether a server reports.
         * @enum {string}
         */
        ServerStatus: "online" | "offline" | "maintenance";
        /** @description One row of `GET /api/servers`. */
        ServerSummary: {
            /**
             * Format: int64
             * @description Containers stored for it, running or not.
             */
            containerCount: number;
            /**
             * Format: double
             * @description CPU in percent of all cores, from the newest sample; absent before the first.
             */
            cpu?: number;
            /**
             * Format: int64
             * @description Logical processors.
             */
            cpuCores: number;
            /**
             * Format: double
             * @description Disk in use in percent, from the newest sample; absent before the first.
             */
            disk?: number;
            /** @description The kernel's host name. */
            hostname: string;
            /**
             * Format: int64
             * @description Number of the server in this master; never reused.
             */
            id: number;
            /** @description Address that the last accepted request of its agent came from. */
            ipAddress: string;
            /**
             * Format: date-time
             * @description Time of the newest sample, by the agent's clock; null before the first.
             */
            lastMetricsAt: string | null;
            /**
             * Format: date-time
             * @description When the last request of its agent was accepted, by the master's clock.
             */
            lastSeenAt: string;
            /**
             * Format: double
             * @description Memory in use in percent, from the newest sample; absent before the first.
             */
            memory?: number;
            /** @description The operator's unique name (`SERVER_NAME` of the agent). */
            name: string;
            status: components["schemas"]["ServerStatus"] & unknown;
            /**
             * Format: double
             * @description Real file systems together, in GiB.
             */
            totalDiskGb: number;
            /**
             * Format: double
             * @description Memory in GiB.
             */
            totalMemoryGb: number;
        };
        /** @description Body of `GET /api/stats`. */
        Stats: {
            /**
             * Format: int64
             * @description Open alerts. This version has no alert rules, so none can be open.
             */
            activeAlerts: number;
            /**
             * Format: double
             * @description Mean of the newest CPU percentages of the servers that are online, two decimals; 0 where there is none.
             */
            avgCpu: number;
            /**
             * Format: int64
             * @description Containers stored, running or not.
             */
            totalContainers: number;
            /**
             * Format: int64
             * @description Servers that ever registered.
             */
            totalServers: number;
        };
        /** @description Containers of one server that share a compose project and service; a container without them is its own service. */
        Service: {
            /** @description Ids of its containers, in the order of their names. */
            containerIds: string[];
            /** @description Compose services it cannot work without: `neon.depends_on` and compose's own `depends_on`. */
            dependsOn: string[];
            /** @description Label `neon.description`; null without it. */
            description: string | null;
            /** @description Unique on its server: `project/service`, or the container's id. */
            id: string;
            /** @description Label `neon.name`, else the compose service, else the container's name. */
            name: string;
            /** @description Compose services it can do without: `neon.depends_on.optional`. */
            optionalDependsOn: string[];
            /** @description Compose project; null for a container outside compose. */
            project: string | null;
            /**
             * Format: int64
             * @description How many of them run.
             */
            runningCount: number;
            /** @description Compose service, the name that `dependsOn` of others refers to; null for a container outside compose. */
            service: string | null;
            status: components["schemas"]["ServiceStatus"] & unknown;
            type: (null | components["schemas"]["ServiceKind"]) & unknown;
        };
        /**
         * @description What a service is for, as its label `neon.type` says.
         * @enum {string}
         */
        ServiceKind: "application" | "database" | "website" | "agent" | "infrastructure";
        /**
         * @description How a service is, judged by its containers.
         * @enum {string}
         */
        ServiceStatus: "healthy" | "degraded" | "down";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    activity_list: {
        parameters: {
            query?: {
                /** @description How many, 1 to 500; 50 where it is absent */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activity"][];
                };
            };
            /** @description `limit` is out of range */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    agent_containers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ContainersRequest"];
            };
        };
        responses: {
            /** @description Stored */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAnswer"];
                };
            };
            /** @description Not understood, nothing stored */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Register again */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
        };
    };
    agent_heartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["HeartbeatRequest"];
            };
        };
        responses: {
            /** @description Heard */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeartbeatAnswer"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Register again */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
        };
    };
    agent_metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MetricsRequest"];
            };
        };
        responses: {
            /** @description Stored */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListAnswer"];
                };
            };
            /** @description Not understood, nothing stored */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Register again */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
        };
    };
    agent_register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterRequest"];
            };
        };
        responses: {
            /** @description Registered */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisterAnswer"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description `Invalid or missing agent secret` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
        };
    };
    container_list: {
        parameters: {
            query: {
                /** @description Number of the server */
                serverId: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its containers, by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Container"][];
                };
            };
            /** @description `serverId` is missing or no number */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All servers, by name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerSummary"][];
                };
            };
        };
    };
    server_detail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Number of the server */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServerDetail"];
                };
            };
            /** @description `Invalid server ID` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_history: {
        parameters: {
            query?: {
                /** @description How far back; `7d` where it is absent */
                range?: components["schemas"]["HistoryRange"];
            };
            header?: never;
            path: {
                /** @description Number of the server */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["History"];
                };
            };
            /** @description `Invalid server ID` or `Invalid time range` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    fleet_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The fleet in four numbers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The store answers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description The store does not answer */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
