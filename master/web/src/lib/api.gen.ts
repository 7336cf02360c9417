// Generated from openapi.json by `npm run types`. Do not edit.

export interface paths {
    "/api/account/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives the user who asks another password.
         * @description All other sessions of theirs end. A wrong current password counts as a login with it does.
         */
        post: operations["password_change"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The second factor of the user who asks.
         * @description Whether a login asks for a code beside the password.
         */
        get: operations["second_factor_info"];
        put?: never;
        /**
         * Begins a second factor for the user who asks.
         * @description The answer is for an authenticator app. Logins ask for a code once one has been confirmed; until then, asking again makes
         *     another one.
         */
        post: operations["second_factor_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Confirms the second factor with a code of it.
         * @description From then on each login asks for one. All other sessions of the user end. The answer has ten recovery codes, each of which is
         *     good once in place of a code.
         */
        post: operations["second_factor_confirm"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor/off": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes the second factor of the user who asks away.
         * @description Logins need the password alone then, and the recovery codes are good for nothing.
         */
        post: operations["second_factor_off"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/second-factor/recovery-codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes other recovery codes for the user who asks.
         * @description Those before are good for nothing then.
         */
        post: operations["recovery_codes_make"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The sessions of the user who asks, newest first.
         * @description Each with where it began and with which program.
         */
        get: operations["session_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/account/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Ends a session of the user who asks.
         * @description It is refused from the next request on. The one that asks is a session like the others.
         */
        delete: operations["session_end"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/activities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened lately, newest first.
         * @description Servers that came and went, and containers that were started, stopped or changed their health. To read on, send the
         *     `id` of the last one as `before`.
         */
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
         * @description A container that is absent has been removed, unless the report says that it leaves some out. `data` is absent unless some containers were refused; what is stored
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
        /**
         * Says that the agent is there.
         * @description The answer has the master's clock, and in how many seconds the token ends; before it does, the agent registers again.
         */
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
         * @description The same `serverName` always gets the same `serverId`; its facts are updated. With an enrolment code the server has the
         *     `credential` from then on, and registers with that. Without `serverInfo` nothing is registered, and the answer is the
         *     refusal that there would be: 400 where it is for that alone.
         */
        post: operations["agent_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was changed, by whom and from where, and which logins were refused; newest first.
         * @description To read on, send the number of the last line as `before`.
         */
        get: operations["audit_list"];
        put?: never;
        post?: never;
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
    "/api/enrolments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Enrolment codes, oldest first, without what they are sent as.
         * @description Each with its use. One that was used, or has expired, stays for 30 days.
         */
        get: operations["enrolment_list"];
        put?: never;
        /**
         * Makes an enrolment code.
         * @description An agent that has it as `AGENT_SECRET` exchanges it for a credential of its own when it registers. It is good once, until
         *     it expires or is revoked. The fleet's secret is then not for that server any more.
         */
        post: operations["enrolment_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/enrolments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes an enrolment code.
         * @description One that was used is taken off the list alone: the credential that it was exchanged for stays good.
         */
        delete: operations["enrolment_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What changes, as server-sent events.
         * @description The first event is `ready`: from then on everything is told, so whoever fetches the lists now misses nothing. `server` has
         *     a row of `GET /api/servers` that is new or changed (with nothing but new figures every 5 seconds at most), `server-removed`
         *     `{"id":7}`, `containers` `{"serverId":7,"containerCount":3}` where the containers of a server were stored anew, and
         *     `activity` an entry of `GET /api/activities`. `reset` means that more changed than is told one by one: fetch everything.
         *
         *     A client that comes back with `Last-Event-ID`, to any master on the same database, is told what it missed of the last hour,
         *     servers as they are now, or gets one `reset`. It may be told some things twice; activities have their `id`. A stream is
         *     closed when its session or token ends, when its reader is too slow, and when the master stops.
         */
        get: operations["event_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The groups that servers are in, by name.
         * @description Each with how many servers it has, by their status. A group is there as long as a server is in it.
         */
        get: operations["group_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Logs a user in: the answer sets the cookie `neon_session`.
         * @description It lasts seven days, is not readable for scripts, and ends with a logout or another password. Ten wrong passwords of a
         *     user, or thirty from one address, within five minutes are followed by 429 until these are over; ten wrong codes within an
         *     hour as well. Whether a user exists cannot be told from the answer or its time. Who has a second factor is answered 401 with
         *     `codeNeeded` once the password is right, and sends all again with a code.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/oidc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sends the browser to the provider, where its user logs in.
         * @description It comes back to `/api/login/oidc/callback`. Where the provider cannot be asked, the browser is sent to `/` with the
         *     reason in `problem`.
         */
        get: operations["oidc_begin"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login/oidc/callback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the provider sends the browser back to.
         * @description Logs its user in and sends the browser on to where it was to go; or to `/` with the reason in `problem`: `denied` by the
         *     provider; `expired` after ten minutes, in another browser, or for the second time; `provider` where it cannot be asked or
         *     believed; `busy`; `role`, `domain` or `name` where that of the user is none for this master; `taken` where another user
         *     has the name; `disabled`.
         */
        get: operations["oidc_callback"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ends the session of the cookie.
         * @description The answer takes the cookie away. Other sessions of the user go on.
         */
        post: operations["logout"];
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
        /**
         * All servers, by name; or those that are asked for.
         * @description With their newest fixed numbers: shares are in percent, 0 to 100, sizes in GiB. Who asks again and again sends the `ETag`
         *     of the answer before and gets 304 where nothing has changed.
         */
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
        /**
         * One server with its containers and services.
         * @description Shares are in percent, 0 to 100, sizes in GiB. Services are containers with the label `neon.service`.
         */
        get: operations["server_detail"];
        put?: never;
        post?: never;
        /**
         * Deletes a server with all its data.
         * @description It is gone from every list at once, and the API tokens for it alone are revoked; its samples and what was made of them are
         *     deleted in the background. An agent that still reports for it is not known any more, and registers as a new server.
         */
        delete: operations["server_delete"];
        options?: never;
        head?: never;
        /**
         * Changes what operators say about a server.
         * @description Its display name, group, tags, notes and maintenance: what is absent from the body stays as it is, and null takes it
         *     away (RFC 7396). What its agent says of it cannot be changed here.
         */
        patch: operations["server_change"];
        trace?: never;
    };
    "/api/servers/{id}/credential": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes what a server registers with.
         * @description Its own credential and its tokens are refused from the next request on, at other masters on the same database within
         *     minutes, and the fleet's secret is not for it either, until an enrolment code for it is used.
         */
        delete: operations["credential_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers/{id}/credential/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Makes an enrolment code for the next credential of a server.
         * @description What the server registers with now, its own credential or the fleet's secret, stays good until the code is used, so that
         *     nothing is missed.
         */
        post: operations["credential_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers/{id}/merge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Merges another server into this one, as after a host was installed anew under another name.
         * @description The history of the other goes to this one: samples, hours and days, and what happened; of two of one time this one's stays. So
         *     do its display name, group, tags and notes where this one has none. The other server has to be offline, and is gone from every
         *     list at once; its history arrives in the background, oldest first. The API tokens for it alone are revoked.
         */
        post: operations["server_merge"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/servers/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A server's numbers over a range of time.
         * @description Points are samples, or steps with the least, the mean and the greatest of what is in them: hours and days where the range
         *     is long. What is not known is null, never made up. A name with a key, as `mounts./var.usedBytes`, has the key between
         *     the names of the list and of the field; `~`, `.`, `,`, `*`, `@` and control characters in it are written as `~` and two
         *     hexadecimal digits. What counts since some start is an amount a second: `interfaces.eth0.rxBytesPerSecond` of
         *     `rxBytesTotal`. Yes and no are 1 and 0.
         */
        get: operations["server_series"];
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
    "/api/servers/{id}/metrics/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A server's newest sample, with everything its agent read.
         * @description What the host does not have, or could not be read, is absent. `readings` is absent from first-generation agents.
         */
        get: operations["server_latest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who is asking, and whether a login is needed.
         * @description In the mode `development` there are no users, and anybody on this host may read.
         */
        get: operations["session_info"];
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
        /**
         * The fleet in four numbers.
         * @description The mean CPU usage, 0 to 100, is that of the servers that are online.
         */
        get: operations["fleet_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/storage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the database takes, how fast it grows, what it comes to, and what room there is.
         * @description Sizes are in bytes. Measured every ten seconds at most; growth from the start of this master on, a day back at most.
         */
        get: operations["storage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The tags that servers have, by name.
         * @description Each with how many servers have it, by their status. A tag is there as long as a server has it.
         */
        get: operations["tag_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All API tokens, oldest first, without what they are sent as.
         * @description Each with its maker, and when it was used last.
         */
        get: operations["token_list"];
        put?: never;
        /**
         * Makes an API token.
         * @description It is good until it is revoked, its maker is removed, or its server is. One for a single server reads the routes of that
         *     server alone.
         */
        post: operations["token_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes an API token.
         * @description It is refused from the next request on, and gone from the list.
         */
        delete: operations["token_revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How some servers fared in the last three hours, in steps of five minutes.
         * @description For small pictures beside many servers. A server that is not known, or had no sample in that time, is left out.
         */
        get: operations["fleet_trends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All users, by name.
         * @description Each with what they may do, and whether they may log in.
         */
        get: operations["user_list"];
        put?: never;
        /**
         * Makes a user.
         * @description They may log in at once, with the password that they are told by whoever made them, and change it then.
         */
        post: operations["user_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Removes a user, with all sessions of theirs and the API tokens that they made.
         * @description What they did stays in the audit log. The last admin stays.
         */
        delete: operations["user_remove"];
        options?: never;
        head?: never;
        /**
         * Gives a user another role or password, or lets them not log in any more.
         * @description All of it or nothing. Where something is another way then, all sessions of theirs end; where they become a viewer, the
         *     API tokens that they made are revoked. Their tokens are refused as long as they may not log in. The last admin stays one.
         */
        patch: operations["user_change"];
        trace?: never;
    };
    "/api/users/{id}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes another user's second factor away, who has lost it.
         * @description One's own is taken away with the password, at `POST /api/account/second-factor/off`.
         */
        delete: operations["second_factor_reset"];
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
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How this master fares, for Prometheus.
         * @description Text in format 0.0.4, or OpenMetrics 1.0 where `Accept` names it. With `servers=1` each server's newest readings follow,
         *     under the names of node_exporter where they mean the same, each with the server's name as `instance`; a server that is
         *     silent has none. 500,000 of these numbers at most; how many servers had no room is among them.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This description.
         * @description OpenAPI 3.1, of the version that answers. A client that is made from it knows every route, what it asks for and what it
         *     answers.
         */
        get: operations["openapi_json"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether samples are taken.
         * @description 503 with the same body when they are not, and why. Heartbeats and reads may go on nevertheless, so this is for an alert, and
         *     `/healthz` for whatever restarts the master or sends nobody to it.
         */
        get: operations["readyz"];
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
        /** @description What the agent costs its host, and how it fares. */
        AgentReading: {
            /**
             * Format: int64
             * @description The part of it that is in no file, and so is the agent's alone.
             */
            anonymousBytes?: number;
            /**
             * Format: int64
             * @description How far the master's clock is ahead of the host's, negative where it is behind; absent until a heartbeat has measured it.
             */
            clockOffsetMilliseconds?: number;
            /**
             * Format: int64
             * @description Processor time since the previous sample, user and system, of all threads.
             */
            cpuMicroseconds?: number;
            /**
             * Format: int64
             * @description Requests that failed after all their tries, since the agent's start.
             */
            requestFailuresTotal: number;
            /**
             * Format: int64
             * @description Memory of the process, its own pages and those of its file.
             */
            residentBytes?: number;
            /**
             * Format: int64
             * @description Samples that waited to be sent when this one was taken.
             */
            samplesBuffered: number;
            /**
             * Format: date-time
             * @description Time of the oldest of those; absent when none was.
             */
            samplesDroppedFrom?: string;
            /**
             * Format: int64
             * @description Samples that never reached the master, since the agent's start.
             */
            samplesDroppedTotal: number;
            /**
             * Format: date-time
             * @description Time of the newest of those.
             */
            samplesDroppedUntil?: string;
            /**
             * Format: int64
             * @description Samples that the master refused for what they held, since the agent's start.
             */
            samplesRefusedTotal?: number;
            /** @description What each source took, and why one gave nothing. */
            sources: components["schemas"]["SourceReading"][];
        };
        /** @description The connection tracking table. */
        ConntrackReading: {
            /**
             * Format: int64
             * @description Connections in it.
             */
            entries: number;
            /**
             * Format: int64
             * @description Connections it can hold; past it new ones are refused.
             */
            entriesMax: number;
        };
        /** @description One container. */
        ContainerInfo: {
            /** @description Compose project it belongs to. */
            composeProject?: string | null;
            /** @description Service of that project. */
            composeService?: string | null;
            /** @description The engine's id, or its beginning. */
            containerId: string;
            /**
             * Format: date-time
             * @description When it was made, ISO 8601 as the engine gives it.
             */
            createdAt?: string | null;
            /**
             * Format: int64
             * @description What its main process ended with.
             */
            exitCode?: number | null;
            /**
             * @description The health check's verdict; null without a health check.
             * @enum {unknown}
             */
            health?: "healthy" | "unhealthy" | "starting" | null;
            /** @description What it was made of, as it was written then. */
            image: string;
            /** @description Id of the image. */
            imageId?: string | null;
            /** @description Names of the image. */
            imageTags: string[];
            /** @description Its labels. */
            labels: {
                [key: string]: string;
            };
            /**
             * Format: int64
             * @description Labels that found no room in labels.
             */
            labelsLeftOut?: number | null;
            /** @description Its name. */
            name: string;
            /** @description Networks it is on. */
            networks: string[];
            /** @description Whether the last run ended because the kernel killed it for want of memory. */
            oomKilled?: boolean | null;
            /** @description Published ports, host:container with commas between them. */
            ports: string;
            /**
             * Format: int64
             * @description How often the engine restarted it by its restart policy.
             */
            restartCount?: number | null;
            /**
             * Format: date-time
             * @description When it was started last; null where it never was.
             */
            startedAt?: string | null;
            /** @description running, exited, paused or restarting; anything else counts as exited. */
            status: string;
        };
        /** @description A server's containers. */
        ContainersRequest: {
            /** @description The host's full set; one that is absent has been removed. */
            containers: components["schemas"]["ContainerInfo"][];
            /**
             * Format: int64
             * @description Containers that could not be reported, being too many or too large. While there are some, none is taken for removed.
             */
            containersLeftOut?: number | null;
        };
        /** @description Where processor time went between two samples, 0 to 100 each; the rest was idle. */
        CpuShares: {
            /**
             * Format: int64
             * @description Number of the processor; absent where all are meant.
             */
            core?: number;
            /** @description Idle while a disk request was outstanding. */
            iowaitPercent: number;
            /** @description Serving interrupts, hard and soft. */
            irqPercent: number;
            /** @description Taken by the hypervisor for other guests. */
            stealPercent: number;
            /** @description In the kernel. */
            systemPercent: number;
            /** @description In programs, also those with low priority. */
            userPercent: number;
        };
        /** @description What a block device did between two samples. */
        DiskRates: {
            /** @description Mean time from a request's arrival to its end; absent when there was none. */
            meanWaitMilliseconds?: number;
            /**
             * Format: int64
             * @description Bytes read per second.
             */
            readBytesPerSecond: number;
            /** @description Reads per second. */
            readsPerSecond: number;
            /** @description Share of the time with at least one request under way, 0 to 100. A disk that serves several requests at a time may have room left at 100. */
            utilisationPercent: number;
            /** @description Writes per second. */
            writesPerSecond: number;
            /**
             * Format: int64
             * @description Bytes written per second.
             */
            writtenBytesPerSecond: number;
        };
        /** @description One block device. */
        DiskReading: {
            /**
             * Format: int64
             * @description Time with at least one request under way, since boot.
             */
            busyMillisecondsTotal: number;
            /** @description Name without /dev/. */
            device: string;
            /** @description What happened since the previous sample; absent in the first, and when a counter went backwards. */
            rates?: components["schemas"]["DiskRates"];
            /**
             * Format: int64
             * @description Bytes read since boot.
             */
            readBytesTotal: number;
            /**
             * Format: int64
             * @description Reads since boot.
             */
            readsTotal: number;
            /**
             * Format: int64
             * @description Time from arrival to end, summed over all requests since boot.
             */
            waitMillisecondsTotal: number;
            /**
             * Format: int64
             * @description Writes since boot.
             */
            writesTotal: number;
            /**
             * Format: int64
             * @description Bytes written since boot.
             */
            writtenBytesTotal: number;
        };
        /** @description One fan. */
        FanReading: {
            /** @description The chip's name. */
            chip: string;
            /**
             * Format: int64
             * @description Revolutions per minute; 0 for one that stands still.
             */
            revolutionsPerMinute: number;
            /** @description The fan's label, or its number in the chip, fan1. */
            sensor: string;
        };
        /** @description What the master says to it. */
        HeartbeatAnswer: {
            /** @description What was asked for. */
            data: {
                /**
                 * Format: date-time
                 * @description The master's clock.
                 */
                serverTime: string;
                /**
                 * Format: int64
                 * @description Seconds until the token ends.
                 */
                tokenExpiresIn: number;
            };
            /**
             * @description Always true.
             * @constant
             */
            success: true;
        };
        /** @description That the agent is there. */
        HeartbeatRequest: {
            /** @description Version of the agent. */
            agentVersion?: string | null;
            /**
             * Format: date-time
             * @description The agent's clock.
             */
            timestamp?: string | null;
        };
        /** @description Which host it is: keyed hashes, in 32 hexadecimal digits each. Two hosts differ where one of the two is said by both and not the same. */
        HostFingerprint: {
            /** @description HMAC-SHA256 of the Docker Engine's id. */
            engine?: string | null;
            /** @description HMAC-SHA256 of machine-id. */
            machine?: string | null;
        } | null;
        /** @description One network interface. */
        InterfaceReading: {
            /** @description Whether it can pass traffic (operstate); absent where the driver does not say. */
            linkUp?: boolean;
            /** @description Its name. */
            name: string;
            /**
             * Format: int64
             * @description Bytes received since it was made.
             */
            rxBytesTotal: number;
            /**
             * Format: int64
             * @description Packets received and thrown away for want of room or of somebody who wants them.
             */
            rxDroppedTotal: number;
            /**
             * Format: int64
             * @description Packets that were received broken.
             */
            rxErrorsTotal: number;
            /**
             * Format: int64
             * @description Packets received.
             */
            rxPacketsTotal: number;
            /**
             * Format: int64
             * @description Negotiated speed; absent where there is none (virtual, or no link).
             */
            speedBitsPerSecond?: number;
            /**
             * Format: int64
             * @description Bytes sent since it was made.
             */
            txBytesTotal: number;
            /**
             * Format: int64
             * @description Packets thrown away before they were sent.
             */
            txDroppedTotal: number;
            /**
             * Format: int64
             * @description Packets that could not be sent.
             */
            txErrorsTotal: number;
            /**
             * Format: int64
             * @description Packets sent.
             */
            txPacketsTotal: number;
        };
        /** @description What became of a list. */
        ListAnswer: {
            /** @description Absent where all of it was stored. */
            data?: {
                /** @description Elements that are stored. */
                accepted: number;
                /** @description Why, of the first ten. */
                reasons: {
                    /** @description Place in the list, from 0. */
                    index: number;
                    /** @description Names the field. */
                    reason: string;
                }[];
                /** @description Elements that were refused for what they hold. */
                refused: number;
                /** @description Samples that are stored without their readings, for what those hold; absent when none. */
                withoutReadings?: number;
            };
            /**
             * @description Always true.
             * @constant
             */
            success: true;
        };
        /** @description How the memory is used. */
        MemoryReading: {
            /**
             * Format: int64
             * @description What new work could use without swapping.
             */
            availableBytes: number;
            /**
             * Format: int64
             * @description Cache of block devices.
             */
            buffersBytes?: number;
            /**
             * Format: int64
             * @description Cache of files, shared memory included.
             */
            cachedBytes?: number;
            /**
             * Format: int64
             * @description Waiting to be written to disk.
             */
            dirtyBytes?: number;
            /**
             * Format: int64
             * @description Unused altogether.
             */
            freeBytes?: number;
            /**
             * Format: int64
             * @description Processes that the kernel killed for want of memory, since boot.
             */
            oomKillsTotal?: number;
            /**
             * Format: int64
             * @description Size of all swap areas; 0 where swapping is off.
             */
            swapTotalBytes?: number;
            /**
             * Format: int64
             * @description Swap in use.
             */
            swapUsedBytes?: number;
            /**
             * Format: int64
             * @description MemTotal.
             */
            totalBytes: number;
            /**
             * Format: int64
             * @description Size of the ZFS cache (ARC), which availableBytes does not count as reclaimable.
             */
            zfsArcBytes?: number;
        };
        /** @description Samples of a server. */
        MetricsRequest: {
            /** @description Oldest first. */
            metrics: components["schemas"]["ServerMetrics"][];
        };
        /** @description One file system. */
        MountReading: {
            /**
             * Format: int64
             * @description What users without privilege may still write.
             */
            availableBytes: number;
            /** @description What is mounted: a device path, or a pool's data set. */
            device: string;
            /** @description ext4, xfs, … */
            fsType: string;
            /**
             * Format: int64
             * @description Files it can hold; absent where the file system makes them as needed.
             */
            inodesTotal?: number;
            /**
             * Format: int64
             * @description Files it holds.
             */
            inodesUsed?: number;
            /** @description Where it is mounted; the first place, if there are several. */
            mountPoint: string;
            /** @description Whether it cannot be written to; a disk fault can do that at any time. */
            readOnly: boolean;
            /**
             * Format: int64
             * @description Size.
             */
            totalBytes: number;
            /**
             * Format: int64
             * @description What files hold.
             */
            usedBytes: number;
        };
        /** @description Pressure stall information: /proc/pressure, Linux 4.20 and later. */
        Pressure: {
            /** @description Waiting for a processor. */
            cpu?: components["schemas"]["Stalls"];
            /** @description Waiting for disks. */
            io?: components["schemas"]["Stalls"];
            /** @description Waiting for memory: reclaim, swapping in, refaults. */
            memory?: components["schemas"]["Stalls"];
        };
        /** @description Everything that was read of a host beside the fixed fields of a sample. */
        Readings: {
            /** @description What the agent itself costs, and how it fares. */
            agent?: components["schemas"]["AgentReading"];
            /**
             * Format: int64
             * @description Threads that wait for a disk now.
             */
            blockedTasks?: number;
            /** @description A random UUID of this boot: another one means that the host restarted. */
            bootId?: string;
            /**
             * Format: date-time
             * @description When the host booted, by its own clock.
             */
            bootedAt?: string;
            /** @description The connection tracking table, where netfilter keeps one. */
            conntrack?: components["schemas"]["ConntrackReading"];
            /**
             * Format: int64
             * @description Context switches since boot.
             */
            contextSwitchesTotal?: number;
            /** @description The same for each processor that is online; absent past 256 of them, as coresLeftOut says. */
            cores?: components["schemas"]["CpuShares"][];
            /**
             * Format: int64
             * @description Processors whose shares were left out, there being more than are told apart; absent when none was.
             */
            coresLeftOut?: number;
            /** @description Where the time of all processors together went since the previous sample. */
            cpu?: components["schemas"]["CpuShares"];
            /** @description Block devices, without partitions, RAM disks and loop devices. */
            disks?: components["schemas"]["DiskReading"][];
            /**
             * Format: int64
             * @description Block devices that found no room in the list; absent when none.
             */
            disksLeftOut?: number;
            /** @description Fans. */
            fans?: components["schemas"]["FanReading"][];
            /** @description Network interfaces, without loopback and the ends of containers (veth). */
            interfaces?: components["schemas"]["InterfaceReading"][];
            /**
             * Format: int64
             * @description Interfaces that found no room in the list; absent when none.
             */
            interfacesLeftOut?: number;
            /** @description Tasks running or waiting for a processor, and in uninterruptible sleep, averaged over 1 minute. */
            load1?: number;
            /** @description The same over 15 minutes. */
            load15?: number;
            /** @description The same over 5 minutes. */
            load5?: number;
            /** @description How the memory is used. */
            memory?: components["schemas"]["MemoryReading"];
            /** @description File systems on disks of this host, each backing device once. */
            mounts?: components["schemas"]["MountReading"][];
            /**
             * Format: int64
             * @description File systems that found no room in the list; absent when none.
             */
            mountsLeftOut?: number;
            /**
             * Format: int64
             * @description File handles in use, over all processes.
             */
            openFiles?: number;
            /**
             * Format: int64
             * @description File handles that the kernel will give out at most.
             */
            openFilesMax?: number;
            /** @description How long work stood still for want of processor, memory or disk. */
            pressure?: components["schemas"]["Pressure"];
            /**
             * Format: int64
             * @description Processes that exist now.
             */
            processes?: number;
            /**
             * Format: int64
             * @description Threads that run or could run now.
             */
            runningTasks?: number;
            /** @description Sockets in use. */
            sockets?: components["schemas"]["SocketsReading"];
            /** @description Temperature sensors. */
            temperatures?: components["schemas"]["TemperatureReading"][];
            /**
             * Format: int64
             * @description Threads that exist now, the kernel's own included.
             */
            threads?: number;
            /**
             * Format: int64
             * @description Time since boot, time asleep included.
             */
            uptimeSeconds?: number;
        };
        /** @description Why a request was not carried out. */
        Refusal: {
            /** @description Why, in a sentence; the name of a field comes first. */
            error: string;
            /**
             * @description Always false.
             * @constant
             */
            success: false;
        };
        /** @description The server's number, and the token for what it sends. */
        RegisterAnswer: {
            /** @description What was asked for. */
            data: {
                /**
                 * Format: int64
                 * @description Number of the server.
                 */
                serverId: number;
                /** @description JWT for the other three calls, good for 24 hours. */
                token: string;
            };
            /**
             * @description Always true.
             * @constant
             */
            success: true;
        };
        /** @description What an agent says of its host when it starts. */
        RegisterRequest: {
            /** @description Version of the agent. */
            agentVersion?: string | null;
            /** @description The credential that the server is to have from now on, made by its agent; sent with an enrolment code. */
            credential?: string | null;
            hostFingerprint?: components["schemas"]["HostFingerprint"];
            serverInfo: components["schemas"]["ServerInfo"];
            /** @description The operator's unique name for the server. */
            serverName: string;
        };
        /** @description Facts about a host. */
        ServerInfo: {
            /** @description Processors that are online. */
            cpuCores: number;
            /** @description Version of the Docker Engine; null without one. */
            dockerVersion?: string | null;
            /** @description Its own host name. */
            hostname: string;
            /** @description The name it is shown by. */
            name: string;
            /** @description The processor's architecture, x86_64. */
            osArch: string;
            /** @description The kernel's release, 6.1.0-26-amd64. */
            osKernel: string;
            /** @description Its system, Debian GNU/Linux. */
            osName: string;
            /** @description The version of that, 12. */
            osVersion: string;
            /** @description GiB. */
            totalDiskGb: number;
            /** @description GiB. */
            totalMemoryGb: number;
        };
        /** @description One sample of a host. */
        ServerMetrics: {
            /** @description Share of the processors' time that was not idle since the previous sample, 0 to 100. */
            cpuPercent: number;
            /** @description Share of the disks that is used, 0 to 100. */
            diskPercent: number;
            /** @description GiB. */
            diskTotalGb: number;
            /** @description GiB. */
            diskUsedGb: number;
            /** @description Share of the memory that is used, 0 to 100. */
            memoryPercent: number;
            /** @description GiB. */
            memoryTotalGb: number;
            /** @description GiB. */
            memoryUsedGb: number;
            /**
             * Format: int64
             * @description Bytes received since boot.
             */
            networkRxBytes: number;
            /**
             * Format: int64
             * @description Bytes sent since boot.
             */
            networkTxBytes: number;
            readings?: components["schemas"]["Readings"];
            /**
             * Format: date-time
             * @description At most five minutes ahead of the master's clock.
             */
            timestamp: string;
        };
        /** @description Sockets in use, IPv4 and IPv6 together. */
        SocketsReading: {
            /**
             * Format: int64
             * @description TCP sockets that are connected or listen.
             */
            tcpInUse: number;
            /**
             * Format: int64
             * @description TCP connections that have ended and wait for stray packets.
             */
            tcpTimeWait: number;
            /**
             * Format: int64
             * @description UDP sockets.
             */
            udpInUse: number;
        };
        /** @description How one source fared. */
        SourceReading: {
            /**
             * Format: int64
             * @description Time that reading and parsing took.
             */
            durationMicroseconds: number;
            /** @description Why it gave nothing, or not all; absent when all was well. */
            error?: string;
            /** @description stat, mountinfo, docker, … */
            source: string;
        };
        /** @description How much of the time work stood still. */
        Stall: {
            /** @description Share of the last 10 seconds, 0 to 100. */
            avg10Percent: number;
            /** @description Share of the last minute, 0 to 100. */
            avg60Percent: number;
            /**
             * Format: int64
             * @description Time lost since boot.
             */
            totalMicroseconds: number;
        };
        /** @description Stalls over one resource. */
        Stalls: {
            /** @description All tasks that were not idle waited. */
            full?: components["schemas"]["Stall"];
            /** @description At least one task waited. */
            some?: components["schemas"]["Stall"];
        };
        /** @description One temperature sensor. */
        TemperatureReading: {
            /** @description Degrees Celsius. */
            celsius: number;
            /** @description The chip's name, coretemp. */
            chip: string;
            /** @description The sensor's label, "Package id 0", or its number in the chip, temp1. */
            sensor: string;
        };
        /** @description A change of one's own password. No `Debug`. */
        PasswordRequest: {
            /** @description The one that is good now. */
            current: string;
            /** @description At least 12 characters, at most 1024 bytes, and none that stands in examples. */
            password: string;
        };
        /** @description An enrolment code, and what it is sent as. No `Debug`. */
        EnrolmentAnswer: {
            /** @description What goes into `AGENT_SECRET`. It is stored nowhere, and shown in this answer alone. */
            code: string;
            enrolment: components["schemas"]["EnrolmentCode"] & unknown;
        };
        /** @description What an enrolment code is to be good for. */
        EnrolmentRequest: {
            /**
             * Format: int64
             * @description For how many seconds it is to be good, 60 to 604800; 3600 where it is absent.
             */
            expiresInSeconds?: number | null;
            /**
             * @description The group that the server is put into when it uses the code, 1 to 64 characters, none of them a control character.
             *     Where it is absent, the server stays in the group it is in, a new one in none.
             */
            group?: string | null;
            /**
             * @description The server it is to be for, `SERVER_NAME` of its agent, new or not: 1 to 128 bytes, no control character. Where it
             *     is absent, the code is for one new server of any name.
             */
            serverName?: string | null;
        };
        /** @description How long the next enrolment code of a server is to be good. */
        RotateRequest: {
            /**
             * Format: int64
             * @description For how many seconds, 60 to 604800; 3600 where it is absent.
             */
            expiresInSeconds?: number | null;
        };
        /** @description Error body of the reading half. */
        ErrorBody: {
            /** @description Why, in a sentence. */
            error: string;
        };
        /** @description Why a login was refused. */
        LoginRefusal: {
            /** @description True where the password was right: send it again with a code, or with another one. Absent otherwise. */
            codeNeeded?: boolean | null;
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
        /** @description Body of `GET /readyz`. */
        Readiness: {
            /** @description Whether the database answers. */
            databaseAnswers: boolean;
            /**
             * @description Whether samples and containers are turned away because the disk is nearly full. Never true on PostgreSQL, whose
             *     disk cannot be seen from here.
             */
            diskIsLow: boolean;
            /**
             * @description Whether the last thing that was to be written could not be, as where the database is full or read-only. Tried again
             *     each second while anybody reports.
             */
            lastWriteFailed: boolean;
            /** @description Whether this master does what one alone of those on its database does, as looking for silent servers. */
            leads: boolean;
            /** @description Samples that wait to be written. */
            queuedSamples: number;
            /** @description Whether samples are taken. */
            ready: boolean;
            /** @description Why samples are not taken, in a sentence; absent where they are. */
            reason?: string;
        };
        /** @description Body of `POST /api/login`. No `Debug`: it holds a password. */
        Credentials: {
            /** @description Six digits of their second factor, or a recovery code; not looked at for those who have none. */
            code?: string | null;
            /** @description The user's name. */
            name: string;
            /** @description Their password. */
            password: string;
        };
        /**
         * @description How this master knows people.
         * @enum {string}
         */
        Mode: "login" | "development";
        /** @description Who is asking. */
        SessionInfo: {
            /**
             * Format: date-time
             * @description When the session ends; in the answer to a login alone.
             */
            expiresAt?: string | null;
            mode: components["schemas"]["Mode"] & unknown;
            /** @description What people call the provider that they may log in at, at `/api/login/oidc`; absent without one. */
            provider?: string | null;
            token?: (null | components["schemas"]["ApiToken"]) & unknown;
            user?: (null | components["schemas"]["User"]) & unknown;
        };
        /** @description Work on a server: it has the status `maintenance`, whether it reports or not. */
        MaintenancePatch: {
            /** @description What is done: 1 to 200 characters, none of them a control character. */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When it ends by itself, in the future; until somebody ends it where it is null, or absent from the beginning.
             */
            until?: string | null;
        };
        /** @description Which server's history is handed on. */
        MergeRequest: {
            /**
             * Format: int64
             * @description Number of the server that is gone after this.
             */
            from: number;
        };
        /**
         * @description What is to change of what operators say about a server; what is absent stays, and null takes away.
         *
         *     Read by [`organise::change`], which names the field that it does not understand.
         */
        ServerPatch: {
            /** @description What people call it: 1 to 128 characters, none of them a control character. Its agent's name stays what it is. */
            displayName?: string | null;
            /** @description The one group it is in: 1 to 64 characters, none of them a control character. */
            group?: string | null;
            maintenance?: (null | components["schemas"]["MaintenancePatch"]) & unknown;
            /** @description Anything else, as plain text of at most 10,000 characters, which may have line breaks. */
            notes?: string | null;
            /** @description All its tags, at most 20: each of 1 to 40 characters, none of them a space, a comma, a quote or a backslash. */
            tags?: string[] | null;
        };
        /** @description A code. No `Debug`. */
        CodeRequest: {
            /** @description Six digits, as the authenticator shows them. */
            code: string;
        };
        /** @description What an authenticator is told, this once. No `Debug`. */
        Enrolment: {
            /** @description What codes are made of, in base 32, to be typed where the picture cannot be read. */
            secret: string;
            /** @description The same with everything else, to be shown as a QR code. */
            uri: string;
        };
        /** @description A request with the user's own password once more. No `Debug`. */
        OwnPassword: {
            /** @description The password of the user who asks. */
            password: string;
        };
        /** @description Codes that are good once each in place of the authenticator's. No `Debug`. */
        RecoveryCodes: {
            /** @description They are stored nowhere as they are, and shown in this answer alone. */
            recoveryCodes: string[];
        };
        /** @description The second factor of the user who asks. */
        SecondFactorInfo: {
            /** @description Whether a login asks for a code. */
            isOn: boolean;
            /**
             * Format: int64
             * @description Recovery codes that were not used yet.
             */
            recoveryCodesLeft: number;
            /**
             * Format: date-time
             * @description Since when; absent where it does not.
             */
            since?: string | null;
        };
        /** @description An API token, and what it is sent as. No `Debug`. */
        TokenAnswer: {
            /** @description What goes into `Authorization: Bearer …`. It is stored nowhere, and shown in this answer alone. */
            secret: string;
            token: components["schemas"]["ApiToken"] & unknown;
        };
        /** @description What an API token is to be good for. */
        TokenRequest: {
            /** @description What it is for, 1 to 128 characters, none of them a control character. */
            name: string;
            scope: components["schemas"]["Scope"] & unknown;
            /**
             * Format: int64
             * @description The only server it is to be good for; all where it is absent.
             */
            serverId?: number | null;
        };
        /** @description What of a user is to be another way; what is absent stays. No `Debug`: it may hold a password. */
        UserPatchRequest: {
            /** @description Whether they may not log in, nor use the API tokens they made. */
            isDisabled?: boolean | null;
            /** @description Another password, of somebody else: one's own is changed with the current one. */
            password?: string | null;
            role?: (null | components["schemas"]["Role"]) & unknown;
        };
        /** @description A user to be made. No `Debug`: it holds a password. */
        UserRequest: {
            /** @description Unique, and never changed. */
            name: string;
            /** @description At least 12 characters, at most 1024 bytes, and none that stands in examples. */
            password: string;
            role: components["schemas"]["Role"] & unknown;
        };
        /**
         * @description What the audit log knows.
         * @enum {string}
         */
        Action: "login" | "login_refused" | "login_limited" | "logout" | "user_added" | "password_changed" | "role_changed" | "user_disabled" | "user_enabled" | "second_factor_on" | "second_factor_off" | "recovery_codes_made" | "recovery_code_used" | "session_ended" | "user_removed" | "token_created" | "token_revoked" | "server_changed" | "server_deleted" | "server_merged" | "enrolment_created" | "enrolment_revoked" | "enrolment_used" | "credential_revoked";
        /** @description An API token, without what it is recognised by. */
        ApiToken: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /** @description Who made it. */
            createdBy: string;
            /**
             * Format: int64
             * @description Number, never given out twice.
             */
            id: number;
            /**
             * Format: date-time
             * @description When it was used last, to the minute; absent before the first time.
             */
            lastUsedAt?: string | null;
            /** @description What it is for, in its maker's words. */
            name: string;
            scope: components["schemas"]["Scope"] & unknown;
            /**
             * Format: int64
             * @description The only server it is good for; absent for all.
             */
            serverId?: number | null;
        };
        /** @description One line of the audit log. */
        AuditEntry: {
            action: components["schemas"]["Action"] & unknown;
            /** @description Who: a user's name, `(command line)`, `(master)`, `(agent)`, or `(unknown)`. */
            actor: string;
            /** @description From where; empty for what was no request. */
            address: string;
            /**
             * Format: int64
             * @description Number; greater ones are newer.
             */
            id: number;
            /** @description To whom or what. */
            target: string;
            /**
             * Format: date-time
             * @description When.
             */
            timestamp: string;
        };
        /**
         * @description What a user may do; each may do what those before it may.
         * @enum {string}
         */
        Role: "viewer" | "operator" | "admin";
        /**
         * @description What an API token is good for.
         * @enum {string}
         */
        Scope: "read" | "write";
        /** @description A session, as the user it belongs to sees it. */
        SessionDetail: {
            /** @description Address that it began from; empty for one of an older master. */
            address: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            createdAt: string;
            /**
             * Format: date-time
             * @description When it ends.
             */
            expiresAt: string;
            /** @description What it is named by: a part of a hash, good for nothing else. */
            id: string;
            /** @description Whether it is the one that asks. */
            isCurrent: boolean;
            /** @description Program that it began with, as that calls itself; empty where it did not say. */
            userAgent: string;
        };
        /** @description Somebody who may log in. */
        User: {
            /**
             * Format: int64
             * @description Number.
             */
            id: number;
            /** @description Unique name. */
            name: string;
            role: components["schemas"]["Role"] & unknown;
        };
        /** @description A user as admins see them. */
        UserDetail: {
            /**
             * Format: date-time
             * @description When they were made.
             */
            createdAt: string;
            /** @description Whether their login asks for a code. */
            hasSecondFactor: boolean;
            /**
             * Format: int64
             * @description Number, never given out twice.
             */
            id: number;
            /** @description Whether they may not log in, nor use the API tokens they made. */
            isDisabled: boolean;
            /** @description Whether they log in at the provider, which says at each login what they may do. */
            isFromProvider: boolean;
            /** @description Unique name. */
            name: string;
            role: components["schemas"]["Role"] & unknown;
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
        ActivityKind: "restart" | "manual_restart" | "stopped" | "crashed" | "status_change" | "version_change" | "health_change" | "created" | "removed" | "online" | "offline" | "host_clash" | "host_changed";
        /** @description One container of a server. */
        Container: {
            /** @description Compose project it belongs to; absent where it is in none, or the agent did not say. */
            composeProject?: string;
            /** @description Service of that project; absent as above. */
            composeService?: string;
            /** @description First 12 hexadecimal digits of the engine's id. */
            containerId: string;
            /**
             * Format: date-time
             * @description When it was made; absent where the agent did not say.
             */
            createdAt?: string;
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
            /**
             * Format: int64
             * @description Labels that found no room in `labels`; absent when none.
             */
            labelsLeftOut?: number;
            /** @description Name without the leading slash. */
            name: string;
            /** @description Networks it is attached to. */
            networks: string[];
            /** @description Whether its last run ended because the kernel killed it for want of memory; absent where the agent did not say. */
            oomKilled?: boolean;
            /** @description Published ports as `public:private`, joined with `, `; `-` for none. */
            ports: string;
            /**
             * Format: int64
             * @description How often the engine restarted it by its restart policy; absent where the agent did not say.
             */
            restartCount?: number;
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
        /**
         * @description What a server registers with.
         * @enum {string}
         */
        CredentialKind: "fleet" | "own" | "revoked";
        /** @description An enrolment code, without what it is recognised by. */
        EnrolmentCode: {
            /**
             * Format: date-time
             * @description When.
             */
            createdAt: string;
            /** @description Who made it. */
            createdBy: string;
            /**
             * Format: date-time
             * @description From when on it is good for nothing.
             */
            expiresAt: string;
            /** @description The group that the server is put into when it uses the code; absent where it stays as it is. */
            group?: string | null;
            /**
             * Format: int64
             * @description Number, never given out twice.
             */
            id: number;
            /**
             * Format: int64
             * @description The server that used it; absent until then.
             */
            serverId?: number | null;
            /** @description The server it is for, new or not; absent where it is for one new server of any name. */
            serverName?: string | null;
            /**
             * Format: date-time
             * @description When it was used; absent until then.
             */
            usedAt?: string | null;
        };
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
        /** @description Body of `GET /api/servers/{id}/metrics`. */
        Series: {
            /**
             * @description Stretches whose samples came a minute or more after they were taken, as after an outage. Absent where the points
             *     are of hours or days, which do not tell.
             */
            backfilled?: components["schemas"]["SeriesStretch"][] | null;
            /**
             * @description The fields by name, with as many values as there are times. A point is null where nothing is known of it: so is one
             *     that was put between two samples that are too far apart.
             */
            fields: {
                [key: string]: components["schemas"]["SeriesField"];
            };
            /**
             * Format: date-time
             * @description Where the range begins.
             */
            from: string;
            /**
             * @description What the agent says never reached the master, of stretches that meet the range. The agent counts since its start and
             *     names the first and the last of all; other samples of that stretch may well be there.
             */
            lost: components["schemas"]["SeriesStretch"][];
            /** @description How many samples each point is made of; absent where each point is one sample. */
            samples?: number[] | null;
            /**
             * Format: int64
             * @description The server.
             */
            serverId: number;
            /** @description Its name. */
            serverName: string;
            /**
             * Format: int64
             * @description How many seconds a point stands for, from its time on; the first may begin before `from`. Absent where each point
             *     is one sample.
             */
            stepSeconds?: number | null;
            tier: components["schemas"]["SeriesTier"] & unknown;
            /** @description Times of the points, oldest first. */
            times: string[];
            /**
             * Format: date-time
             * @description Where it ends; not in it itself.
             */
            to: string;
        };
        /** @description A field over the range: `value` where each point is one sample, else `min`, `avg` and `max`. */
        SeriesField: {
            /** @description The mean of each point. */
            avg?: (number | null)[] | null;
            /** @description The greatest of each point. */
            max?: (number | null)[] | null;
            /** @description The least of each point. */
            min?: (number | null)[] | null;
            /** @description What each sample says. */
            value?: (number | null)[] | null;
        };
        /** @description Part of a range. */
        SeriesStretch: {
            /**
             * Format: date-time
             * @description Time of its first sample.
             */
            from: string;
            /**
             * Format: uint64
             * @description How many samples.
             */
            samples: number;
            /**
             * Format: date-time
             * @description Time of its last sample.
             */
            until: string;
        };
        /**
         * @description What the points of a range are made of.
         * @enum {string}
         */
        SeriesTier: "raw" | "hourly" | "daily";
        /** @description Work on a server, during which nobody judges it. */
        Maintenance: {
            /** @description What is done. */
            reason?: string;
            /**
             * Format: date-time
             * @description When it began.
             */
            since: string;
            /**
             * Format: date-time
             * @description When it ends by itself; absent where somebody has to end it.
             */
            until?: string;
        };
        /** @description A host that was refused because another one reports under the same name. */
        RivalHost: {
            /**
             * Format: date-time
             * @description When it tried first.
             */
            firstSeenAt: string;
            /** @description Its host name. */
            hostname: string;
            /** @description Address it was refused at. */
            ipAddress: string;
            /**
             * Format: date-time
             * @description When it tried last.
             */
            lastSeenAt: string;
        };
        /** @description How many servers a group or a tag has, by their status. */
        ServerCount: {
            /**
             * Format: int64
             * @description Those in maintenance.
             */
            maintenance: number;
            /** @description The group or the tag. */
            name: string;
            /**
             * Format: int64
             * @description Those that are offline.
             */
            offline: number;
            /**
             * Format: int64
             * @description Those that are online.
             */
            online: number;
            /**
             * Format: int64
             * @description All its servers.
             */
            servers: number;
        };
        /** @description Body of `GET /api/servers/{id}`. */
        ServerDetail: (components["schemas"]["ServerSummary"] & unknown) & {
            /** @description Version of its agent, empty where the agent did not say. */
            agentVersion: string;
            /**
             * Format: int64
             * @description How far this master's clock is ahead of the host's in milliseconds, negative where it is behind, as its agent
             *     measured it for the newest sample; absent where that does not say.
             */
            clockOffsetMilliseconds?: number;
            /** @description Its containers, by name. */
            containers: components["schemas"]["Container"][];
            /**
             * Format: date-time
             * @description When it registered first, by the master's clock.
             */
            createdAt: string;
            credential: components["schemas"]["CredentialKind"] & unknown;
            /**
             * Format: date-time
             * @description Since when its credential is its own, or revoked; absent for the fleet's.
             */
            credentialSince?: string | null;
            /** @description Version of its Docker Engine; null where none answered. */
            dockerVersion: string | null;
            /** @description What operators wrote down about it, as plain text of one or more lines; absent where nobody did. */
            notes?: string;
            /** @description Machine architecture. */
            osArch: string;
            /** @description Kernel release. */
            osKernel: string;
            /** @description Name of the operating system. */
            osName: string;
            /** @description Version of the operating system. */
            osVersion: string;
            rivalHost?: (null | components["schemas"]["RivalHost"]) & unknown;
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
            /** @description What people call it; absent where nobody gave it such a name. */
            displayName?: string;
            /**
             * Format: date-time
             * @description When its display name, group, tags, notes or maintenance were changed last; absent before the first time.
             */
            editedAt?: string;
            /** @description The group it is in; absent where it is in none. */
            group?: string;
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
            maintenance?: components["schemas"]["Maintenance"] & unknown;
            /**
             * Format: double
             * @description Memory in use in percent, from the newest sample; absent before the first.
             */
            memory?: number;
            /** @description The operator's unique name (`SERVER_NAME` of the agent). */
            name: string;
            status: components["schemas"]["ServerStatus"] & unknown;
            /** @description Its tags, in alphabetical order; absent where it has none. */
            tags?: string[];
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
        /** @description Body of `GET /api/storage`. */
        Storage: {
            /**
             * Format: uint64
             * @description The database on disk, with indexes and, on SQLite, its log, in bytes; at most ten seconds old.
             */
            databaseBytes: number;
            disk?: (null | components["schemas"]["StorageDisk"]) & unknown;
            /** @description `sqlite` or `postgresql`. */
            engine: string;
            forecast?: (null | components["schemas"]["StorageForecast"]) & unknown;
            growth: components["schemas"]["StorageGrowth"] & unknown;
            /**
             * Format: uint64
             * @description Samples that are stored, as PostgreSQL's statistics estimate it; absent on SQLite, which would have to count.
             */
            samplesEstimated?: number | null;
            /**
             * Format: uint64
             * @description Registered servers.
             */
            servers: number;
        };
        /** @description Room on the disk. */
        StorageDisk: {
            /**
             * Format: double
             * @description Days until they are, if the database goes on growing as it did and nothing else does; absent where that is not
             *     known, or it does not grow.
             */
            daysUntilLow?: number | null;
            /**
             * Format: uint64
             * @description Free for the master, in bytes.
             */
            freeBytes: number;
            /** @description Whether samples and containers are turned away for it. */
            isLow: boolean;
            /**
             * Format: uint64
             * @description What is kept free (`MIN_FREE_DISK_MB`), in bytes.
             */
            reserveBytes: number;
            /**
             * Format: uint64
             * @description Size of the file system, in bytes.
             */
            totalBytes: number;
        };
        /**
         * @description What the tiers come to, if the servers go on as in the last day. Estimated from up to 32 of them; containers and events
         *     are not part of it.
         */
        StorageForecast: {
            days: components["schemas"]["StorageTier"] & unknown;
            hours: components["schemas"]["StorageTier"] & unknown;
            samples: components["schemas"]["StorageTier"] & unknown;
        };
        /** @description How fast the database grows. */
        StorageGrowth: {
            /**
             * Format: double
             * @description Growth per day, in bytes; absent before an hour is measured, or where it shrank.
             */
            bytesPerDay?: number | null;
            /**
             * Format: double
             * @description Growth of the whole database per sample, in bytes; absent under 1,000 samples, or where it shrank.
             */
            bytesPerSample?: number | null;
            /**
             * Format: double
             * @description Growth per registered server and day, in bytes; absent as `bytesPerDay` is, and without servers.
             */
            bytesPerServerAndDay?: number | null;
            /**
             * Format: uint64
             * @description Over how many seconds this was measured.
             */
            measuredSeconds: number;
            /**
             * Format: uint64
             * @description Samples stored in that time: by this master on SQLite, by all of them on PostgreSQL.
             */
            samples: number;
        };
        /** @description What one tier comes to. */
        StorageTier: {
            /**
             * Format: double
             * @description What a row takes, with its part of the indexes, in bytes; absent before the first.
             */
            bytesPerRow?: number | null;
            /**
             * Format: double
             * @description Bytes that a year adds, or would if so much were kept; absent as `bytesPerRow` is.
             */
            bytesPerYear?: number | null;
            /**
             * Format: double
             * @description Bytes once as many days are there as are kept; absent as `bytesPerRow` is, and where all is kept for ever.
             */
            bytesWhenFull?: number | null;
            /**
             * Format: uint32
             * @description For how many days it is kept; absent where that is for ever.
             */
            keptDays?: number | null;
            /**
             * Format: double
             * @description Rows that come in a day, of all servers.
             */
            rowsPerDay: number;
        };
        /** @description How one server fared: a mean for each step, `null` where it has no sample. */
        Trend: {
            /** @description CPU in percent of all cores. */
            cpuPercent: (number | null)[];
            /** @description Memory in use in percent. */
            memoryPercent: (number | null)[];
            /**
             * Format: int64
             * @description The server.
             */
            serverId: number;
        };
        /** @description Body of `GET /api/trends`. */
        Trends: {
            /**
             * Format: date-time
             * @description Start of the first step.
             */
            from: string;
            /** @description Those of the servers asked for that have samples in that time, by number. */
            servers: components["schemas"]["Trend"][];
            /**
             * Format: uint32
             * @description Length of a step, in seconds.
             */
            stepSeconds: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    password_change: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "current": "what-only-the-admin-knows",
                 *       "password": "what-nobody-else-thinks-of"
                 *     }
                 */
                "application/json": components["schemas"]["PasswordRequest"];
            };
        };
        responses: {
            /** @description The new one is good from now on */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not understood, or no fit password */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or `Wrong password` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is no password to change, but a login at the provider */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    second_factor_info: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it is */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "isOn": true,
                     *       "recoveryCodesLeft": 9,
                     *       "since": "2026-11-24T09:08:04.986Z"
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactorInfo"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    second_factor_begin: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "what-only-the-admin-knows"
                 *     }
                 */
                "application/json": components["schemas"]["OwnPassword"];
            };
        };
        responses: {
            /** @description What the authenticator is told, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                     *       "uri": "otpauth://totp/Neon:admin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Neon&algorithm=SHA1&digits=6&period=30"
                     *     }
                     */
                    "application/json": components["schemas"]["Enrolment"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or `Wrong password` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is a second factor already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    second_factor_confirm: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["CodeRequest"];
            };
        };
        responses: {
            /** @description The recovery codes, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recoveryCodes": [
                     *         "mfrg-g2lt-nfxg-44tp",
                     *         "nrxw-y2lq-on2w-2zlt"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or `Wrong code` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is no second factor to confirm */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    second_factor_off: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "what-only-the-admin-knows"
                 *     }
                 */
                "application/json": components["schemas"]["OwnPassword"];
            };
        };
        responses: {
            /** @description There is none any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or `Wrong password` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is no second factor */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recovery_codes_make: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "password": "what-only-the-admin-knows"
                 *     }
                 */
                "application/json": components["schemas"]["OwnPassword"];
            };
        };
        responses: {
            /** @description The recovery codes, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recoveryCodes": [
                     *         "mfrg-g2lt-nfxg-44tp",
                     *         "nrxw-y2lq-on2w-2zlt"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or `Wrong password` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is no second factor */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "address": "192.0.2.17",
                     *         "createdAt": "2026-11-24T09:08:04.986Z",
                     *         "expiresAt": "2026-12-01T09:08:04.000Z",
                     *         "id": "1f0c8a52b7d94e63",
                     *         "isCurrent": true,
                     *         "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["SessionDetail"][];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_end: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path: {
                /**
                 * @description Name of the session in the list
                 * @example 1f0c8a52b7d94e63
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It has ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Session not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    activity_list: {
        parameters: {
            query?: {
                /**
                 * @description How many, 1 to 500; 50 where it is absent
                 * @example 50
                 */
                limit?: number;
                /**
                 * @description Only those of this server
                 * @example 1
                 */
                serverId?: number;
                /**
                 * @description Only those of this type
                 * @example online
                 */
                type?: components["schemas"]["ActivityKind"];
                /**
                 * @description The `id` of an event: only those that follow it, to read on
                 * @example 1-1
                 */
                before?: string;
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
                    /**
                     * @example [
                     *       {
                     *         "containerId": null,
                     *         "containerName": null,
                     *         "id": "1-1",
                     *         "message": "web-1 is online",
                     *         "serverId": 1,
                     *         "serverName": "web-1",
                     *         "timestamp": "2026-11-24T09:08:04.907Z",
                     *         "type": "online"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Activity"][];
                };
            };
            /** @description `limit` is out of range, `serverId` no number, `type` none of the types, or `before` no event that is there */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
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
                /**
                 * @example {
                 *       "containers": [
                 *         {
                 *           "composeProject": "shop",
                 *           "composeService": "web",
                 *           "containerId": "eb6f6e2aaa26",
                 *           "exitCode": 0,
                 *           "health": "healthy",
                 *           "image": "example.org/shop:4.2",
                 *           "imageId": "sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194",
                 *           "imageTags": [
                 *             "example.org/shop:4.2"
                 *           ],
                 *           "labels": {
                 *             "neon.service": "Shop"
                 *           },
                 *           "name": "shop",
                 *           "networks": [
                 *             "bridge"
                 *           ],
                 *           "ports": "8080:80",
                 *           "restartCount": 0,
                 *           "startedAt": "2026-11-23T08:47:25.668846837Z",
                 *           "status": "running"
                 *         }
                 *       ],
                 *       "containersLeftOut": 0
                 *     }
                 */
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
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
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
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time",
                     *       "success": false
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
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
                /**
                 * @example {
                 *       "agentVersion": "0.1.0",
                 *       "timestamp": "2026-11-24T09:08:03.022Z"
                 *     }
                 */
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
                    /**
                     * @example {
                     *       "data": {
                     *         "serverTime": "2026-11-24T09:08:04.917Z",
                     *         "tokenExpiresIn": 86400
                     *       },
                     *       "success": true
                     *     }
                     */
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
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time",
                     *       "success": false
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
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
                /**
                 * @example {
                 *       "metrics": [
                 *         {
                 *           "cpuPercent": 14.85,
                 *           "diskPercent": 6.31,
                 *           "diskTotalGb": 755.92,
                 *           "diskUsedGb": 47.7,
                 *           "memoryPercent": 3.09,
                 *           "memoryTotalGb": 23.54,
                 *           "memoryUsedGb": 0.73,
                 *           "networkRxBytes": 443323758,
                 *           "networkTxBytes": 986331,
                 *           "readings": {
                 *             "cpu": {
                 *               "iowaitPercent": 0.2,
                 *               "irqPercent": 0.1,
                 *               "stealPercent": 0,
                 *               "systemPercent": 2.1,
                 *               "userPercent": 12.4
                 *             },
                 *             "load1": 0.42,
                 *             "memory": {
                 *               "availableBytes": 24494731264,
                 *               "totalBytes": 25275768832
                 *             },
                 *             "mounts": [
                 *               {
                 *                 "availableBytes": 719135977472,
                 *                 "device": "/dev/vda1",
                 *                 "fsType": "ext4",
                 *                 "inodesTotal": 50331648,
                 *                 "inodesUsed": 812044,
                 *                 "mountPoint": "/",
                 *                 "readOnly": false,
                 *                 "totalBytes": 811661869056,
                 *                 "usedBytes": 51218808832
                 *               }
                 *             ],
                 *             "uptimeSeconds": 864213
                 *           },
                 *           "timestamp": "2026-11-24T09:08:03.022Z"
                 *         }
                 *       ]
                 *     }
                 */
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
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
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
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time",
                     *       "success": false
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
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
                /**
                 * @example {
                 *       "agentVersion": "0.1.0",
                 *       "serverInfo": {
                 *         "cpuCores": 8,
                 *         "dockerVersion": "27.3.1",
                 *         "hostname": "web-1.example.org",
                 *         "name": "web-1",
                 *         "osArch": "x86_64",
                 *         "osKernel": "6.1.0-26-amd64",
                 *         "osName": "Debian GNU/Linux",
                 *         "osVersion": "12",
                 *         "totalDiskGb": 755.92,
                 *         "totalMemoryGb": 23.54
                 *       },
                 *       "serverName": "web-1"
                 *     }
                 */
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
                    /**
                     * @example {
                     *       "data": {
                     *         "serverId": 1,
                     *         "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.….…"
                     *       },
                     *       "success": true
                     *     }
                     */
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
            /** @description The secret, credential or code is not good for this server */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Another host has the name */
            409: {
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error",
                     *       "success": false
                     *     }
                     */
                    "application/json": components["schemas"]["Refusal"];
                };
            };
            /** @description Try again later */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Refusal"];
                };
            };
        };
    };
    audit_list: {
        parameters: {
            query?: {
                /**
                 * @description How many, 1 to 1000; 100 where it is absent
                 * @example 50
                 */
                limit?: number;
                /**
                 * @description Only those with a smaller number, to read on
                 * @example 100000
                 */
                before?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Lines, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "action": "token_created",
                     *         "actor": "admin",
                     *         "address": "192.0.2.17",
                     *         "id": 5,
                     *         "target": "1 grafana (read, server 1)",
                     *         "timestamp": "2026-11-24T09:08:04.990Z"
                     *       },
                     *       {
                     *         "action": "login",
                     *         "actor": "admin",
                     *         "address": "192.0.2.17",
                     *         "id": 4,
                     *         "target": "admin",
                     *         "timestamp": "2026-11-24T09:08:04.986Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["AuditEntry"][];
                };
            };
            /** @description `limit` or `before` is out of range */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    container_list: {
        parameters: {
            query: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
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
                    /**
                     * @example [
                     *       {
                     *         "composeProject": "shop",
                     *         "composeService": "web",
                     *         "containerId": "eb6f6e2aaa26",
                     *         "exitCode": 0,
                     *         "health": "healthy",
                     *         "image": "example.org/shop:4.2",
                     *         "imageId": "sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194",
                     *         "imageTags": [
                     *           "example.org/shop:4.2"
                     *         ],
                     *         "labels": {
                     *           "neon.service": "Shop"
                     *         },
                     *         "name": "shop",
                     *         "networks": [
                     *           "bridge"
                     *         ],
                     *         "ports": "8080:80",
                     *         "restartCount": 0,
                     *         "serverId": 1,
                     *         "startedAt": "2026-11-23T08:47:25.668Z",
                     *         "status": "running",
                     *         "updatedAt": "2026-11-24T09:08:04.914Z"
                     *       }
                     *     ]
                     */
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
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Enrolment codes */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "createdAt": "2026-11-24T09:08:04.990Z",
                     *         "createdBy": "admin",
                     *         "expiresAt": "2026-11-24T10:08:04.990Z",
                     *         "id": 1,
                     *         "serverId": 1,
                     *         "serverName": "web-1",
                     *         "usedAt": "2026-11-24T09:10:31.204Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["EnrolmentCode"][];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_create: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "expiresInSeconds": 3600,
                 *       "group": "shop",
                 *       "serverName": "web-1"
                 *     }
                 */
                "application/json": null | components["schemas"]["EnrolmentRequest"];
            };
        };
        responses: {
            /** @description The code, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "neon_code_…",
                     *       "enrolment": {
                     *         "createdAt": "2026-11-24T09:08:04.990Z",
                     *         "createdBy": "admin",
                     *         "expiresAt": "2026-11-24T10:08:04.990Z",
                     *         "group": "shop",
                     *         "id": 1,
                     *         "serverName": "web-1"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EnrolmentAnswer"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "expiresInSeconds: must be between 60 and 604800"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    enrolment_revoke: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the enrolment code
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is good for nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Enrolment code not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Enrolment code not found"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    event_stream: {
        parameters: {
            query?: {
                /**
                 * @description Only what is about this server
                 * @example 1
                 */
                serverId?: number;
            };
            header?: {
                /**
                 * @description Of the last event that was received
                 * @example 1-1
                 */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, without end */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `serverId` is no number */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many streams */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    group_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The groups */
            200: {
                headers: {
                    /** @description Of this answer, for `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "maintenance": 1,
                     *         "name": "shop",
                     *         "offline": 0,
                     *         "online": 1,
                     *         "servers": 2
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ServerCount"][];
                };
            };
            /** @description As `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "287082",
                 *       "name": "admin",
                 *       "password": "what-only-the-admin-knows"
                 *     }
                 */
                "application/json": components["schemas"]["Credentials"];
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expiresAt": "2026-12-01T09:08:04.000Z",
                     *       "mode": "login",
                     *       "user": {
                     *         "id": 1,
                     *         "name": "admin",
                     *         "role": "admin"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SessionInfo"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Wrong name or password`, or, with `codeNeeded`, a code is */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoginRefusal"];
                };
            };
            /** @description The header X-Neon-Request is missing */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many at once, or the store does not answer */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    oidc_begin: {
        parameters: {
            query?: {
                /**
                 * @description Path of this master to show afterwards; `/` where it is absent or none
                 * @example /servers/3
                 */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ok */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description To the provider, or with a `problem` to `/` */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no provider to log in at */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    oidc_callback: {
        parameters: {
            query?: {
                /**
                 * @description What the provider gives for who logged in
                 * @example SplxlOBeZQQYbYS6WxSbIA
                 */
                code?: string;
                /**
                 * @description Which login it was
                 * @example af0ifjsldkj
                 */
                state?: string;
                /**
                 * @description The provider, where it says so
                 * @example https://id.example.org
                 */
                iss?: string;
                /**
                 * @description Why the provider logged nobody in
                 * @example access_denied
                 */
                error?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ok */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description To a path of this master */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no provider to log in at */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Too many attempts; `Retry-After` says when */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_list: {
        parameters: {
            query?: {
                /**
                 * @description How many at most, 1 to 1000; all where it is absent
                 * @example 50
                 */
                limit?: number;
                /**
                 * @description Number of the last server of the page before; only what comes after it, where it is now
                 * @example 1
                 */
                after?: number;
                /**
                 * @description Only servers with this status
                 * @example online
                 */
                status?: components["schemas"]["ServerStatus"];
                /**
                 * @description Only servers of this group; empty for those of none
                 * @example shop
                 */
                group?: string;
                /**
                 * @description Only servers with this tag
                 * @example eu
                 */
                tag?: string;
                /**
                 * @description Only servers with this in their name, display name or host name, whatever the case; at most 128 bytes
                 * @example web
                 */
                search?: string;
                /**
                 * @description `name`, `cpu`, `memory`, `disk`, `lastSeenAt` or `containerCount`, with `-` before it largest first; equals by number, and what is absent last. By name where it is absent
                 * @example -cpu
                 */
                sort?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The servers */
            200: {
                headers: {
                    /** @description Of this answer, for `If-None-Match` */
                    ETag?: string;
                    /** @description Servers on all pages */
                    "X-Total-Count"?: number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "containerCount": 1,
                     *         "cpu": 14.85,
                     *         "cpuCores": 8,
                     *         "disk": 6.31,
                     *         "displayName": "Shop, first of two",
                     *         "editedAt": "2026-11-24T09:08:04.931Z",
                     *         "group": "shop",
                     *         "hostname": "web-1.example.org",
                     *         "id": 1,
                     *         "ipAddress": "192.0.2.17",
                     *         "lastMetricsAt": "2026-11-24T09:08:03.022Z",
                     *         "lastSeenAt": "2026-11-24T09:08:04.917Z",
                     *         "memory": 3.09,
                     *         "name": "web-1",
                     *         "status": "online",
                     *         "tags": [
                     *           "eu",
                     *           "web"
                     *         ],
                     *         "totalDiskGb": 755.92,
                     *         "totalMemoryGb": 23.54
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ServerSummary"][];
                };
            };
            /** @description As `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A parameter is not understood; its name comes first */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_detail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server */
            200: {
                headers: {
                    /** @description Of this answer, for `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "agentVersion": "0.1.0",
                     *       "containerCount": 1,
                     *       "containers": [
                     *         {
                     *           "composeProject": "shop",
                     *           "composeService": "web",
                     *           "containerId": "eb6f6e2aaa26",
                     *           "exitCode": 0,
                     *           "health": "healthy",
                     *           "image": "example.org/shop:4.2",
                     *           "imageId": "sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194",
                     *           "imageTags": [
                     *             "example.org/shop:4.2"
                     *           ],
                     *           "labels": {
                     *             "neon.service": "Shop"
                     *           },
                     *           "name": "shop",
                     *           "networks": [
                     *             "bridge"
                     *           ],
                     *           "ports": "8080:80",
                     *           "restartCount": 0,
                     *           "serverId": 1,
                     *           "startedAt": "2026-11-23T08:47:25.668Z",
                     *           "status": "running",
                     *           "updatedAt": "2026-11-24T09:08:04.914Z"
                     *         }
                     *       ],
                     *       "cpu": 14.85,
                     *       "cpuCores": 8,
                     *       "createdAt": "2026-11-24T09:08:04.907Z",
                     *       "credential": "own",
                     *       "credentialSince": "2026-11-24T09:08:04.907Z",
                     *       "disk": 6.31,
                     *       "dockerVersion": "27.3.1",
                     *       "hostname": "web-1.example.org",
                     *       "id": 1,
                     *       "ipAddress": "192.0.2.17",
                     *       "lastMetricsAt": "2026-11-24T09:08:03.022Z",
                     *       "lastSeenAt": "2026-11-24T09:08:04.917Z",
                     *       "memory": 3.09,
                     *       "name": "web-1",
                     *       "osArch": "x86_64",
                     *       "osKernel": "6.1.0-26-amd64",
                     *       "osName": "Debian GNU/Linux",
                     *       "osVersion": "12",
                     *       "services": [
                     *         {
                     *           "containerIds": [
                     *             "eb6f6e2aaa26"
                     *           ],
                     *           "dependsOn": [],
                     *           "description": null,
                     *           "id": "eb6f6e2aaa26",
                     *           "name": "shop",
                     *           "optionalDependsOn": [],
                     *           "project": null,
                     *           "runningCount": 1,
                     *           "service": null,
                     *           "status": "healthy",
                     *           "type": null
                     *         }
                     *       ],
                     *       "status": "online",
                     *       "totalDiskGb": 755.92,
                     *       "totalMemoryGb": 23.54
                     *     }
                     */
                    "application/json": components["schemas"]["ServerDetail"];
                };
            };
            /** @description As `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
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
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_delete: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is no such server any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
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
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_change: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "displayName": "Shop, first of two",
                 *       "group": "shop",
                 *       "maintenance": {
                 *         "reason": "A new disk",
                 *         "until": "2036-11-24T12:00:00.000Z"
                 *       },
                 *       "notes": null,
                 *       "tags": [
                 *         "web",
                 *         "eu"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ServerPatch"];
            };
        };
        responses: {
            /** @description The server as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "agentVersion": "0.1.0",
                     *       "containerCount": 1,
                     *       "containers": [
                     *         {
                     *           "composeProject": "shop",
                     *           "composeService": "web",
                     *           "containerId": "eb6f6e2aaa26",
                     *           "exitCode": 0,
                     *           "health": "healthy",
                     *           "image": "example.org/shop:4.2",
                     *           "imageId": "sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194",
                     *           "imageTags": [
                     *             "example.org/shop:4.2"
                     *           ],
                     *           "labels": {
                     *             "neon.service": "Shop"
                     *           },
                     *           "name": "shop",
                     *           "networks": [
                     *             "bridge"
                     *           ],
                     *           "ports": "8080:80",
                     *           "restartCount": 0,
                     *           "serverId": 1,
                     *           "startedAt": "2026-11-23T08:47:25.668Z",
                     *           "status": "running",
                     *           "updatedAt": "2026-11-24T09:08:04.914Z"
                     *         }
                     *       ],
                     *       "cpu": 14.85,
                     *       "cpuCores": 8,
                     *       "createdAt": "2026-11-24T09:08:04.907Z",
                     *       "disk": 6.31,
                     *       "displayName": "Shop, first of two",
                     *       "dockerVersion": "27.3.1",
                     *       "editedAt": "2026-11-24T09:08:04.931Z",
                     *       "group": "shop",
                     *       "hostname": "web-1.example.org",
                     *       "id": 1,
                     *       "ipAddress": "192.0.2.17",
                     *       "lastMetricsAt": "2026-11-24T09:08:03.022Z",
                     *       "lastSeenAt": "2026-11-24T09:08:04.917Z",
                     *       "maintenance": {
                     *         "reason": "A new disk",
                     *         "since": "2026-11-24T09:08:04.931Z",
                     *         "until": "2036-11-24T12:00:00.000Z"
                     *       },
                     *       "memory": 3.09,
                     *       "name": "web-1",
                     *       "osArch": "x86_64",
                     *       "osKernel": "6.1.0-26-amd64",
                     *       "osName": "Debian GNU/Linux",
                     *       "osVersion": "12",
                     *       "services": [
                     *         {
                     *           "containerIds": [
                     *             "eb6f6e2aaa26"
                     *           ],
                     *           "dependsOn": [],
                     *           "description": null,
                     *           "id": "eb6f6e2aaa26",
                     *           "name": "shop",
                     *           "optionalDependsOn": [],
                     *           "project": null,
                     *           "runningCount": 1,
                     *           "service": null,
                     *           "status": "healthy",
                     *           "type": null
                     *         }
                     *       ],
                     *       "status": "maintenance",
                     *       "tags": [
                     *         "eu",
                     *         "web"
                     *       ],
                     *       "totalDiskGb": 755.92,
                     *       "totalMemoryGb": 23.54
                     *     }
                     */
                    "application/json": components["schemas"]["ServerDetail"];
                };
            };
            /** @description `Invalid server ID`, or a field is not understood; its name comes first */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    credential_revoke: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The server reports no more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Server not found"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    credential_rotate: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "expiresInSeconds": 3600
                 *     }
                 */
                "application/json": null | components["schemas"]["RotateRequest"];
            };
        };
        responses: {
            /** @description The code, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "code": "neon_code_…",
                     *       "enrolment": {
                     *         "createdAt": "2026-11-24T09:08:04.990Z",
                     *         "createdBy": "admin",
                     *         "expiresAt": "2026-11-24T10:08:04.990Z",
                     *         "id": 2,
                     *         "serverName": "web-1"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["EnrolmentAnswer"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "expiresInSeconds: must be between 60 and 604800"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Server not found"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_merge: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request"?: string;
            };
            path: {
                /**
                 * @description Number of the server that goes on
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": 2
                 *     }
                 */
                "application/json": components["schemas"]["MergeRequest"];
            };
        };
        responses: {
            /** @description The other server is gone, and its history on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `Invalid server ID`, or `from` is not the number of another server */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found`, or `There is no server of the number in from` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The other server is not offline */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "from: is not offline; only a server that is can be merged"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_series: {
        parameters: {
            query?: {
                /**
                 * @description Begin of the range, RFC 3339; a day before `to` where it is absent
                 * @example 2026-11-24T06:00:00Z
                 */
                from?: string;
                /**
                 * @description End of the range, which is not in it, RFC 3339; now where it is absent
                 * @example 2026-11-24T09:00:00Z
                 */
                to?: string;
                /**
                 * @description Most points of the answer, 2 to 2000; 500 where it is absent
                 * @example 500
                 */
                points?: number;
                /**
                 * @description Names of fields with commas between them; one that ends in `*` stands for all that begin so, as `mounts.*`. The fixed fields of a sample where it is absent
                 * @example cpuPercent,mounts.*
                 */
                fields?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The range */
            200: {
                headers: {
                    /** @description Of this answer, for `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "fields": {
                     *         "cpuPercent": {
                     *           "avg": [
                     *             14.85,
                     *             null,
                     *             12.2
                     *           ],
                     *           "max": [
                     *             62,
                     *             null,
                     *             40.1
                     *           ],
                     *           "min": [
                     *             3.1,
                     *             null,
                     *             2.9
                     *           ]
                     *         }
                     *       },
                     *       "from": "2026-11-24T06:00:00.000Z",
                     *       "lost": [],
                     *       "samples": [
                     *         12,
                     *         0,
                     *         12
                     *       ],
                     *       "serverId": 1,
                     *       "serverName": "web-1",
                     *       "stepSeconds": 3600,
                     *       "tier": "hourly",
                     *       "times": [
                     *         "2026-11-24T06:00:00.000Z",
                     *         "2026-11-24T07:00:00.000Z",
                     *         "2026-11-24T08:00:00.000Z"
                     *       ],
                     *       "to": "2026-11-24T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Series"];
                };
            };
            /** @description As `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `Invalid server ID`, or a parameter is not understood; its name comes first */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_history: {
        parameters: {
            query?: {
                /**
                 * @description How far back; `7d` where it is absent
                 * @example 24h
                 */
                range?: components["schemas"]["HistoryRange"];
            };
            header?: never;
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
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
                    /**
                     * @example {
                     *       "dataPoints": [
                     *         {
                     *           "cpuPercent": 14.85,
                     *           "diskPercent": 6.31,
                     *           "memoryPercent": 3.09,
                     *           "timestamp": "2026-11-24T09:03:03.022Z"
                     *         },
                     *         {
                     *           "cpuPercent": 14.85,
                     *           "diskPercent": 6.31,
                     *           "memoryPercent": 3.09,
                     *           "timestamp": "2026-11-24T09:08:03.022Z"
                     *         }
                     *       ],
                     *       "interval": "raw",
                     *       "serverId": 1,
                     *       "serverName": "web-1",
                     *       "timeRange": "1h"
                     *     }
                     */
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
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    server_latest: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Number of the server
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest sample */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cpuPercent": 14.85,
                     *       "diskPercent": 6.31,
                     *       "diskTotalGb": 755.92,
                     *       "diskUsedGb": 47.7,
                     *       "memoryPercent": 3.09,
                     *       "memoryTotalGb": 23.54,
                     *       "memoryUsedGb": 0.73,
                     *       "networkRxBytes": 443323758,
                     *       "networkTxBytes": 986331,
                     *       "readings": {
                     *         "cpu": {
                     *           "iowaitPercent": 0.2,
                     *           "irqPercent": 0.1,
                     *           "stealPercent": 0,
                     *           "systemPercent": 2.1,
                     *           "userPercent": 12.4
                     *         },
                     *         "load1": 0.42,
                     *         "memory": {
                     *           "availableBytes": 24494731264,
                     *           "totalBytes": 25275768832
                     *         },
                     *         "mounts": [
                     *           {
                     *             "availableBytes": 719135977472,
                     *             "device": "/dev/vda1",
                     *             "fsType": "ext4",
                     *             "inodesTotal": 50331648,
                     *             "inodesUsed": 812044,
                     *             "mountPoint": "/",
                     *             "readOnly": false,
                     *             "totalBytes": 811661869056,
                     *             "usedBytes": 51218808832
                     *           }
                     *         ],
                     *         "uptimeSeconds": 864213
                     *       },
                     *       "timestamp": "2026-11-24T09:08:03.022Z"
                     *     }
                     */
                    "application/json": components["schemas"]["ServerMetrics"];
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
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Server not found`, or `No metrics yet` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    session_info: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is asking; nobody where there is no user and no token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "mode": "login",
                     *       "user": {
                     *         "id": 1,
                     *         "name": "admin",
                     *         "role": "admin"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SessionInfo"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
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
                    /**
                     * @example {
                     *       "activeAlerts": 0,
                     *       "avgCpu": 14.85,
                     *       "totalContainers": 57,
                     *       "totalServers": 12
                     *     }
                     */
                    "application/json": components["schemas"]["Stats"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    storage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the database takes and has */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "databaseBytes": 48234496,
                     *       "disk": {
                     *         "daysUntilLow": 17412.3,
                     *         "freeBytes": 25265352704,
                     *         "isLow": false,
                     *         "reserveBytes": 1073741824,
                     *         "totalBytes": 270553174016
                     *       },
                     *       "engine": "sqlite",
                     *       "forecast": {
                     *         "days": {
                     *           "bytesPerRow": 1632,
                     *           "bytesPerYear": 7148160,
                     *           "rowsPerDay": 12
                     *         },
                     *         "hours": {
                     *           "bytesPerRow": 1621,
                     *           "bytesPerYear": 170399520,
                     *           "bytesWhenFull": 186739200,
                     *           "keptDays": 400,
                     *           "rowsPerDay": 288
                     *         },
                     *         "samples": {
                     *           "bytesPerRow": 300,
                     *           "bytesPerYear": 378432000,
                     *           "bytesWhenFull": 31104000,
                     *           "keptDays": 30,
                     *           "rowsPerDay": 3456
                     *         }
                     *       },
                     *       "growth": {
                     *         "bytesPerDay": 1389312,
                     *         "bytesPerSample": 402,
                     *         "bytesPerServerAndDay": 115776,
                     *         "measuredSeconds": 86400,
                     *         "samples": 3456
                     *       },
                     *       "servers": 12
                     *     }
                     */
                    "application/json": components["schemas"]["Storage"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    tag_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The tags */
            200: {
                headers: {
                    /** @description Of this answer, for `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "maintenance": 1,
                     *         "name": "eu",
                     *         "offline": 0,
                     *         "online": 1,
                     *         "servers": 2
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ServerCount"][];
                };
            };
            /** @description As `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    token_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All API tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "createdAt": "2026-11-24T09:08:04.990Z",
                     *         "createdBy": "admin",
                     *         "id": 1,
                     *         "name": "grafana",
                     *         "scope": "read",
                     *         "serverId": 1
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ApiToken"][];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    token_create: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "grafana",
                 *       "scope": "read",
                 *       "serverId": 1
                 *     }
                 */
                "application/json": components["schemas"]["TokenRequest"];
            };
        };
        responses: {
            /** @description The token, this once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "neon_…",
                     *       "token": {
                     *         "createdAt": "2026-11-24T09:08:04.990Z",
                     *         "createdBy": "admin",
                     *         "id": 1,
                     *         "name": "grafana",
                     *         "scope": "read",
                     *         "serverId": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["TokenAnswer"];
                };
            };
            /** @description Not understood */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
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
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    token_revoke: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path: {
                /**
                 * @description Number of the token
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is good for nothing any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `Token not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    fleet_trends: {
        parameters: {
            query: {
                /**
                 * @description Numbers of servers, with commas; 100 at most
                 * @example 1,2
                 */
                servers: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description CPU and memory of each */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-11-24T06:10:00.000Z",
                     *       "servers": [
                     *         {
                     *           "cpuPercent": [
                     *             12.5,
                     *             null,
                     *             14.07
                     *           ],
                     *           "memoryPercent": [
                     *             41.2,
                     *             null,
                     *             41.3
                     *           ],
                     *           "serverId": 1
                     *         }
                     *       ],
                     *       "stepSeconds": 300
                     *     }
                     */
                    "application/json": components["schemas"]["Trends"];
                };
            };
            /** @description `servers` is missing, or no list of numbers */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All users */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "createdAt": "2026-11-24T09:00:00.000Z",
                     *         "hasSecondFactor": false,
                     *         "id": 1,
                     *         "isDisabled": false,
                     *         "isFromProvider": false,
                     *         "name": "admin",
                     *         "role": "admin"
                     *       },
                     *       {
                     *         "createdAt": "2026-11-24T09:08:04.907Z",
                     *         "hasSecondFactor": false,
                     *         "id": 2,
                     *         "isDisabled": false,
                     *         "isFromProvider": false,
                     *         "name": "anna",
                     *         "role": "operator"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["UserDetail"][];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_create: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "anna",
                 *       "password": "what-anna-is-told-at-first",
                 *       "role": "operator"
                 *     }
                 */
                "application/json": components["schemas"]["UserRequest"];
            };
        };
        responses: {
            /** @description The user */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "createdAt": "2026-11-24T09:08:04.907Z",
                     *       "hasSecondFactor": false,
                     *       "id": 2,
                     *       "isDisabled": false,
                     *       "isFromProvider": false,
                     *       "name": "anna",
                     *       "role": "operator"
                     *     }
                     */
                    "application/json": components["schemas"]["UserDetail"];
                };
            };
            /** @description Not understood, or no fit name or password */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is a user of this name already */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_remove: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path: {
                /**
                 * @description Number of the user
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is no such user any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `User not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There would be no admin left who may log in */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    user_change: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path: {
                /**
                 * @description Number of the user
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "operator"
                 *     }
                 */
                "application/json": components["schemas"]["UserPatchRequest"];
            };
        };
        responses: {
            /** @description The user as they are now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "createdAt": "2026-11-24T09:08:04.907Z",
                     *       "hasSecondFactor": false,
                     *       "id": 2,
                     *       "isDisabled": false,
                     *       "isFromProvider": false,
                     *       "name": "anna",
                     *       "role": "operator"
                     *     }
                     */
                    "application/json": components["schemas"]["UserDetail"];
                };
            };
            /** @description Not understood, nothing to change, or no fit password */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or a password of one's own */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description `User not found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body did not arrive in time */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "The request body did not arrive in time"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There would be no admin left who may log in */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The body is larger than 1 MiB */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Request body is larger than 1048576 bytes"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    second_factor_reset: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description Any value; keeps pages of other origins out. Not asked of API tokens
                 * @example 1
                 */
                "X-Neon-Request": string;
            };
            path: {
                /**
                 * @description Number of the user
                 * @example 2
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description There is none any more */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this, or one's own */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description There is no such user, or none with a second factor */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
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
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: {
                /**
                 * @description `1` for the servers' readings too, else `0`
                 * @example 1
                 */
                servers?: "0" | "1";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The numbers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                    "text/plain": string;
                };
            };
            /** @description `servers` is neither 0 nor 1 */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not logged in, and no good API token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Log in, or send an API token"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Not allowed to do this */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "You may not do this"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description More requests than one credential may send */
            429: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Too many requests, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description The store does not answer, or more is waiting than it can take */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Storage is unavailable, try again later"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    openapi_json: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Samples are taken */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "databaseAnswers": true,
                     *       "diskIsLow": false,
                     *       "lastWriteFailed": false,
                     *       "leads": true,
                     *       "queuedSamples": 0,
                     *       "ready": true
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description A fault of this master; its log says which */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "Internal server error"
                     *     }
                     */
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description Samples are turned away */
            503: {
                headers: {
                    /**
                     * @description Seconds after which to try again
                     * @example 5
                     */
                    "Retry-After": number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
}
