//! The ceiling: the same HTTP library, and of the master no more than reading a body.

use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use neon_master::domain::intake;
use salvo::conn::tcp::TcpAcceptor;
use salvo::{Request, Response, Router, Server, handler};

use crate::Result;
use crate::bodies::Bodies;
use crate::load::{Fleet, Mix, Report};

/// Serves until it is killed; says on standard output where.
pub fn serve() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("{}", listener.local_addr().expect("bound"));
        let router = Router::with_path("{**path}").post(parse);
        Server::new(TcpAcceptor::try_from(listener).expect("a listener")).serve(router).await;
    });
    ExitCode::SUCCESS
}

#[handler]
async fn parse(request: &mut Request, response: &mut Response) {
    let path = request.uri().path().to_owned();
    let body = request.payload_with_max_size(1 << 20).await.map(|bytes| bytes.to_vec()).unwrap_or_default();
    let is_good = match path.as_str() {
        "/api/agent/heartbeat" => intake::heartbeat(&body).is_ok(),
        "/api/agent/containers" => intake::containers(&body).is_ok(),
        _ => intake::metrics(&body, neon_master::http::now()).is_ok(),
    };
    response.render(if is_good { r#"{"success":true,"data":{"refused":1}}"# } else { "" });
    if !is_good {
        response.status_code(salvo::http::StatusCode::BAD_REQUEST);
    }
}

/// How many requests a second are parsed.
pub fn ceiling(mix: Mix, connections: usize, bodies: &Bodies, length: Duration) -> Result<Report> {
    let mut server =
        Command::new(std::env::current_exe()?).arg("parse-only").stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
    let outcome = (|| {
        let mut line = String::new();
        BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let mut fleet = Fleet::at(line.trim().parse()?, connections, bodies)?;
        (0..1000).for_each(|_| fleet.pretend());
        fleet.report(None, mix, None, length)
    })();
    server.kill()?;
    server.wait()?;
    let name = match mix {
        Mix::Default => "mixed, parsed and thrown away",
        Mix::Samples => "samples parsed and thrown away",
    };
    outcome.map(|report: Report| report.named(name))
}
