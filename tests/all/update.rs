//! `seaworthy db update` and the refresh before a scan, against a server on loopback: what comes is used, what
//! does not come is said, and neither ever damages what is there.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// What a server says to a request, besides what it says of itself.
#[derive(Clone)]
enum Says {
    /// A body with a tag; not sent again to who knows the tag.
    Body(Vec<u8>),
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// A body without end.
    Endless,
    /// Nothing.
    Nothing,
}

/// A server on loopback that remembers what it was asked for.
struct Server {
    address: SocketAddr,
    says: Arc<Mutex<BTreeMap<String, Says>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Self { address, says: Arc::default(), asked: Arc::default() };
        let (says, asked) = (server.says.clone(), server.asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (says, asked) = (says.clone(), asked.clone());
                thread::spawn(move || answer(stream, &says, &asked));
            }
        });
        server
    }

    fn say(&self, path: &str, says: Says) {
        self.says.lock().expect("nobody panicked").insert(path.to_owned(), says);
    }

    fn say_raw(&self, path: &str, text: &str) {
        self.say(path, Says::Raw(text.as_bytes().to_vec()));
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn answer(
    mut stream: std::net::TcpStream,
    says: &Mutex<BTreeMap<String, Says>>,
    asked: &Mutex<Vec<String>>,
) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    asked.lock().expect("nobody panicked").push(head.first().cloned().unwrap_or_default());
    let says = says.lock().expect("nobody panicked").get(&path).cloned();
    let sent = match says {
        Some(Says::Body(body)) => {
            let tag = format!("\"{:08x}\"", crc32fast::hash(&body));
            if head.iter().any(|line| line.ends_with(&tag)) {
                stream.write_all(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
            } else {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: {tag}\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body))
            }
        }
        Some(Says::Raw(bytes)) => stream.write_all(&bytes),
        Some(Says::Endless) => {
            let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            while sent.is_ok() {
                thread::sleep(Duration::from_millis(5));
                sent = stream.write_all(&[b'a'; 1024]);
            }
            sent
        }
        Some(Says::Nothing) => {
            thread::sleep(Duration::from_secs(30));
            Ok(())
        }
        None => {
            stream.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
    };
    drop(sent);
}

/// An archive of one file that is not packed, as the specification of ZIP has it (APPNOTE.TXT, 4.3).
fn zip(name: &str, text: &str) -> Vec<u8> {
    let short = |length: usize| u32::try_from(length).expect("a small archive");
    let (size, checksum) = (short(text.len()), crc32fast::hash(text.as_bytes()));
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for number in [checksum, size, size, short(name.len())] {
        common.extend(number.to_le_bytes());
    }
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&common);
    zip.extend(name.as_bytes());
    zip.extend(text.as_bytes());
    let directory = short(zip.len());
    zip.extend(b"PK\x01\x02\x14\x00");
    zip.extend(&common);
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let length = short(zip.len()) - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

/// The archive of an ecosystem, with one advisory about `leaky` in all versions.
fn archive(ecosystem: &str, id: &str) -> Says {
    let text = format!(
        r#"{{"id": "{id}", "modified": "2020-01-01T00:00:00Z", "summary": "Leaks.", "affected": [
            {{"package": {{"ecosystem": "{ecosystem}", "name": "leaky"}},
              "ranges": [{{"type": "ECOSYSTEM", "events": [{{"introduced": "0"}}]}}]}}]}}"#
    );
    Says::Body(zip(&format!("{id}.json"), &text))
}

