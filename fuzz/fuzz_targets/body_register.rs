//! A registration's body: what is accepted holds what the contract says, and says the same when it is sent again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_fuzz::intake::{self, Registered};
use neon_shared::api::{CREDENTIAL_PREFIX, FINGERPRINT_DIGITS, RegisterRequest};
use neon_shared::limits::SERVER_NAME_MAX_BYTES;

fuzz_target!(|body: &[u8]| match intake::registration(body) {
    Ok(registered) => {
        check(&registered);
        let again = RegisterRequest {
            server_name: registered.who.server_name.clone(),
            server_info: registered.info.clone(),
            agent_version: registered.agent_version.clone(),
            credential: registered.who.credential.as_ref().map(|credential| credential.reveal().to_owned()),
            host_fingerprint: Some(registered.who.host_fingerprint.clone()),
        };
        let again = serde_json::to_vec(&again).expect("JSON");
        assert_eq!(intake::registrant(&again).as_ref(), Some(&registered.who));
        assert_eq!(intake::registration(&again), Ok(registered));
    }
    Err(reason) => assert!(!reason.is_empty() && reason.len() <= 1024, "{reason}"),
});

fn check(registered: &Registered) {
    let Registered { who, info, agent_version } = registered;
    let server_name = &who.server_name;
    let (host, credential) = (&who.host_fingerprint, &who.credential);
    assert!([&host.machine, &host.engine].into_iter().flatten().all(|hash| hash.len() == FINGERPRINT_DIGITS));
    assert!(credential.as_ref().is_none_or(|credential| credential.reveal().starts_with(CREDENTIAL_PREFIX)));
    assert!((1..=SERVER_NAME_MAX_BYTES).contains(&server_name.len()));
    assert_eq!(server_name, server_name.trim());
    let texts = [server_name, agent_version, &info.name, &info.hostname, &info.os_name, &info.os_version];
    let more = [&info.os_kernel, &info.os_arch].into_iter().chain(&info.docker_version);
    assert!(texts.into_iter().chain(more).all(|text| text.len() <= 4096 && !text.contains('\0')));
    for gb in [info.total_memory_gb, info.total_disk_gb] {
        assert!((0.0..=16_777_216.0).contains(&gb));
    }
}
