//! What a report changes: events to record, containers to store and to forget.

use neon_shared::api::HostFingerprint;
use neon_shared::time::Timestamp;

use super::{ActivityKind, Container, ServerStatus};

/// Something that happened, before the store has numbered and dated it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: ActivityKind,
    /// Id and name of the container it happened to; `None` where it is about the server.
    pub container: Option<(String, String)>,
    /// What happened, in a sentence.
    pub message: String,
    /// What was before, for changes.
    pub old_value: Option<String>,
    /// What is now, for changes.
    pub new_value: Option<String>,
}

impl Event {
    /// The server called `name` reports, for the first time or again.
    pub fn server_online(name: &str) -> Self {
        Self::about_server(ActivityKind::Online, format!("{name} is online"))
    }

    /// Nothing was heard from the server called `name` for the time the operator allows.
    pub fn server_offline(name: &str) -> Self {
        Self::about_server(ActivityKind::Offline, format!("{name} is offline"))
    }

    /// Another host tried to report under the name of a server that is there.
    pub fn host_clash(name: &str, rival: &str) -> Self {
        Self::about_server(ActivityKind::HostClash, format!("A second host reports as {name}: {rival} is refused"))
    }

    /// The server called `name` was silent, and another host has its name now.
    pub fn host_changed(name: &str) -> Self {
        Self::about_server(ActivityKind::HostChanged, format!("{name} is another host than before"))
    }

    /// An operator began to work on the server called `name`, which had the status `before`.
    pub fn maintenance_began(name: &str, before: ServerStatus) -> Self {
        Self::status_changed(format!("{name} is in maintenance"), before, ServerStatus::Maintenance)
    }

    /// The work on the server called `name` is over, and it counts as `now`.
    pub fn maintenance_ended(name: &str, now: ServerStatus) -> Self {
        Self::status_changed(format!("{name} is not in maintenance any more"), ServerStatus::Maintenance, now)
    }

    fn status_changed(message: String, before: ServerStatus, now: ServerStatus) -> Self {
        Self {
            old_value: Some(before.as_str().to_owned()),
            new_value: Some(now.as_str().to_owned()),
            ..Self::about_server(ActivityKind::StatusChange, message)
        }
    }

    fn about_server(kind: ActivityKind, message: String) -> Self {
        Self { kind, container: None, message, old_value: None, new_value: None }
    }
}

/// What one container report does to the stored set of its server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerChanges {
    /// Containers to insert, or to overwrite where the id is stored already. No id appears twice.
    pub store: Vec<Container>,
    /// Ids to forget.
    pub remove: Vec<String>,
    /// What happened, in the order to record.
    pub events: Vec<Event>,
}

/// Who sent a report: what its token says, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Reporter {
    /// The server's number.
    pub server_id: i64,
    /// The server's name; with the number it identifies the row, should a number ever be given out twice.
    pub server_name: String,
    /// Address the request came from.
    pub ip_address: String,
    /// Of the token; it is good as long as the server has the same.
    pub generation: i64,
}

/// What a registration shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// The fleet's secret.
    #[default]
    Fleet,
    /// A server's own credential, by its hash.
    Credential(String),
    /// An enrolment code, by its hash.
    Code {
        /// Of the code.
        hash: String,
        /// Of the credential that it is to be exchanged for; `None` where that was not sent.
        credential: Option<String>,
    },
}

/// By what right somebody registers, and as which host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// What it shows.
    pub proof: Proof,
    /// Which host it says it is.
    pub host: HostFingerprint<String>,
    /// Whoever was heard last before is silent: another host may have the name.
    pub silent_before: Timestamp,
}

/// A registration that has passed the checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The operator's unique name.
    pub server_name: String,
    /// Facts about the host.
    pub info: neon_shared::metrics::ServerInfo<String>,
    /// Version of the agent, empty where it did not say.
    pub agent_version: String,
    /// Address the request came from.
    pub ip_address: String,
    /// By what right.
    pub claim: Claim,
}

/// A registration that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The server's number.
    pub server_id: i64,
    /// What its tokens are to say.
    pub generation: i64,
}