/// A project that takes its advisories from a server.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new(server: &Server, ecosystems: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = format!(
            "advisories: {{ mirror: \"http://{}/osv\", ecosystems: [{ecosystems}] }}\n",
            server.address
        );
        fs::write(folder.path().join("seaworthy.yaml"), config).expect("a file");
        fs::write(folder.path().join("requirements.txt"), "leaky==1.0.0\n").expect("a file");
        Self { folder }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seaworthy"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    fn update(&self) -> Output {
        self.run(&["db", "update", "--no-progress"])
    }

    fn scan(&self, more: &[&str]) -> Output {
        self.run(&[&["scan", "--only", "dependency", "--fail-on", "note"], more].concat())
    }

    fn cache(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().join("cache")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }

    fn index(&self) -> PathBuf {
        let is_index = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "idx");
        self.cache().into_iter().find(is_index).expect("an index")
    }

    /// Makes everything that was asked for as old as it can be.
    fn age(&self) {
        for path in self.cache().iter().filter(|path| path.ends_with("sources.json")) {
            let text = fs::read_to_string(path).expect("a file");
            let old = |line: &str| {
                let is_time = line.trim_start().starts_with("\"asked\"");
                if is_time { "\"asked\": 1000000,\n".to_owned() } else { format!("{line}\n") }
            };
            fs::write(path, text.lines().map(old).collect::<String>()).expect("a file");
        }
    }

    fn has_litter(&self) -> bool {
        self.cache().iter().any(|path| path.extension().is_some_and(|ending| ending == "new"))
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A project with an index of one archive.
fn updated() -> (Server, Project) {
    let server = Server::new();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    let project = Project::new(&server, "PyPI");
    let output = project.update();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (server, project)
}

/// That an answer changes nothing of an index, and is told in one line.
fn changes_nothing(says: Says, reason: &str) {
    let (server, project) = updated();
    let before = fs::read(project.index()).expect("a file");
    server.say("/osv/PyPI/all.zip", says);
    let output = project.run(&["db", "update", "--no-progress", "--deadline", "2s"]);
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains(reason) && errors.contains("is used"), "{errors}");
    assert_eq!(fs::read(project.index()).expect("a file"), before);
    assert!(!project.has_litter());
    assert_eq!(project.scan(&["--offline"]).status.code(), Some(1));
}

#[test]
fn archives_are_downloaded_and_used() {
    let (server, project) = updated();
    assert_eq!(server.asked(), ["GET /osv/PyPI/all.zip HTTP/1.1"]);
    let scan = project.scan(&["--offline"]);
    assert_eq!(scan.status.code(), Some(1));
    assert!(stdout(&scan).contains("PYSEC-2020-1"), "{}", stdout(&scan));
    assert!(!stdout(&scan).contains("days ago"), "{}", stdout(&scan));
    let status = stdout(&project.run(&["db", "status"]));
    assert!(status.contains("/osv/PyPI/all.zip: asked 0 days ago"), "{status}");
    assert!(status.contains("ETag"), "{status}");
    assert!(!project.has_litter());
}

#[test]
fn what_has_not_changed_is_not_sent_again() {
    let (server, project) = updated();
    let before = fs::read(project.index()).unwrap();
    let output = project.update();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("nothing has changed"), "{}", stdout(&output));
    assert_eq!(server.asked().len(), 2);
    assert_eq!(fs::read(project.index()).unwrap(), before);
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-2"));
    assert!(stdout(&project.update()).contains("made anew"));
    assert!(stdout(&project.scan(&["--offline"])).contains("PYSEC-2020-2"));
}

#[test]
fn a_truncated_body_changes_nothing() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nPK\u{3}\u{4}half";
    changes_nothing(Says::Raw(half.into()), "ended before all of it came");
}

#[test]
fn a_truncated_archive_of_unknown_length_changes_nothing() {
    let Says::Body(whole) = archive("PyPI", "PYSEC-2020-3") else { unreachable!() };
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    changes_nothing(Says::Raw([head, &whole[..whole.len() - 30]].concat()), "all.zip");
}

#[test]
fn a_page_that_is_no_archive_changes_nothing() {
    changes_nothing(Says::Body(b"<html>Log in</html>".to_vec()), "no advisory in");
}

#[test]
fn a_fault_of_the_server_changes_nothing() {
    let fault = "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    changes_nothing(Says::Raw(fault.into()), "the server answers 500");
}

#[test]
fn a_redirect_to_plain_http_changes_nothing() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\nContent-Length: 0\r\n\r\n";
    changes_nothing(Says::Raw(moved.into()), "plain HTTP");
}

#[test]
fn a_server_that_says_nothing_changes_nothing() {
    changes_nothing(Says::Nothing, "it takes too long");
}

#[test]
fn a_body_without_end_changes_nothing() {
    changes_nothing(Says::Endless, "all.zip");
}

#[test]
fn an_interruption_changes_nothing() {
    let (server, project) = updated();
    let before = fs::read(project.index()).unwrap();
    server.say("/osv/PyPI/all.zip", Says::Endless);
    let mut command = project.command(&["db", "update", "--no-progress"]);
    let run = command.stderr(Stdio::piped()).spawn().expect("the program starts");
    while server.asked().len() < 2 {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(200));
    let interrupt = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(interrupt.expect("kill runs").success());
    let output = run.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("interrupted; nothing was changed"), "{}", stderr(&output));
    assert_eq!(fs::read(project.index()).unwrap(), before);
    assert!(!project.has_litter());
}

