//! Users, API tokens, and what was done with them.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// What a user may do; each may do what those before it may.
    #[derive(PartialOrd, Ord)]
    Role {
        /// Reads.
        Viewer = "viewer",
        /// Changes what is watched, and manages API tokens.
        Operator = "operator",
        /// Manages users, and reads the audit log too.
        Admin = "admin",
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Number.
    pub id: i64,
    /// Unique name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// A user as admins see them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDetail {
    /// Number, never given out twice.
    pub id: i64,
    /// Unique name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may not log in, nor use the API tokens they made.
    pub is_disabled: bool,
    /// Whether their login asks for a code.
    pub has_second_factor: bool,
    /// Whether they log in at the provider, which says at each login what they may do.
    pub is_from_provider: bool,
    /// When they were made.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
}

/// What of a user is to be another way.
#[derive(Clone, Debug, Default)]
pub struct UserPatch {
    /// What they may do.
    pub role: Option<Role>,
    /// Argon2id of the password, in PHC form.
    pub password_hash: Option<String>,
    /// Whether they may not log in.
    pub is_disabled: Option<bool>,
}

/// A session, as the user it belongs to sees it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionDetail {
    /// What it is named by: a part of a hash, good for nothing else.
    pub id: String,
    /// When it began.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it ends.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// Address that it began from; empty for one of an older master.
    pub address: String,
    /// Program that it began with, as that calls itself; empty where it did not say.
    pub user_agent: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// SHA-256 of its name, in hexadecimal digits.
    pub hash: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Program that it begins with, as that calls itself.
    pub user_agent: String,
}

text_enum! {
    /// What an API token is good for.
    Scope {
        /// What a viewer may.
        Read = "read",
        /// What an operator may, except managing API tokens.
        Write = "write",
    }
}

/// An API token, without what it is recognised by.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Number, never given out twice.
    pub id: i64,
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it is good for.
    pub scope: Scope,
    /// The only server it is good for; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_id: Option<i64>,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was used last, to the minute; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    pub last_used_at: Option<Timestamp>,
}

/// What an API token to be made is good for.
#[derive(Clone, Debug)]
pub struct NewApiToken {
    /// What it is for.
    pub name: String,
    /// SHA-256 of the token, in hexadecimal digits.
    pub hash: String,
    /// What it is good for.
    pub scope: Scope,
    /// The only server it is good for; `None` for all.
    pub server_id: Option<i64>,
}

/// Who did something, and from where.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name of the user, or what stands for one.
    pub name: String,
    /// Address the request came from; empty for what was no request.
    pub address: String,
}

impl Actor {
    /// Whoever may run programs on the master's host.
    pub fn command_line() -> Self {
        Self { name: "(command line)".to_owned(), address: String::new() }
    }

    /// The master itself, at its first start.
    pub fn master() -> Self {
        Self { name: "(master)".to_owned(), address: String::new() }
    }

    /// An agent.
    pub fn agent(address: String) -> Self {
        Self { name: "(agent)".to_owned(), address }
    }

    /// Somebody who is not known, or not yet.
    pub fn unknown(address: String) -> Self {
        Self { name: "(unknown)".to_owned(), address }
    }
}

text_enum! {
    /// What the audit log knows.
    Action {
        /// A user logged in.
        LoggedIn = "login",
        /// A login was refused.
        LoginRefused = "login_refused",
        /// Logins of an address or a user are refused for a while; the rest of them are not listed one by one.
        LoginLimited = "login_limited",
        /// A user logged out.
        LoggedOut = "logout",
        /// A user was made.
        UserAdded = "user_added",
        /// A user has a new password, and the sessions that were begun with the one before ended.
        PasswordChanged = "password_changed",
        /// A user may do something else than before, and all sessions of theirs ended.
        RoleChanged = "role_changed",
        /// A user may not log in any more.
        UserDisabled = "user_disabled",
        /// A user may log in again.
        UserEnabled = "user_enabled",
        /// A user's login asks for a code from now on.
        SecondFactorOn = "second_factor_on",
        /// It does not any more.
        SecondFactorOff = "second_factor_off",
        /// A user has other recovery codes.
        RecoveryCodesMade = "recovery_codes_made",
        /// A user logged in with a recovery code, which is good for nothing now.
        RecoveryCodeUsed = "recovery_code_used",
        /// A user ended another session of theirs.
        SessionEnded = "session_ended",
        /// A user was removed.
        UserRemoved = "user_removed",
        /// An API token was made.
        TokenCreated = "token_created",
        /// An API token was revoked.
        TokenRevoked = "token_revoked",
        /// What operators say about a server was changed.
        ServerChanged = "server_changed",
        /// A server was deleted, with everything that is stored of it.
        ServerDeleted = "server_deleted",
        /// The history of a server that is gone was handed on to another.
        ServerMerged = "server_merged",
        /// An enrolment code was made.
        EnrolmentCreated = "enrolment_created",
        /// An enrolment code was revoked, or its record deleted after it was used.
        EnrolmentRevoked = "enrolment_revoked",
        /// An enrolment code was exchanged for a server's own credential.
        EnrolmentUsed = "enrolment_used",
        /// The credential of a server was revoked.
        CredentialRevoked = "credential_revoked",
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Number; greater ones are newer.
    pub id: i64,
    /// When.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// Who: a user's name, `(command line)`, `(master)`, `(agent)`, or `(unknown)`.
    pub actor: String,
    /// From where; empty for what was no request.
    pub address: String,
    /// What.
    pub action: Action,
    /// To whom or what.
    pub target: String,
}
