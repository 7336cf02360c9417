//! A wire between the master and PostgreSQL that a test can cut.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

/// Forwards connections to the server of a database while it is whole.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    whole: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// A whole wire to the server that `url` names.
    pub fn to(url: &str) -> Self {
        let target = Target::of(url);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self {
            address: listener.local_addr().unwrap(),
            whole: Arc::new(AtomicBool::new(true)),
            silent: Arc::default(),
            connections: Arc::default(),
        };
        let (whole, silent) = (Arc::clone(&proxy.whole), Arc::clone(&proxy.silent));
        let connections = Arc::clone(&proxy.connections);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if whole.load(Ordering::SeqCst) {
                    connections.lock().unwrap().push(client.try_clone().unwrap());
                    target.forward(client, &silent);
                }
            }
        });
        proxy
    }

    /// `url` with its server replaced by this wire.
    pub fn url(&self, url: &str) -> String {
        let options = PgConnectOptions::from_str(url).unwrap();
        let database = options.get_database().unwrap().to_owned();
        let url = options.to_url_lossy();
        let user = options.get_username().to_owned();
        let password = url.password().map(|password| format!(":{password}")).unwrap_or_default();
        format!("postgres://{user}{password}@{}/{database}?sslmode=disable", self.address)
    }

    /// Ends every connection and refuses new ones.
    pub fn cut(&self) {
        self.whole.store(false, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            // It may have ended by itself.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Swallows what either side sends from now on, ends included, as a machine that has lost its power does.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// Forwards again.
    pub fn mend(&self) {
        self.whole.store(true, Ordering::SeqCst);
    }
}

#[derive(Clone, Debug)]
enum Target {
    Socket(PathBuf),
    Tcp(String),
}

impl Target {
    fn of(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).unwrap();
        let folder =
            options.get_socket().cloned().or(options.get_host().starts_with('/').then(|| options.get_host().into()));
        match folder {
            Some(folder) => Self::Socket(folder.join(format!(".s.PGSQL.{}", options.get_port()))),
            None => Self::Tcp(format!("{}:{}", options.get_host(), options.get_port())),
        }
    }

    fn forward(&self, client: TcpStream, silent: &Arc<AtomicBool>) {
        let back = client.try_clone().unwrap();
        match self {
            Self::Socket(path) => {
                let server = UnixStream::connect(path).unwrap();
                let (ends, end) = (server.try_clone().unwrap(), back.try_clone().unwrap());
                copy(client, server.try_clone().unwrap(), silent, move || ends.shutdown(Shutdown::Both));
                copy(server, back, silent, move || end.shutdown(Shutdown::Both));
            }
            Self::Tcp(address) => {
                let server = TcpStream::connect(address).unwrap();
                let (ends, end) = (server.try_clone().unwrap(), back.try_clone().unwrap());
                copy(client, server.try_clone().unwrap(), silent, move || ends.shutdown(Shutdown::Both));
                copy(server, back, silent, move || end.shutdown(Shutdown::Both));
            }
        }
    }
}

/// Copies until either side ends, and then ends the other; a cut wire is no error here. A silent one keeps both open and
/// says nothing.
fn copy(
    mut from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    silent: &Arc<AtomicBool>,
    end: impl FnOnce() -> std::io::Result<()> + Send + 'static,
) {
    let silent = Arc::clone(silent);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = from.read(&mut buffer).unwrap_or(0);
            match (silent.load(Ordering::SeqCst), read) {
                (true, 0) => loop {
                    std::thread::park();
                },
                (true, _) => {}
                (false, 0) => break,
                (false, read) if to.write_all(&buffer[..read]).is_ok() => {}
                (false, _) => break,
            }
        }
        // It may have ended by itself.
        let _ = end();
    });
}