#[test]
fn a_source_that_never_came_makes_its_ecosystem_incomplete_and_no_other() {
    let server = Server::new();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    let project = Project::new(&server, "PyPI, npm");
    let output = project.update();
    assert_eq!(output.status.code(), Some(2));
    let expected = "npm/all.zip: the server answers 404; its advisories are missing";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    assert_eq!(project.scan(&["--offline"]).status.code(), Some(1));
    let lock = r#"{"name": "a", "lockfileVersion": 3, "packages": {
        "": {"name": "a"}, "node_modules/fine": {"version": "1.0.0", "resolved": "https://npmjs.org/f"}}}"#;
    fs::write(project.folder.path().join("package-lock.json"), lock).unwrap();
    fs::remove_file(project.folder.path().join("requirements.txt")).unwrap();
    let scan = project.scan(&["--offline"]);
    assert_eq!(scan.status.code(), Some(3), "{}", stdout(&scan));
    assert!(stdout(&scan).contains("are missing"), "{}", stdout(&scan));
}

#[test]
fn the_old_copy_stands_in_for_a_source_that_fails() {
    let server = Server::new();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    server.say("/osv/npm/all.zip", archive("npm", "GHSA-1"));
    let project = Project::new(&server, "PyPI, npm");
    assert_eq!(project.update().status.code(), Some(0));
    server.say("/osv/npm/all.zip", archive("npm", "GHSA-2"));
    server.say_raw("/osv/PyPI/all.zip", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    let output = project.update();
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("made anew"), "{}", stdout(&output));
    assert!(stderr(&output).contains("503; what came on"), "{}", stderr(&output));
    assert_eq!(project.scan(&["--offline"]).status.code(), Some(1));
}

#[test]
fn two_updates_at_once_leave_a_whole_index_and_no_litter() {
    let (server, project) = updated();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-9"));
    let begin = || {
        let mut command = project.command(&["db", "update", "--no-progress"]);
        command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts")
    };
    let outputs = [begin(), begin()].map(|run| run.wait_with_output().expect("it ends"));
    let codes = outputs.each_ref().map(|output| output.status.code());
    assert!(codes.contains(&Some(0)), "{}{}", stderr(&outputs[0]), stderr(&outputs[1]));
    for output in outputs.iter().filter(|output| output.status.code() != Some(0)) {
        assert!(stderr(output).contains("being written by another process"), "{}", stderr(output));
    }
    assert_eq!(project.run(&["db", "verify"]).status.code(), Some(0));
    assert!(stdout(&project.scan(&["--offline"])).contains("PYSEC-2020-9"));
    assert!(!project.has_litter());
}

