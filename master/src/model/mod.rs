//! Plain records: what the store returns, the domain works on and the HTTP half answers with.
//!
//! Owns the JSON names of the reading half of the API (`docs/wire.md` section 2). Nothing here does I/O or decides
//! anything; the rest of the master may depend on it, and it depends on `neon_shared` alone.

mod access;
mod activity;
mod container;
mod enrolment;
mod event;
mod history;
mod rollup;
mod sample;
mod series;
mod server;
mod service;
mod storage;
mod trend;

pub use access::{
    Action, Actor, ApiToken, AuditEntry, NewApiToken, NewSession, Role, Scope, SessionDetail, User, UserDetail,
    UserPatch,
};
pub use activity::{Activity, ActivityFilter, ActivityKind};
pub use container::{Container, ContainerHealth, ContainerStatus};
pub use enrolment::{CredentialKind, EnrolmentCode, NewEnrolment};
pub use event::{Claim, ContainerChanges, Event, Proof, Registered, Registration, Reporter};
pub use history::{DataPoint, History, HistoryInterval, HistoryRange};
pub use rollup::{Rollup, Summary, Tier};
#[cfg(test)]
pub(crate) use sample::full_readings;
pub use sample::{Need, Readings, Sample, StoredSample};
pub use series::{Numbers, Series, SeriesField, SeriesStretch, SeriesTier};
pub use server::{
    Maintenance, MaintenanceChange, RivalHost, ServerChange, ServerCount, ServerDetail, ServerFilter, ServerQuery,
    ServerSort, ServerStatus, ServerSummary, Stats,
};
pub use service::{Service, ServiceKind, ServiceStatus};
pub use storage::{Storage, StorageDisk, StorageForecast, StorageGrowth, StorageTier};
pub use trend::{Trend, Trends};

/// Gives an enumeration its one text form, used on the wire and in the store alike.
macro_rules! text_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:tt,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, salvo::oapi::ToSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The text form, on the wire and in the store.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value written as `text`; `None` for a text that no version of this master wrote.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use text_enum;
