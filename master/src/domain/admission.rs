//! Who is let in: what a registration shows, held against what is known of the server that it names.

use neon_shared::api::HostFingerprint;
use neon_shared::time::Timestamp;

use crate::model::{Claim, CredentialKind, EnrolmentCode, Proof, ServerStatus};

/// What is known of the server of the name.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Whether it reports.
    pub status: ServerStatus,
    /// When it was heard last.
    pub last_seen_at: Timestamp,
    /// What it registers with.
    pub credential: CredentialKind,
    /// The hash of its own credential.
    pub credential_hash: Option<String>,
    /// Which host it is.
    pub host: HostFingerprint<String>,
}

/// What is known of a code.
#[derive(Clone, Debug)]
pub struct KnownCode {
    /// The code.
    pub enrolment: EnrolmentCode,
    /// The hash of the credential that it was exchanged for.
    pub credential_hash: Option<String>,
}

/// What a registration that is let in changes beside the facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// The hash of the credential that the server has from now on, where that changes.
    pub credential: Option<String>,
    /// Whether another host has the name now.
    pub changes_host: bool,
}

/// Why a registration is not let in. The words are the agent's to log, and name no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The code is none, or was revoked.
    #[error("The enrolment code is not known here, or was revoked")]
    UnknownCode,
    /// The code is too old.
    #[error("The enrolment code has expired: make a new one")]
    ExpiredCode,
    /// The code was exchanged already.
    #[error("The enrolment code was used already: make a new one")]
    UsedCode,
    /// The code names another server.
    #[error("The enrolment code is for another SERVER_NAME")]
    CodeOfAnother,
    /// The code is for a new server, and this one is there.
    #[error("There is a server of this name already: make an enrolment code for it, or choose another SERVER_NAME")]
    NameTaken,
    /// An agent that does not know of codes.
    #[error("credential: is missing, so the agent is too old for an enrolment code")]
    NoCredential,
    /// The credential is nobody's, or not this server's.
    #[error("The credential was revoked or replaced, or is for another SERVER_NAME")]
    BadCredential,
    /// The fleet's secret for a server that has, or had, one of its own.
    #[error("The fleet's secret is not for this server: it has a credential of its own, or needs an enrolment code")]
    NotTheFleets,
    /// The name belongs to a host that is there.
    #[error(
        "Another host reports under this SERVER_NAME: choose another one. If this host replaces it, the name is this one's \
         as soon as the other is offline"
    )]
    Clash,
}

/// Judges a registration under `name`, which `holder` has if there is one; `code` is the one that it shows, if that is known.
pub fn admit(
    name: &str,
    claim: &Claim,
    holder: Option<&Holder>,
    code: Option<&KnownCode>,
    now: Timestamp,
) -> Result<Admission, Denial> {
    let credential = match &claim.proof {
        Proof::Fleet => match holder {
            Some(holder) if holder.credential != CredentialKind::Fleet => return Err(Denial::NotTheFleets),
            _ => None,
        },
        Proof::Credential(hash) => match holder {
            Some(holder) if holder.credential_hash.as_ref() == Some(hash) => None,
            _ => return Err(Denial::BadCredential),
        },
        Proof::Code { credential, .. } => {
            let code = code.ok_or(Denial::UnknownCode)?;
            exchanged(name, code, credential.as_ref(), holder, now)?
        }
    };
    let changes_host = match holder {
        Some(holder) if differ(&holder.host, &claim.host) => {
            if !is_silent(holder, claim.silent_before) {
                return Err(Denial::Clash);
            }
            true
        }
        _ => false,
    };
    Ok(Admission { credential, changes_host })
}

/// The credential that the server has from now on; `None` where the code was exchanged for it before: the answer to that
/// was lost on the way.
fn exchanged(
    name: &str,
    code: &KnownCode,
    credential: Option<&String>,
    holder: Option<&Holder>,
    now: Timestamp,
) -> Result<Option<String>, Denial> {
    if code.enrolment.server_name.as_deref().is_some_and(|only| only != name) {
        return Err(Denial::CodeOfAnother);
    }
    if code.enrolment.used_at.is_some() {
        let is_the_same = credential.is_some() && code.credential_hash.as_ref() == credential;
        let is_still_good = holder.is_some_and(|holder| holder.credential_hash.as_ref() == credential);
        return if is_the_same && is_still_good { Ok(None) } else { Err(Denial::UsedCode) };
    }
    if code.enrolment.expires_at <= now {
        return Err(Denial::ExpiredCode);
    }
    if code.enrolment.server_name.is_none() && holder.is_some() {
        return Err(Denial::NameTaken);
    }
    credential.cloned().map(Some).ok_or(Denial::NoCredential)
}

/// Whether these are certainly two hosts.
fn differ(one: &HostFingerprint<String>, other: &HostFingerprint<String>) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
    differ(&one.machine, &other.machine) || differ(&one.engine, &other.engine)
}

