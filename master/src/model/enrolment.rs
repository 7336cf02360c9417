//! Enrolment codes, and what a server is recognised by.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// What a server registers with.
    CredentialKind {
        /// The secret that the fleet shares.
        Fleet = "fleet",
        /// A credential of its own, which an enrolment code was exchanged for.
        Own = "own",
        /// Nothing: its credential was revoked, and the fleet's secret is not for it. An enrolment code ends that.
        Revoked = "revoked",
    }
}

/// An enrolment code, without what it is recognised by.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentCode {
    /// Number, never given out twice.
    pub id: i64,
    /// The server it is for, new or not; absent where it is for one new server of any name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The group that the server is put into when it uses the code; absent where it stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub expires_at: Timestamp,
    /// When it was used; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    pub used_at: Option<Timestamp>,
    /// The server that used it; absent until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_id: Option<i64>,
}

/// An enrolment code to be made.
#[derive(Clone, Debug)]
pub struct NewEnrolment {
    /// SHA-256 of the code, in hexadecimal digits.
    pub hash: String,
    /// The only server it is for; `None` for one new server of any name.
    pub server_name: Option<String>,
    /// The group that the server is put into.
    pub group: Option<String>,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
}