#[test]
fn an_offline_scan_asks_nobody() {
    let (server, project) = updated();
    project.age();
    let scan = project.scan(&["--offline"]);
    assert!(stdout(&scan).contains("days ago"), "{}", stdout(&scan));
    let mut command = project.command(&["scan", "--only", "dependency"]);
    command.env("SEAWORTHY_OFFLINE", "1").output().expect("the program starts");
    let mut update = project.command(&["db", "update"]);
    let update = update.env("SEAWORTHY_OFFLINE", "1").output().expect("the program starts");
    assert_eq!(update.status.code(), Some(2));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_scan_downloads_what_is_absent_and_refreshes_what_is_old() {
    let server = Server::new();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    let project = Project::new(&server, "PyPI, npm");
    let scan = project.scan(&[]);
    assert!(stdout(&scan).contains("PYSEC-2020-1"), "{}", stdout(&scan));
    // Only the ecosystem of the lockfile is asked for.
    assert_eq!(server.asked().len(), 1);
    project.scan(&[]);
    assert_eq!(server.asked().len(), 1);
    project.age();
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-2"));
    let scan = project.scan(&[]);
    assert!(stdout(&scan).contains("PYSEC-2020-2"), "{}", stdout(&scan));
    assert!(!stdout(&scan).contains("days ago"), "{}", stdout(&scan));
}

#[test]
fn a_refresh_that_fails_is_told_and_not_tried_again_at_once() {
    let (server, project) = updated();
    project.age();
    server.say_raw("/osv/PyPI/all.zip", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
    let scan = project.scan(&[]);
    assert_eq!(scan.status.code(), Some(1));
    assert!(stdout(&scan).contains("were not refreshed"), "{}", stdout(&scan));
    assert!(stdout(&scan).contains("days ago"), "{}", stdout(&scan));
    assert_eq!(server.asked().len(), 2);
    project.scan(&[]);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_scan_without_lockfile_or_with_an_index_of_its_own_asks_nobody() {
    let (server, project) = updated();
    project.age();
    let index = project.index();
    project.scan(&["--advisory-db", &index.display().to_string()]);
    fs::remove_file(project.folder.path().join("requirements.txt")).unwrap();
    project.scan(&[]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_configuration_can_forbid_the_refresh() {
    let (server, project) = updated();
    project.age();
    let config = project.folder.path().join("seaworthy.yaml");
    let text = fs::read_to_string(&config).unwrap().replace(" }", ", refresh: never }");
    fs::write(&config, text).unwrap();
    assert_eq!(project.scan(&[]).status.code(), Some(1));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn the_proxy_of_the_environment_is_asked() {
    let proxy = Server::new();
    let project = Project::new(&proxy, "PyPI");
    let config = "advisories: { mirror: \"https://advisories.example/\", ecosystems: [PyPI] }\n";
    fs::write(project.folder.path().join("seaworthy.yaml"), config).unwrap();
    let mut command = project.command(&["db", "update", "--no-progress"]);
    let output = command.env("HTTPS_PROXY", format!("http://{}", proxy.address)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("the proxy refuses"), "{}", stderr(&output));
    assert_eq!(proxy.asked(), ["CONNECT advisories.example:443 HTTP/1.1"]);
}

#[test]
fn paths_are_sources_too() {
    let folder = tempfile::tempdir().unwrap();
    let Says::Body(bytes) = archive("PyPI", "PYSEC-2020-1") else { unreachable!() };
    fs::write(folder.path().join("all.zip"), bytes).unwrap();
    let project = Project { folder };
    let config = "advisories: { sources: [all.zip] }\n";
    fs::write(project.folder.path().join("seaworthy.yaml"), config).unwrap();
    fs::write(project.folder.path().join("requirements.txt"), "leaky==1.0.0\n").unwrap();
    let output = project.update();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(project.scan(&["--offline"]).status.code(), Some(1));
}

#[test]
fn sources_of_a_project_do_not_decide_what_others_are_audited_with() {
    let (_, project) = updated();
    fs::remove_file(project.folder.path().join("seaworthy.yaml")).unwrap();
    assert_eq!(project.scan(&["--offline"]).status.code(), Some(3));
    assert!(!Path::new(&project.folder.path().join("cache/seaworthy/advisories.idx")).exists());
}

#[test]
fn a_change_can_not_bring_its_own_sources() {
    let (server, own) = (Server::new(), Server::new());
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    let project = Project::new(&server, "PyPI");
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.invalid"]).args(arguments);
        assert!(
            git.current_dir(project.folder.path()).output().expect("git runs").status.success()
        );
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "a"]);
    let config = project.folder.path().join("seaworthy.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace(&server.address.to_string(), &own.address.to_string());
    fs::write(&config, text).unwrap();
    git(&["checkout", "-qb", "change"]);
    git(&["commit", "-qam", "b"]);
    project.scan(&["--base", "main"]);
    assert_eq!(server.asked().len(), 1);
    assert_eq!(own.asked(), [""; 0]);
}

#[test]
fn an_archive_that_names_a_package_of_another_ecosystem_is_not_all_that_is_known_of_that() {
    let server = Server::new();
    server.say("/osv/npm/all.zip", archive("PyPI", "GHSA-1"));
    let project = Project::new(&server, "npm");
    fs::write(project.folder.path().join("requirements.txt"), "other==1.0.0\n").unwrap();
    assert_eq!(project.update().status.code(), Some(0));
    let scan = project.scan(&["--offline"]);
    assert!(stdout(&scan).contains("knows nothing of PyPI"), "{}", stdout(&scan));
    server.say("/osv/PyPI/all.zip", archive("PyPI", "PYSEC-2020-1"));
    project.scan(&[]);
    assert_eq!(server.asked().last().map(String::as_str), Some("GET /osv/PyPI/all.zip HTTP/1.1"));
}