/// A master that was down heard nobody, and judges nobody offline by that: so its word is asked for, too. For a server
/// that is worked on there is none.
fn is_silent(holder: &Holder, silent_before: Timestamp) -> bool {
    holder.status != ServerStatus::Online && holder.last_seen_at < silent_before
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn host(machine: &str, engine: &str) -> HostFingerprint<String> {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        HostFingerprint { machine: said(machine), engine: said(engine) }
    }

    fn holder(status: ServerStatus, host: HostFingerprint<String>) -> Holder {
        let last_seen_at = at(if status == ServerStatus::Online { NOW - 1 } else { NOW - 900 });
        Holder { status, last_seen_at, credential: CredentialKind::Fleet, credential_hash: None, host }
    }

    fn owner(hash: &str) -> Holder {
        let credential_hash = Some(hash.to_owned());
        Holder { credential: CredentialKind::Own, credential_hash, ..holder(ServerStatus::Online, host("", "")) }
    }

    fn claim(proof: Proof) -> Claim {
        Claim { proof, host: host("", ""), silent_before: at(NOW - 500) }
    }

    fn code(server_name: Option<&str>, used_for: Option<&str>) -> KnownCode {
        KnownCode {
            enrolment: EnrolmentCode {
                group: None,
                id: 1,
                server_name: server_name.map(str::to_owned),
                created_by: "admin".to_owned(),
                created_at: at(0),
                expires_at: at(NOW + 1),
                used_at: used_for.map(|_| at(NOW - 1)),
                server_id: None,
            },
            credential_hash: used_for.map(str::to_owned),
        }
    }

    fn by_code(credential: Option<&str>) -> Claim {
        claim(Proof::Code { hash: "code".to_owned(), credential: credential.map(str::to_owned) })
    }

    fn gives(credential: &str) -> Result<Admission, Denial> {
        Ok(Admission { credential: Some(credential.to_owned()), changes_host: false })
    }

    #[test]
    fn the_fleets_secret_is_for_servers_without_a_credential_of_their_own() {
        let fleet = |holder: Option<&Holder>| admit("web-1", &claim(Proof::Fleet), holder, None, at(NOW));
        assert_eq!(fleet(None), Ok(Admission::default()));
        assert_eq!(fleet(Some(&holder(ServerStatus::Online, host("", "")))), Ok(Admission::default()));
        assert_eq!(fleet(Some(&owner("own"))), Err(Denial::NotTheFleets));
        let revoked = Holder { credential: CredentialKind::Revoked, credential_hash: None, ..owner("own") };
        assert_eq!(fleet(Some(&revoked)), Err(Denial::NotTheFleets));
    }

    #[test]
    fn a_credential_is_for_its_own_server() {
        let own = |holder: Option<&Holder>| {
            admit("web-1", &claim(Proof::Credential("own".to_owned())), holder, None, at(NOW))
        };
        assert_eq!(own(Some(&owner("own"))), Ok(Admission::default()));
        for other in [None, Some(&owner("another")), Some(&holder(ServerStatus::Offline, host("", "")))] {
            assert_eq!(own(other), Err(Denial::BadCredential), "{other:?}");
        }
    }

    #[test]
    fn a_code_is_exchanged_once_in_its_time_for_the_server_it_names() {
        let admit = |claim: &Claim, holder: Option<&Holder>, code: &KnownCode| {
            admit("web-1", claim, holder, Some(code), at(NOW))
        };
        let new = by_code(Some("new"));
        assert_eq!(admit(&new, None, &code(None, None)), gives("new"));
        assert_eq!(admit(&new, None, &code(Some("web-1"), None)), gives("new"));
        assert_eq!(admit(&new, Some(&owner("old")), &code(Some("web-1"), None)), gives("new"), "rotation");
        assert_eq!(admit(&new, Some(&owner("old")), &code(None, None)), Err(Denial::NameTaken));
        assert_eq!(admit(&new, None, &code(Some("web-2"), None)), Err(Denial::CodeOfAnother));
        assert_eq!(admit(&by_code(None), None, &code(None, None)), Err(Denial::NoCredential));
        assert_eq!(super::admit("web-1", &new, None, None, at(NOW)), Err(Denial::UnknownCode));
        assert_eq!(super::admit("web-1", &new, None, Some(&code(None, None)), at(NOW + 1)), Err(Denial::ExpiredCode));
    }

    #[test]
    fn a_used_code_is_good_for_the_same_credential_alone_as_long_as_that_is() {
        let late = |credential: Option<&str>, holder: Option<&Holder>| {
            admit("web-1", &by_code(credential), holder, Some(&code(None, Some("new"))), at(NOW + 9))
        };
        assert_eq!(late(Some("new"), Some(&owner("new"))), Ok(Admission::default()), "expired or not");
        assert_eq!(late(Some("other"), Some(&owner("new"))), Err(Denial::UsedCode));
        assert_eq!(late(Some("new"), Some(&owner("rotated"))), Err(Denial::UsedCode));
        assert_eq!(late(None, Some(&owner("new"))), Err(Denial::UsedCode));
        assert_eq!(late(Some("new"), None), Err(Denial::UsedCode), "the server was deleted");
    }

    #[test]
    fn a_second_host_waits_until_the_first_is_silent() {
        let from = |here: HostFingerprint<String>, holder: &Holder| {
            admit("web-1", &Claim { host: here, ..claim(Proof::Fleet) }, Some(holder), None, at(NOW))
        };
        let changed = Ok(Admission { credential: None, changes_host: true });
        let first = || host("m1", "e1");
        let online = holder(ServerStatus::Online, first());
        for same in [first(), host("m1", ""), host("", "e1"), host("", "")] {
            assert_eq!(from(same, &online), Ok(Admission::default()));
        }
        for other in [host("m2", "e2"), host("m2", ""), host("", "e2"), host("m1", "e2"), host("m2", "e1")] {
            assert_eq!(from(other.clone(), &online), Err(Denial::Clash));
            assert_eq!(from(other.clone(), &holder(ServerStatus::Offline, first())), changed);
            assert_eq!(from(other, &holder(ServerStatus::Online, host("", ""))), Ok(Admission::default()));
        }
        let maintained = Holder { last_seen_at: at(NOW - 1), ..holder(ServerStatus::Maintenance, first()) };
        assert_eq!(from(host("m2", ""), &maintained), Err(Denial::Clash));
        // A master that was down: nobody was heard for long, and nobody is offline yet.
        let unheard = Holder { last_seen_at: at(0), ..online };
        assert_eq!(from(host("m2", ""), &unheard), Err(Denial::Clash));
    }
}
