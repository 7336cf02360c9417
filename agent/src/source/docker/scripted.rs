//! An engine for tests: a real Unix socket whose answers are written beforehand.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

/// What is answered to a path: all bytes of it, head and body.
pub type Script = Vec<(String, String)>;

/// The engine's side of a socket. Its threads end with their connections; its file goes when it is dropped.
pub struct ScriptedEngine {
    /// Where it listens.
    pub socket: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicU32>,
}

impl ScriptedEngine {
    /// Answers each request with what `script` has for its path, in pieces of `piece` bytes; 404 for other paths.
    pub fn start(script: Script, piece: usize) -> Self {
        Self::serving(new_socket_path(), script, piece, true)
    }

    /// The same behind a proxy that drops what is asked before the last answer is out.
    pub fn start_without_pipelining(script: Script) -> Self {
        Self::serving(new_socket_path(), script, usize::MAX, false)
    }

    /// The first at a path where nobody listens.
    pub fn start_at(socket: PathBuf, script: Script) -> Self {
        Self::serving(socket, script, usize::MAX, true)
    }

    fn serving(socket: PathBuf, script: Script, piece: usize, pipelines: bool) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, script) = (requests.clone(), Arc::new(script));
        let connections = Arc::new(AtomicU32::new(0));
        let accepted = connections.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                accepted.fetch_add(1, Ordering::Relaxed);
                let (seen, script) = (seen.clone(), script.clone());
                std::thread::spawn(move || serve(stream, &script, piece, pipelines, &seen));
            }
        });
        Self { socket, requests, connections }
    }

    /// Every request so far, as it came.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections it took so far.
    pub fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for ScriptedEngine {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A path that nobody listens on yet.
pub fn new_socket_path() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("neon-agent-engine-{}-{number}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

fn serve(mut stream: UnixStream, script: &Script, piece: usize, pipelines: bool, seen: &Mutex<Vec<String>>) {
    let (mut unread, mut buffer) = (String::new(), [0; 8192]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        unread.push_str(&String::from_utf8_lossy(&buffer[..count]));
        while let Some((request, rest)) = unread.split_once("\r\n\r\n") {
            let request = format!("{request}\r\n\r\n");
            unread = if pipelines { rest.to_owned() } else { String::new() };
            let path = request.split(' ').nth(1).unwrap_or_default();
            let found = script.iter().find(|(scripted, _)| scripted == path);
            let answer =
                found.map_or_else(|| fixed(404, r#"{"message":"page not found"}"#), |(_, answer)| answer.clone());
            seen.lock().unwrap().push(request);
            for piece in answer.as_bytes().chunks(piece) {
                if stream.write_all(piece).is_err() {
                    return;
                }
            }
            if answer.contains("Connection: close") {
                return;
            }
        }
    }
}

/// An answer with a length.
pub fn fixed(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// An answer in chunks of eleven bytes.
pub fn chunked(body: &str) -> String {
    let chunks: String = body
        .as_bytes()
        .chunks(11)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap()))
        .collect();
    format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")
}

/// An engine's id.
pub fn id(number: usize) -> String {
    format!("{number:064x}")
}

/// A host of `count` containers, shaped and sized as Docker Engine 28 answers for those of a compose project.
pub fn script_of(count: usize) -> Script {
    let image = |number: usize| format!("sha256:{}", id(1_000_000 + number % 10));
    let entries: Vec<String> =
        (0..count).map(|number| LIST_ENTRY.replace("@ID", &id(number)).replace("@IMAGE", &image(number))).collect();
    let images: Vec<String> = (0..10).map(|number| IMAGE.replace("@IMAGE", &image(number))).collect();
    let mut script = vec![
        ("/images/json".to_owned(), whole_chunk(&format!("[{}]", images.join(",")))),
        ("/containers/json?all=1".to_owned(), whole_chunk(&format!("[{}]", entries.join(",")))),
    ];
    script.extend((0..count).map(|number| {
        let body = INSPECT.replace("@ID", &id(number)).replace("@IMAGE", &image(number));
        (format!("/containers/{}/json", id(number)), whole_chunk(&body))
    }));
    script
}

/// In one chunk, as net/http sends what it has buffered.
fn whole_chunk(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Type: application/json\r\nDocker-Experimental: false\r\nOstype: linux\r\nServer: Docker/28.4.0 (linux)\r\nDate: Mon, 23 Nov 2026 09:08:03 GMT\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
}

const IMAGE: &str = r#"{"Containers":-1,"Created":1726000000,"Id":"@IMAGE","Labels":{"org.opencontainers.image.version":"24.04","maintainer":"NGINX Docker Maintainers <docker-maint@nginx.com>"},"ParentId":"","Descriptor":{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"@IMAGE","size":10229},"RepoDigests":["nginx@@IMAGE"],"RepoTags":["nginx:1.27","nginx:latest"],"SharedSize":-1,"Size":192000000}"#;

const LIST_ENTRY: &str = r#"{"Id":"@ID","Names":["/shop-web-1"],"Image":"nginx:1.27","ImageID":"@IMAGE","Command":"/docker-entrypoint.sh nginx -g 'daemon off;'","Created":1763888844,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{"com.docker.compose.config-hash":"5f1d7a84db00d2fce00b31a7fc73224f123e6c9f1bd61ac06ccc9f0d9b66d9b6","com.docker.compose.container-number":"1","com.docker.compose.depends_on":"db:service_healthy:false","com.docker.compose.image":"@IMAGE","com.docker.compose.oneoff":"False","com.docker.compose.project":"shop","com.docker.compose.project.config_files":"/srv/shop/compose.yaml","com.docker.compose.project.working_dir":"/srv/shop","com.docker.compose.service":"web","com.docker.compose.version":"2.39.2","maintainer":"NGINX Docker Maintainers \u003cdocker-maint@nginx.com\u003e"},"State":"running","Status":"Up 2 hours (healthy)","HostConfig":{"NetworkMode":"shop_default"},"NetworkSettings":{"Networks":{"shop_default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"6e:0a:2d:9c:1f:11","DriverOpts":null,"GwPriority":0,"NetworkID":"0f0c7f0e4cdd8a2f4f5b9a3d13a2c5b3f2b9a2b1c0d9e8f7a6b5c4d3e2f1a0b9","EndpointID":"9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b","Gateway":"172.18.0.1","IPAddress":"172.18.0.3","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}},"Mounts":[{"Type":"bind","Source":"/srv/shop/html","Destination":"/usr/share/nginx/html","Mode":"ro","RW":false,"Propagation":"rprivate"}]}"#;

const INSPECT: &str = r#"{"Id":"@ID","Created":"2026-11-23T08:47:24.668846837Z","Path":"/docker-entrypoint.sh","Args":["nginx","-g","daemon off;"],"State":{"Status":"running","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":31337,"ExitCode":0,"Error":"","StartedAt":"2026-11-23T08:47:25.668846837Z","FinishedAt":"0001-01-01T00:00:00Z","Health":{"Status":"healthy","FailingStreak":0,"Log":[{"Start":"2026-11-23T09:07:25.1Z","End":"2026-11-23T09:07:25.2Z","ExitCode":0,"Output":"  % Total    % Received % Xferd  Average Speed   Time\r\n100   615  100   615    0     0   601k      0 --:--:-- --:--:-- --:--:--  601k\n"},{"Start":"2026-11-23T09:07:55.1Z","End":"2026-11-23T09:07:55.2Z","ExitCode":0,"Output":"  % Total    % Received % Xferd  Average Speed   Time\r\n100   615  100   615    0     0   601k      0 --:--:-- --:--:-- --:--:--  601k\n"}]}},"Image":"@IMAGE","ResolvConfPath":"/var/lib/docker/containers/@ID/resolv.conf","HostnamePath":"/var/lib/docker/containers/@ID/hostname","HostsPath":"/var/lib/docker/containers/@ID/hosts","LogPath":"/var/lib/docker/containers/@ID/@ID-json.log","Name":"/shop-web-1","RestartCount":2,"Driver":"overlay2","Platform":"linux","MountLabel":"","ProcessLabel":"","AppArmorProfile":"docker-default","ExecIDs":null,"HostConfig":{"Binds":["/srv/shop/html:/usr/share/nginx/html:ro"],"ContainerIDFile":"","LogConfig":{"Type":"json-file","Config":{"max-file":"3","max-size":"10m"}},"NetworkMode":"shop_default","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},"RestartPolicy":{"Name":"unless-stopped","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],"CapAdd":null,"CapDrop":null,"CgroupnsMode":"private","Dns":null,"DnsOptions":null,"DnsSearch":null,"ExtraHosts":[],"GroupAdd":null,"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":67108864,"Runtime":"runc","Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":null,"BlkioDeviceReadBps":null,"BlkioDeviceWriteBps":null,"BlkioDeviceReadIOps":null,"BlkioDeviceWriteIOps":null,"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":null,"DeviceCgroupRules":null,"DeviceRequests":null,"MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":null,"OomKillDisable":null,"PidsLimit":null,"Ulimits":null,"CpuCount":0,"CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":["/proc/asound","/proc/acpi","/proc/interrupts","/proc/kcore","/proc/keys","/proc/latency_stats","/proc/timer_list","/proc/timer_stats","/proc/sched_debug","/proc/scsi","/sys/firmware","/sys/devices/virtual/powercap"],"ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]},"GraphDriver":{"Data":{"ID":"@ID","LowerDir":"/var/lib/docker/overlay2/aaaa-init/diff:/var/lib/docker/overlay2/bbbb/diff:/var/lib/docker/overlay2/cccc/diff:/var/lib/docker/overlay2/dddd/diff","MergedDir":"/var/lib/docker/overlay2/aaaa/merged","UpperDir":"/var/lib/docker/overlay2/aaaa/diff","WorkDir":"/var/lib/docker/overlay2/aaaa/work"},"Name":"overlay2"},"Mounts":[{"Type":"bind","Source":"/srv/shop/html","Destination":"/usr/share/nginx/html","Mode":"ro","RW":false,"Propagation":"rprivate"}],"Config":{"Hostname":"eb6f6e2aaa26","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"ExposedPorts":{"80/tcp":{}},"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["DATABASE_PASSWORD=correct-horse-battery","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","NGINX_VERSION=1.27.5","NJS_VERSION=0.8.10"],"Cmd":["nginx","-g","daemon off;"],"Healthcheck":{"Test":["CMD-SHELL","curl -f http://localhost/ || exit 1"],"Interval":30000000000,"Timeout":5000000000,"Retries":3},"Image":"nginx:1.27","Volumes":null,"WorkingDir":"","Entrypoint":["/docker-entrypoint.sh"],"Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web"},"StopSignal":"SIGQUIT"},"NetworkSettings":{"Bridge":"","SandboxID":"1111111111111111","SandboxKey":"/var/run/docker/netns/1111","Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]},"Networks":{"shop_default":{"IPAMConfig":null,"Links":null,"Aliases":["shop-web-1","web"],"MacAddress":"6e:0a:2d:9c:1f:11","DriverOpts":null,"NetworkID":"0f0c7f0e4cdd8a2f","EndpointID":"9b8a7c6d5e4f3a2b","Gateway":"172.18.0.1","IPAddress":"172.18.0.3","IPPrefixLen":16,"DNSNames":["shop-web-1","web","eb6f6e2aaa26"]}}}}"#;
