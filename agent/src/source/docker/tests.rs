//! The engine's answers, and what becomes of them: each trap that agents of this kind fell into is a test here.

use std::os::unix::net::UnixListener;

use futures_lite::future::or;

use super::scripted::{Script, ScriptedEngine, chunked, fixed, new_socket_path, script_of};
use super::*;
use crate::hot_path_tests::leaked;
use crate::reactor::{after, block_on};

const ID: &str = "eb6f6e2aaa26c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ff";
const INSPECT: &str =
    r#"{"State":{"Status":"paused","StartedAt":"2026-11-23T08:47:25Z","ExitCode":0,"Health":{"Status":"unhealthy"}}}"#;
const INSPECT_PATH: &str = "/containers/eb6f6e2aaa26c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ff/json";
const LIST_PATH: &str = "/containers/json?all=1";
const IMAGES_PATH: &str = "/images/json";

#[test]
fn no_request_but_the_four_can_be_formed() {
    for endpoint in [Endpoint::Info, Endpoint::Images, Endpoint::Containers, Endpoint::Inspect(ID)] {
        let request = endpoint.request().unwrap();
        // One request, whole: a second one cannot follow it.
        assert_eq!(request.matches("\r\n\r\n").count(), 1);
        let line = request.lines().next().unwrap();
        let path = line.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1").unwrap();
        assert!(["/info", IMAGES_PATH, LIST_PATH, INSPECT_PATH].contains(&path), "{path}");
    }
}

#[test]
fn an_id_that_is_no_id_never_enters_a_path() {
    let upper = ID.to_uppercase();
    let long = format!("{ID}0");
    for id in [
        "",
        "..",
        "../../images",
        "abcdefabcdef/../../images/json?x=",
        "abcdefabcdef HTTP/1.1\r\nX: ",
        "abcdefabcdef\r\n\r\nPOST /containers/prune HTTP/1.1",
        "abcdefabcdef%2f..",
        "abcdefabcde\0",
        "prune",
        "json",
        "abcdefabcde",
        &upper,
        &long,
    ] {
        assert_eq!(Endpoint::Inspect(id).request(), None, "{id}");
    }
}

#[test]
fn a_whole_sweep_asks_the_four_paths_and_nothing_else_whatever_the_answers_say() {
    // Ids that would lead elsewhere, as a hostile or broken engine lists them.
    let hostile = r#"{"Id":"../../images/json?x="},{"Id":"abcdefabcdef HTTP/1.1\r\n\r\nPOST /containers/prune"}"#;
    let list = list();
    let list = format!("[{hostile},{}]", &list[1..list.len() - 1]);
    let engine =
        ScriptedEngine::start(script(&[(IMAGES_PATH, &images()), (LIST_PATH, &list), (INSPECT_PATH, INSPECT)]), 4096);
    let mut asked = Engine::new(&engine.socket, buffers());
    assert_eq!(block_on(asked.containers()).unwrap().unwrap().omitted, 2);
    let mut paths: Vec<String> =
        engine.requests().iter().map(|request| request.lines().next().unwrap().to_owned()).collect();
    // The lists are asked for at the same time, over two connections.
    paths[..2].sort();
    let expected = [LIST_PATH, IMAGES_PATH, INSPECT_PATH].map(|path| format!("GET {path} HTTP/1.1"));
    assert_eq!(paths, expected);
}

#[test]
fn a_minimum_api_version_of_the_engine_is_met_by_naming_none() {
    // Docker 29 refuses /v1.24/… of clients that pin a version.
    for endpoint in [Endpoint::Info, Endpoint::Images, Endpoint::Containers, Endpoint::Inspect(ID)] {
        assert!(!endpoint.request().unwrap().starts_with("GET /v"), "{endpoint:?}");
    }
}

#[test]
fn the_user_agent_is_a_plain_token() {
    // Docker Desktop and some proxies refuse what they do not take for a client.
    let request = Endpoint::Info.request().unwrap();
    let agent = request.lines().find_map(|line| line.strip_prefix("User-Agent: ")).unwrap();
    assert!(agent.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{agent}");
}

/// Buffers as the statics of `main` are.
fn buffers() -> &'static mut DockerBuffers {
    leaked(DockerBuffers::new)
}

