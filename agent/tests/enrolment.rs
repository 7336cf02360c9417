//! The real agent binary with an enrolment code, against masters that answer, refuse, or say nothing.

#[path = "support/folder.rs"]
mod folder;
mod scripted;

use folder::Folder;
use scripted::*;

const CODE: &str = "neon_code_0000000000000000000000000000000000000000000000000000000000000001";
const NEXT_CODE: &str = "neon_code_0000000000000000000000000000000000000000000000000000000000000002";

/// What a registration shows in its header.
fn shown(request: &Request) -> String {
    let header = request.headers.lines().find(|line| line.to_ascii_lowercase().starts_with("x-agent-secret: "));
    header.unwrap().split_once(' ').unwrap().1.trim().to_owned()
}

/// The credential that is asked for.
fn credential(request: &Request) -> Option<String> {
    request.body["credential"].as_str().map(str::to_owned)
}

fn refused(status: u16, why: &str) -> Option<Reply> {
    Some(reply(status, &format!(r#"{{"success":false,"error":"{why}"}}"#)))
}

/// Reports are taken, registrations judged.
fn registrar(judge: impl Fn(&Request) -> Option<Reply> + Send + 'static) -> Master {
    Master::start(move |request| if request.path == REGISTER { judge(request) } else { happy(request) })
}

fn start(master: &Master, code: &str, file: &str) -> Agent {
    Agent::start(&master.url, &[("AGENT_SECRET", code), ("CREDENTIAL_FILE", file)])
}

fn place(folder: &Folder) -> String {
    folder.0.join("credential").to_str().unwrap().to_owned()
}

fn enrolled(folder: &Folder) -> String {
    let master = Master::start(happy);
    let agent = start(&master, CODE, &place(folder));
    let request = master.next(REGISTER);
    assert_eq!(shown(&request), CODE);
    agent.line("Registered successfully");
    credential(&request).unwrap()
}

#[test]
fn a_code_is_exchanged_once_and_a_restart_goes_on_with_the_credential() {
    let folder = Folder::new("exchange");
    let own = enrolled(&folder);
    assert!(own.starts_with("neon_agent_") && own.len() == 75, "{own}");
    let master = Master::start(happy);
    let agent = start(&master, CODE, &place(&folder));
    let lines = agent.lines_until("Registered successfully");
    let request = master.next(REGISTER);
    assert_eq!((shown(&request), credential(&request)), (own.clone(), None));
    assert!(!lines.iter().any(|line| line.contains(&own) || line.contains(CODE)), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("AGENT_SECRET=(set) CREDENTIAL_FILE=/")), "{lines:?}");
}

#[test]
fn a_lost_answer_costs_nothing_whether_the_master_knows_or_not() {
    let folder = Folder::new("lost");
    let silent = Master::start(|_| None);
    let agent = start(&silent, CODE, &place(&folder));
    let asked = [silent.next(REGISTER), silent.next(REGISTER)].map(|request| (shown(&request), credential(&request)));
    assert!(asked[0] == asked[1] && asked[0].0 == CODE, "{asked:?}");
    let own = asked[0].1.clone().unwrap();
    drop(agent);

    // The request had arrived: the credential is known.
    let knows = Master::start(happy);
    let agent = start(&knows, CODE, &place(&folder));
    agent.line("Registered successfully");
    assert_eq!(shown(&knows.next(REGISTER)), own);
    drop(agent);

    // It had not: the code is asked with again, for the same credential.
    let expected = own.clone();
    let does_not = registrar(move |request| match shown(request) {
        shown if shown == CODE => Some(registered()),
        shown => {
            assert_eq!(shown, expected);
            refused(401, "The credential was revoked")
        }
    });
    let agent = start(&does_not, CODE, &place(&folder));
    agent.line("Registered successfully");
    does_not.next(REGISTER);
    let request = does_not.next(REGISTER);
    assert_eq!((shown(&request).as_str(), credential(&request)), (CODE, Some(own)));
}

#[test]
fn a_new_code_is_for_a_new_credential_and_a_bad_one_costs_not_the_old() {
    let folder = Folder::new("rotated");
    let old = enrolled(&folder);
    let expected = old.clone();
    let master = registrar(move |request| match shown(request) {
        shown if shown == expected => Some(registered()),
        _ => refused(401, "The enrolment code has expired: make a new one"),
    });
    let agent = start(&master, NEXT_CODE, &place(&folder));
    let lines = agent.lines_until("Registered successfully");
    let said =
        "The enrolment code is refused: The enrolment code has expired: make a new one: trying the credential before";
    assert!(lines.iter().any(|line| line.contains(said)), "{lines:?}");
    let request = master.next(REGISTER);
    assert_eq!(shown(&request), NEXT_CODE);
    assert_ne!(credential(&request), Some(old.clone()));
    assert_eq!(shown(&master.next(REGISTER)), old);
    drop(agent);

    let master = Master::start(happy);
    let agent = start(&master, NEXT_CODE, &place(&folder));
    agent.line("Registered successfully");
    assert_eq!(Some(shown(&master.next(REGISTER))), credential(&request), "over a restart the newest comes first");
}

#[test]
fn without_a_place_for_it_the_agent_says_what_that_means_and_enrols() {
    let master = Master::start(happy);
    let agent = Agent::start(&master.url, &[("AGENT_SECRET", CODE)]);
    let lines = agent.lines_until("Registered successfully");
    let means = "after a restart the agent needs a new code";
    assert_eq!(lines.iter().filter(|line| line.contains(means)).count(), 1, "{lines:?}");

    let folder = Folder::new("not-ours");
    let file = folder.file("credential", "somebody else's");
    let agent = start(&master, CODE, &file);
    let lines = agent.lines_until("Registered successfully");
    let said =
        "holds something else: the credential is kept in memory alone, and after a restart the agent needs a new";
    assert_eq!(lines.iter().filter(|line| line.contains(said)).count(), 1, "{lines:?}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "somebody else's");
}

#[test]
fn the_fleets_secret_is_sent_as_ever_with_the_host_hashed() {
    let folder = Folder::new("fleet");
    std::fs::create_dir_all(folder.0.join("etc")).unwrap();
    let id = "7d1a1a4d5f6c4f0a9a1e0f3b2c4d5e6f";
    folder.file("etc/machine-id", &format!("{id}\n"));
    let master = Master::start(happy);
    let root = [("HOST_ROOT", folder.0.to_str().unwrap()), ("HOST_PROC", "/proc"), ("HOST_SYS", "/sys")];
    let _agent = Agent::start(&master.url, &root);
    let request = master.next(REGISTER);
    assert_eq!(shown(&request), "fleet-secret");
    let host = request.body["hostFingerprint"]["machine"].as_str().unwrap();
    assert!(host.len() == 32 && host != id && !request.body.to_string().contains(id), "{}", request.body);
    assert!(request.body.get("credential").is_none());
}

#[test]
fn another_host_under_our_name_is_said_once_and_nothing_is_lost_meanwhile() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let master = registrar(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        ..4 => refused(409, "Another host reports under this SERVER_NAME"),
        _ => Some(registered()),
    });
    let agent = Agent::start(&master.url, &[]);
    let lines = agent.lines_until("Registered successfully");
    let said: Vec<&String> = lines.iter().filter(|line| line.contains("409")).collect();
    let expected = "Registration refused with 409: Another host reports under this SERVER_NAME. Samples wait";
    assert!(said.len() == 1 && said[0].contains(expected), "{lines:?}");
    assert!(!timestamps(&master.next(METRICS)).is_empty());
}