/// Each body with its length, as an answer of 200.
fn script(bodies: &[(&str, &str)]) -> Script {
    bodies.iter().map(|(path, body)| (path.to_string(), fixed(200, body))).collect()
}

fn list() -> String {
    format!(
        r#"[{{"Id":"{ID}","Names":["/web"],"Image":"busybox:local","ImageID":"sha256:{ID}","State":"running","Status":"Up 2 hours (healthy)"}}]"#
    )
}

fn images() -> String {
    format!(r#"[{{"Id":"sha256:{ID}","RepoTags":["busybox:local","other:1"]}}]"#)
}

/// The body, the containers left out, and those without details.
type Swept = Result<(serde_json::Value, u64, usize), String>;

fn sweep(answers: Vec<(&'static str, String)>, piece: usize) -> Swept {
    let script = answers.into_iter().map(|(path, answer)| (path.to_owned(), answer)).collect();
    let engine = ScriptedEngine::start(script, piece);
    let mut asked = Engine::new(&engine.socket, buffers());
    let result = block_on(asked.containers()).unwrap().map_err(|fault| fault.to_string());
    result.map(|sweep| (serde_json::from_slice(sweep.body).unwrap(), sweep.omitted, sweep.without_details))
}

#[test]
fn a_sweep_reads_lists_details_and_tags_however_they_arrive() {
    for piece in [1, 7, 100_000] {
        let answers =
            vec![(IMAGES_PATH, chunked(&images())), (LIST_PATH, chunked(&list())), (INSPECT_PATH, fixed(200, INSPECT))];
        let (body, omitted, without_details) = sweep(answers, piece).unwrap();
        let container = &body["containers"][0];
        assert_eq!((omitted, without_details), (0, 0));
        assert_eq!(container["containerId"], "eb6f6e2aaa26");
        assert_eq!(container["status"], "paused");
        assert_eq!(container["health"], "unhealthy");
        assert_eq!(container["imageTags"], serde_json::json!(["busybox:local", "other:1"]));
    }
}

/// Takes the two connections of a sweep and answers what it begins with: no images, and this list. The first is the one
/// that details are then asked for on.
fn answer_lists(listener: &UnixListener, list: &str) -> [UnixStream; 2] {
    ["[]", list].map(|body| {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(fixed(200, body).as_bytes()).unwrap();
        stream
    })
}

#[test]
fn an_engine_that_restarts_between_sweeps_is_asked_again() {
    let socket = new_socket_path();
    let (answered, restarted) = std::sync::mpsc::channel();
    let path = socket.clone();
    let restarting = std::thread::spawn(move || {
        for round in 0..2 {
            let _ = std::fs::remove_file(&path);
            let listener = UnixListener::bind(&path).unwrap();
            answered.send(round).unwrap();
            answer_lists(&listener, "[]");
        }
    });
    let mut engine = Engine::new(&socket, buffers());
    for _ in 0..2 {
        restarted.recv().unwrap();
        assert_eq!(block_on(engine.containers()).unwrap().unwrap().containers, 0);
    }
    restarting.join().unwrap();
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn a_sweep_cut_off_in_the_middle_does_not_confuse_the_next() {
    let scripted = ScriptedEngine::start(script(&[(IMAGES_PATH, "[]"), (LIST_PATH, "[]")]), 64);
    let mut engine = Engine::new(&scripted.socket, buffers());
    // Polled once and dropped: the request for the images is out, its answer unread.
    let cut = futures_lite::future::poll_once(engine.containers());
    assert!(block_on(cut).unwrap().is_none());
    assert_eq!(block_on(engine.containers()).unwrap().unwrap().containers, 0);
}

#[test]
fn a_proxy_that_forbids_a_path_costs_that_path_alone() {
    let answers = vec![
        (IMAGES_PATH, fixed(403, "<html>no</html>")),
        (LIST_PATH, fixed(200, &list())),
        (INSPECT_PATH, fixed(403, "no")),
    ];
    let (body, _, without_details) = sweep(answers, 64).unwrap();
    assert_eq!(without_details, 1);
    assert_eq!(body["containers"][0]["health"], "healthy");
    assert_eq!(body["containers"][0]["imageTags"], serde_json::json!([]));
}

#[test]
fn a_container_removed_since_the_list_is_not_reported() {
    let docker = format!(r#"{{"message":"No such container: {ID}"}}"#);
    let podman =
        format!(r#"{{"cause":"no such container","message":"no container with ID {ID} found","response":404}}"#);
    for message in [docker, podman] {
        let answers = vec![
            (IMAGES_PATH, fixed(200, "[]")),
            (LIST_PATH, fixed(200, &list())),
            (INSPECT_PATH, fixed(404, &message)),
        ];
        assert_eq!(sweep(answers, 64).unwrap().0["containers"], serde_json::json!([]));
    }
}

#[test]
fn a_proxy_that_hides_inspect_behind_404_does_not_remove_the_containers() {
    for body in ["<html>404 Not Found</html>", r#"{"message":"page not found"}"#, ""] {
        let answers =
            vec![(IMAGES_PATH, fixed(404, body)), (LIST_PATH, fixed(200, &list())), (INSPECT_PATH, fixed(404, body))];
        let (body, omitted, without_details) = sweep(answers, 64).unwrap();
        assert_eq!((body["containers"][0]["health"].as_str(), omitted, without_details), (Some("healthy"), 0, 1));
    }
}

#[test]
fn no_byte_of_the_environment_command_or_mounts_reaches_the_body() {
    let secret = "hunter2-c0rrect-horse";
    let list = list().replace(
        r#""State""#,
        &format!(
            r#""Command":"run --password {secret}","Env":["A={secret}"],"Mounts":[{{"Source":"/{secret}"}}],"State""#
        ),
    );
    // Also where a key of ours stands inside of what is skipped.
    let inspect = format!(
        r#"{{"Config":{{"Env":["PASSWORD={secret}","State={secret}"],"Cmd":["{secret}"],"State":{{"Status":"{secret}"}},"Created":"{secret}","Labels":{{"a":"{secret}"}}}},"Path":"{secret}","Args":["{secret}"],"Mounts":[{{"Source":"{secret}"}}],"HostConfig":{{"Binds":["{secret}"]}},{}"#,
        &INSPECT[1..]
    );
    let images = images().replacen('{', &format!(r#"{{"Labels":{{"a":"{secret}"}},"#), 1);
    for piece in [1, 4096] {
        let script = script(&[(IMAGES_PATH, &images), (LIST_PATH, &list), (INSPECT_PATH, &inspect)]);
        let engine = ScriptedEngine::start(script, piece);
        let mut asked = Engine::new(&engine.socket, buffers());
        let sweep = block_on(asked.containers()).unwrap().unwrap();
        let body = std::str::from_utf8(sweep.body).unwrap();
        assert!(body.contains(r#""status":"paused""#), "details were read: {body}");
        assert!(!body.contains(secret) && !body.contains("hunter2") && !body.contains("PASSWORD"), "{body}");
    }
}

#[test]
fn stopped_containers_are_listed() {
    let list = list().replace("running", "exited").replace("Up 2 hours (healthy)", "Exited (137) 1 hour ago");
    let inspect = r#"{"State":{"Status":"exited","OOMKilled":true,"ExitCode":137,"StartedAt":"2026-11-23T08:47:25Z"},"RestartCount":7}"#;
    let answers =
        vec![(IMAGES_PATH, fixed(200, "[]")), (LIST_PATH, fixed(200, &list)), (INSPECT_PATH, fixed(200, inspect))];
    let container = &sweep(answers, 64).unwrap().0["containers"][0];
    assert_eq!(container["status"], "exited");
    assert_eq!((&container["exitCode"], &container["oomKilled"]), (&137.into(), &true.into()));
    assert_eq!(container["restartCount"], 7);
}

#[test]
fn one_containers_answer_is_never_shown_as_anothers() {
    // Long details, then short ones in the same buffer, then none.
    let ids = ["a", "b", "c"].map(|digit| digit.repeat(64));
    let entry = |id: &String| format!(r#"{{"Id":"{id}","State":"running","Status":"Up 2 hours"}}"#);
    let list = format!("[{}]", ids.each_ref().map(entry).join(","));
    let long = format!(
        r#"{{"Id":"{}","RestartCount":9,"Created":"2026-01-01T00:00:00Z","State":{{"ExitCode":1,"OOMKilled":true,"Health":{{"Status":"unhealthy"}}}}}}"#,
        ids[0]
    );
    let short = format!(r#"{{"Id":"{}","State":{{}}}}"#, ids[1]);
    // The third is answered with the first one's details, as a shared buffer or a mixed-up proxy does.
    let inspects = [&long, &short, &long].into_iter().zip(&ids);
    let mut script = script(&[(IMAGES_PATH, "[]"), (LIST_PATH, &list)]);
    script.extend(inspects.map(|(body, id)| (format!("/containers/{id}/json"), fixed(200, body))));
    let engine = ScriptedEngine::start(script, 4096);
    let mut asked = Engine::new(&engine.socket, buffers());
    let sweep = block_on(asked.containers()).unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(sweep.body).unwrap();
    assert_eq!(body["containers"][0]["restartCount"], 9);
    for other in [1, 2] {
        let container = body["containers"][other].as_object().unwrap();
        assert!(["restartCount", "oomKilled", "createdAt"].iter().all(|key| !container.contains_key(*key)));
        assert_eq!(container["health"], serde_json::Value::Null);
    }
    assert_eq!(sweep.without_details, 1);
}

#[test]
fn bytes_that_nobody_asked_for_do_not_pass_for_the_next_answer() {
    let extra = fixed(200, r#"[{"Id":"aaaaaaaaaaaaaaaa"}]"#);
    let answers = vec![(IMAGES_PATH, fixed(200, "[]") + &extra), (LIST_PATH, fixed(200, "[]"))];
    assert_eq!(sweep(answers, 4096).unwrap().0["containers"], serde_json::json!([]));
}

#[test]
fn a_slow_engine_with_many_containers_meets_one_deadline_and_no_shorter_set() {
    // The list is whole and the first details come; then the engine says nothing more.
    let mut script = script_of(60);
    script.retain(|(path, _)| !path.contains(&scripted::id(30)));
    script.push((format!("/containers/{}/json", scripted::id(30)), "HTTP/1.1 200 OK\r\n".to_owned()));
    let engine = ScriptedEngine::start(script, 100_000);
    let mut asked = Engine::new(&engine.socket, buffers());
    let within = async |asked: &mut Engine| {
        or(async { Some(asked.containers().await.map(|sweep| sweep.containers)) }, async {
            after(HANGING).await;
            None
        })
        .await
    };
    assert!(block_on(within(&mut asked)).unwrap().is_none());
    assert!(engine.requests().len() > 30, "the sweep went on until then");
    // The next sweep is not confused by what is still to come of this one.
    assert!(block_on(within(&mut asked)).unwrap().is_none());
}

#[test]
fn an_engine_that_restarts_in_the_middle_of_a_sweep_fails_it() {
    let socket = new_socket_path();
    let listener = UnixListener::bind(&socket).unwrap();
    let path = socket.clone();
    let going = std::thread::spawn(move || {
        let [mut details, lists] = answer_lists(&listener, &list());
        // The list is out; before the details are, the engine goes.
        assert!(details.read(&mut [0; 1024]).unwrap() > 0);
        std::fs::remove_file(&path).unwrap();
        drop((listener, details));
        lists
    });
    let mut asked = Engine::new(&socket, buffers());
    // The connection breaks, and when the container is asked for again nobody listens any more.
    let first = block_on(asked.containers()).unwrap().map(|sweep| sweep.containers);
    drop(going.join().unwrap());
    let second = block_on(asked.containers()).unwrap().map(|sweep| sweep.containers);
    for sweep in [first, second] {
        assert!(matches!(sweep, Err(DockerFault::Io(io::ErrorKind::NotFound))), "{sweep:?}");
    }
}

#[test]
fn an_engine_gone_between_two_details_fails_the_sweep() {
    let socket = new_socket_path();
    let listener = UnixListener::bind(&socket).unwrap();
    let path = socket.clone();
    let going = std::thread::spawn(move || {
        let entries = [1, 2].map(|number| format!(r#"{{"Id":"{}"}}"#, scripted::id(number)));
        let [mut details, lists] = answer_lists(&listener, &format!("[{}]", entries.join(",")));
        assert!(details.read(&mut [0; 1024]).unwrap() > 0);
        std::fs::remove_file(&path).unwrap();
        drop(listener);
        details.write_all(fixed(200, "{}").as_bytes()).unwrap();
        drop(details);
        lists
    });
    let mut asked = Engine::new(&socket, buffers());
    let fault = block_on(asked.containers()).unwrap().unwrap_err();
    assert!(fault.is_engine_gone(), "{fault}");
    drop(going.join().unwrap());
}

#[test]
fn an_engine_that_hangs_with_a_full_queue_is_waited_for_without_blocking() {
    let socket = new_socket_path();
    let listener = UnixListener::bind(&socket).unwrap();
    let connect = || {
        block_on(or(async { connected(&socket).await.ok() }, async {
            after(Duration::from_millis(200)).await;
            None
        }))
        .unwrap()
    };
    // Nobody accepts, until the queue takes no more: then the deadline holds.
    let queued: Vec<UnixStream> = std::iter::from_fn(connect).collect();
    assert!(!queued.is_empty());
    let accepting = std::thread::spawn(move || {
        std::thread::sleep(QUEUE_FULL_PAUSE);
        (listener.accept().unwrap(), listener)
    });
    assert!(block_on(connected(&socket)).unwrap().is_ok());
    accepting.join().unwrap();
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn more_containers_than_have_room_are_counted_in_the_report() {
    // A report has room for 512 usual containers; these are three times as many, without the details.
    let mut script = script_of(1536);
    script.truncate(2);
    let engine = ScriptedEngine::start(script, 100_000);
    let mut asked = Engine::new(&engine.socket, buffers());
    let sweep = block_on(asked.containers()).unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(sweep.body).unwrap();
    assert!(sweep.containers >= 512, "{}", sweep.containers);
    assert_eq!(sweep.containers as u64 + sweep.omitted, 1536);
    assert!(sweep.omitted > 0);
    assert_eq!(body["containers"].as_array().unwrap().len(), sweep.containers);
    assert_eq!(body["containersLeftOut"], sweep.omitted);
}

#[test]
fn five_hundred_and_twelve_usual_containers_have_room() {
    let engine = ScriptedEngine::start(script_of(512), 100_000);
    let mut asked = Engine::new(&engine.socket, buffers());
    let sweep = block_on(asked.containers()).unwrap().unwrap();
    assert_eq!((sweep.containers, sweep.omitted, sweep.without_details), (512, 0, 0));
    let body: serde_json::Value = serde_json::from_slice(sweep.body).unwrap();
    assert!(body.get("containersLeftOut").is_none());
    let last = &body["containers"][511];
    assert_eq!((&last["restartCount"], &last["composeService"]), (&2.into(), &"web".into()));
    assert_eq!(last["imageTags"], serde_json::json!(["nginx:1.27", "nginx:latest"]));
}

#[test]
fn a_rootless_or_podman_socket_is_a_path_like_any_other() {
    // DOCKER_HOST=unix:///run/user/1000/podman/podman.sock; names without a slash and nulls, as Podman lists them.
    let list = format!(
        r#"[{{"Id":"{ID}","Names":["web"],"Image":"localhost/web","ImageID":"{ID}","Labels":null,"Ports":null,"NetworkSettings":null,"Mounts":null,"State":"running","Status":""}}]"#
    );
    let inspect = format!(
        r#"{{"Id":"{ID}","Created":"2026-11-23T09:47:24+01:00","RestartCount":0,"State":{{"Status":"running","OOMKilled":false,"ExitCode":0,"StartedAt":"2026-11-23T09:47:25+01:00","Health":{{"Status":"","FailingStreak":0,"Log":null}}}}}}"#
    );
    let images = format!(r#"[{{"Id":"sha256:{ID}","RepoTags":null}}]"#);
    let answers =
        vec![(IMAGES_PATH, chunked(&images)), (LIST_PATH, chunked(&list)), (INSPECT_PATH, fixed(200, &inspect))];
    let (body, omitted, without_details) = sweep(answers, 100).unwrap();
    let container = &body["containers"][0];
    assert_eq!((omitted, without_details), (0, 0));
    assert_eq!((&container["name"], &container["ports"]), (&"web".into(), &"-".into()));
    assert_eq!((&container["health"], &container["restartCount"]), (&serde_json::Value::Null, &0.into()));
    assert_eq!(container["createdAt"], "2026-11-23T09:47:24+01:00");
}

#[test]
fn a_malformed_or_oversized_container_is_counted_and_the_others_are_kept() {
    let huge = format!(r#"{{"Id":"{ID}","Labels":{{"x":"{}"}}}}"#, "y".repeat(ELEMENT_BYTES));
    let whole = list();
    let bad_id = r#"{"Id":"../../../images/json?x="}"#;
    let mixed = format!("[17,{huge},{bad_id},{}]", &whole[1..whole.len() - 1]);
    let answers =
        vec![(IMAGES_PATH, fixed(200, "[]")), (LIST_PATH, fixed(200, &mixed)), (INSPECT_PATH, fixed(200, INSPECT))];
    let (body, omitted, _) = sweep(answers, 4096).unwrap();
    assert_eq!((body["containers"].as_array().unwrap().len(), omitted), (1, 3));
    assert_eq!(body["containersLeftOut"], 3);
}

#[test]
fn details_too_large_for_their_buffer_leave_the_words_of_the_list() {
    let huge = format!(r#"{{"Config":{{"Env":["{}"]}}}}"#, "x".repeat(DETAIL_BYTES));
    let answers =
        vec![(IMAGES_PATH, fixed(200, "[]")), (LIST_PATH, fixed(200, &list())), (INSPECT_PATH, fixed(200, &huge))];
    let (body, _, without_details) = sweep(answers, 65_536).unwrap();
    assert_eq!((body["containers"][0]["health"].as_str(), without_details), (Some("healthy"), 1));
}

#[test]
fn a_list_that_cannot_be_had_is_an_error_never_an_empty_report() {
    let images = || (IMAGES_PATH, fixed(200, "[]"));
    assert_eq!(sweep(vec![images(), (LIST_PATH, fixed(500, "{}"))], 64).unwrap_err(), "the engine answered 500");
    assert!(sweep(vec![images(), (LIST_PATH, fixed(200, "{}"))], 64).unwrap_err().contains("not a JSON array"));
    let cut = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[".to_owned();
    assert_eq!(sweep(vec![images(), (LIST_PATH, cut)], 64).unwrap_err(), "the engine broke off its answer");
    let not_http = "SSH-2.0-OpenSSH\r\nConnection: close\r\n\r\n".to_owned();
    assert!(sweep(vec![images(), (LIST_PATH, not_http)], 64).unwrap_err().contains("not HTTP"));
}

#[test]
fn a_list_cut_at_any_byte_is_an_error_never_a_shorter_report() {
    let list = list();
    for end in 0..list.len() {
        let cut = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", &list[..end]);
        let answers = vec![(IMAGES_PATH, fixed(200, "[]")), (LIST_PATH, cut), (INSPECT_PATH, fixed(200, INSPECT))];
        assert!(sweep(answers, 100_000).is_err(), "cut at {end}");
    }
}

#[test]
fn no_socket_is_said_in_words() {
    let mut engine = Engine::new(Path::new("/nowhere/docker.sock"), buffers());
    let fault = block_on(engine.containers()).unwrap().unwrap_err().to_string();
    assert_eq!(fault, "there is no socket");
}

#[test]
fn tags_past_the_capacity_are_left_out_and_counted() {
    let mut tags = Box::new(ImageTags::new());
    let name = "n".repeat(TAGS_BYTES / 2);
    let id = format!("sha256:{ID}");
    for _ in 0..2 {
        let repo_tags = [JsonText(&name)].into_iter().collect();
        tags.add(&Image { id: JsonText(&id), repo_tags });
    }
    assert_eq!((tags.images.len(), tags.left_out), (1, 1));
    assert_eq!(tags.of(JsonText(&id)).len(), 1);
}

/// How long an engine that answers may take; the machine may have much else to do.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an engine that is not going to answer is waited for.
const HANGING: Duration = Duration::from_secs(1);

/// Containers of a sweep and those without details, where the sweep comes to its end in time.
fn counted(engine: &mut Engine, within: Duration) -> Option<(usize, usize)> {
    let swept =
        or(async { engine.containers().await.ok().map(|sweep| (sweep.containers, sweep.without_details)) }, async {
            after(within).await;
            None
        });
    block_on(swept).unwrap()
}

#[test]
fn details_are_asked_for_in_batches_each_container_once_and_in_order() {
    let engine = ScriptedEngine::start(script_of(2 * BATCH_MAX + 1), 5_000);
    assert_eq!(counted(&mut Engine::new(&engine.socket, buffers()), PATIENCE), Some((2 * BATCH_MAX + 1, 0)));
    let inspected: Vec<String> = engine.requests().iter().skip(2).cloned().collect();
    let expected: Vec<String> =
        (0..2 * BATCH_MAX + 1).map(|n| Endpoint::Inspect(&scripted::id(n)).request().unwrap().to_string()).collect();
    assert_eq!(inspected, expected);
}

#[test]
fn a_server_that_closes_after_each_answer_is_asked_for_the_rest_one_by_one() {
    let mut script = script_of(20);
    for (_, answer) in &mut script {
        *answer = answer.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    }
    let engine = ScriptedEngine::start(script, 100_000);
    let mut asked = Engine::new(&engine.socket, buffers());
    assert_eq!([(); 2].map(|()| counted(&mut asked, PATIENCE)), [Some((20, 0)); 2]);
}

#[test]
fn a_proxy_that_drops_what_is_asked_ahead_costs_one_sweep() {
    let engine = ScriptedEngine::start_without_pipelining(script_of(20));
    let mut asked = Engine::new(&engine.socket, buffers());
    assert_eq!(counted(&mut asked, HANGING), None);
    assert_eq!([(); 2].map(|()| counted(&mut asked, PATIENCE)), [Some((20, 0)); 2]);
}

#[test]
fn an_engine_that_hangs_without_an_answer_is_asked_in_one_go_again_later() {
    let socket = new_socket_path();
    let mut asked = Engine::new(&socket, buffers());
    // As an engine that is stopped: it takes the connection and says nothing.
    let hanging = UnixListener::bind(&socket).unwrap();
    assert_eq!(counted(&mut asked, HANGING), None);
    drop(hanging);
    std::fs::remove_file(&socket).unwrap();
    let engine = ScriptedEngine::start_at(socket, script_of(20));
    assert_eq!(counted(&mut asked, PATIENCE), Some((20, 0)));
    assert!(asked.asked.asks_ahead);
    drop(engine);
}

#[test]
fn an_element_that_is_no_container_costs_neither_its_batch_nor_the_step() {
    // The second has an id, so its details are asked for, and is malformed.
    let list = list();
    let list = format!(r#"[{{"Id":1}},{{"Id":"{}","Image":7}},{}]"#, scripted::id(7), &list[1..list.len() - 1]);
    let answers =
        vec![(IMAGES_PATH, fixed(200, "[]")), (LIST_PATH, fixed(200, &list)), (INSPECT_PATH, fixed(200, INSPECT))];
    let (body, omitted, without_details) = sweep(answers, 100_000).unwrap();
    assert_eq!((omitted, without_details), (2, 0));
    assert_eq!(body["containers"][0]["health"], "unhealthy");
}
