//! What registries say of packages: asked over loopback, kept for a day, read from cargo's index, or told as missing.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    thread,
    time::Duration,
};

use jiff::civil::{Date, date};
use seaworthy::{
    cli::Allow,
    report::{Report, Status},
    rule::Kind,
    run::{self, Request, Scope, Surroundings},
};

static NEVER: AtomicBool = AtomicBool::new(false);
const TODAY: Date = date(2026, 8, 31);

/// A registry on loopback. It ends with the process.
struct Registry {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    /// Answers each request by its head: a status with headers, and a body.
    fn new(answer: impl Fn(&str, usize) -> (String, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (notes, answer) = (Arc::clone(&seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (notes, answer) = (Arc::clone(&notes), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &notes, &*answer));
            }
        });
        Self { port, seen }
    }

    /// Answers with these bodies, by path.
    fn of(bodies: &[(&str, &str)]) -> Self {
        let bodies = bodies.iter().map(|(path, body)| ((*path).to_owned(), (*body).to_owned()));
        let bodies: BTreeMap<String, String> = bodies.collect();
        Self::new(move |head, _| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            match bodies.get(path) {
                Some(body) => ("200 OK".to_owned(), body.clone()),
                None => ("404 Not Found".to_owned(), String::new()),
            }
        })
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(
    mut stream: TcpStream,
    notes: &Mutex<Vec<String>>,
    answer: &(dyn Fn(&str, usize) -> (String, String) + Send + Sync),
) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let head = head.join("\n").to_lowercase();
    let count = {
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(head.clone());
        notes.len()
    };
    let (status, body) = answer(&head, count);
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    drop(stream.write_all(text.as_bytes()));
}

/// A project, and the user's own folders.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: tempfile::tempdir().expect("a folder") };
        for (path, text) in files {
            world.write(&format!("project/{path}"), text.as_bytes());
        }
        world
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn asks(&self, registry: &Registry) {
        let names = ["crates.io", "npm", "PyPI", "Go", "RubyGems", "Packagist", "NuGet"];
        let port = registry.port;
        let lines = names
            .map(|name| format!("    {name}: http://127.0.0.1:{port}/{}\n", name.to_lowercase()));
        let text = format!("dependencies:\n  registries:\n{}", lines.concat());
        self.write("project/seaworthy.yaml", text.as_bytes());
    }

    fn scan(&self, online_metadata: bool, today: Date) -> Report {
        let home = self.folder.path().display().to_string();
        let variable = move |name: &str| match name {
            "HOME" => Some(home.clone()),
            "XDG_CACHE_HOME" => Some(format!("{home}/cache")),
            "GOPRIVATE" => Some("corp.example".to_owned()),
            _ => None,
        };
        let surroundings =
            Surroundings { today, variable: &variable, interrupted: &NEVER, progress: &|_| {} };
        let request = request(&self.folder.path().join("project"), online_metadata);
        run::scan(&request, &surroundings).expect("it runs").report
    }
}

fn request(folder: &Path, online_metadata: bool) -> Request {
    Request {
        path: folder.to_owned(),
        target: None,
        base: None,
        scope: Scope::Tree,
        baseline: None,
        config: None,
        advisory_db: None,
        deadline: Duration::from_mins(1),
        kinds: [Kind::Dependency].into(),
        fail_on: None,
        strict: false,
        pedantic: false,
        allow: Allow::default(),
        login: None,
        verify: None,
        online_metadata,
        refresh: None,
    }
}

/// The messages of all findings, each behind the last part of its rule and its line.
fn told(report: &Report) -> Vec<String> {
    let shown = report.findings.iter().map(|judged| {
        let finding = &judged.finding;
        let at = finding.place.file().expect("a file");
        let rule = finding.rule.as_str().trim_start_matches("dependency/");
        format!("{} {}:{rule}: {}", at.path, at.span.start_line, finding.message.as_str())
    });
    shown.collect()
}

/// What this check left out, with whether that makes the run incomplete.
fn gaps(report: &Report) -> Vec<(String, bool)> {
    let gaps = report.gaps.iter().filter(|gap| !gap.reason.contains("advisory database"));
    gaps.map(|gap| (gap.reason.clone(), gap.incomplete)).collect()
}

fn outdated_control(report: &Report) -> Status {
    let mut rows = report.controls.iter();
    rows.find(|row| row.control.as_str() == "PERF-018").expect("the control is there").status
}

const CARGO: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"left\"]\n\n\
    [[package]]\nname = \"left\"\nversion = \"1.0.1\"\n\
    source = \"registry+https://github.com/rust-lang/crates.io-index\"\ndependencies = [\"deep\"]\n\n\
    [[package]]\nname = \"deep\"\nversion = \"0.1.0\"\n\
    source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
const LEFT: &str = concat!(
    r#"{"name":"left","vers":"1.0.0","yanked":false,"pubtime":"2024-01-01T00:00:00Z"}"#,
    "\n",
    r#"{"name":"left","vers":"1.0.1","yanked":true,"pubtime":"2024-02-01T00:00:00Z"}"#,
    "\n",
    r#"{"name":"left","vers":"1.0.2","yanked":false,"pubtime":"2024-03-01T00:00:00Z"}"#,
    "\n",
    r#"{"name":"left","vers":"3.0.0","yanked":false,"pubtime":"2026-05-01T00:00:00Z"}"#,
    "\n",
);
const DEEP: &str = "{\"name\":\"deep\",\"vers\":\"0.1.0\",\"yanked\":false}\n\
    {\"name\":\"deep\",\"vers\":\"9.0.0\",\"yanked\":false}\n";
const CRATES: &[(&str, &str)] = &[("/crates.io/le/ft/left", LEFT), ("/crates.io/de/ep/deep", DEEP)];

#[test]
fn a_crate_is_yanked_and_behind_and_only_what_the_project_chose_is_told_as_behind() {
    let registry = Registry::of(CRATES);
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&registry);
    let report = world.scan(true, TODAY);
    assert_eq!(
        told(&report),
        [
            "Cargo.lock 10:outdated: left is 1 major behind: 1.0.1, newest 3.0.0 of 2026-05-01, 820 days behind",
            "Cargo.lock 10:yanked: left 1.0.1 is yanked",
        ]
    );
    let fix = report.findings[1].finding.fix.as_ref().expect("a fix");
    assert_eq!(fix.command.as_deref(), Some("cargo update -p left@1.0.1 --precise 1.0.2"));
    assert_eq!((gaps(&report), outdated_control(&report)), (vec![], Status::Fail));
}

#[test]
fn packages_of_npm_are_deprecated() {
    let lock = r#"{"lockfileVersion": 3, "packages": {
        "": {"dependencies": {"@s/a": "1"}},
        "node_modules/@s/a": {"version": "1.0.0", "dependencies": {"b": "1"}},
        "node_modules/b": {"version": "1.0.0"}}}"#;
    let registry = Registry::of(&[
        (
            "/npm/@s%2fa",
            r#"{"dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {}, "2.0.0": {}}}"#,
        ),
        ("/npm/b", r#"{"versions": {"1.0.0": {"deprecated": "use c"}, "4.0.0": {}}}"#),
    ]);
    let world = World::new(&[("package-lock.json", lock)]);
    world.asks(&registry);
    assert_eq!(
        told(&world.scan(true, TODAY)),
        ["package-lock.json 4:deprecated: b 1.0.0 is deprecated: use c"]
    );
    let forms = registry.seen();
    let of = |path: &str| forms.iter().find(|head| head.contains(path)).expect("it was asked");
    // Of what others chose no days are needed.
    assert!(of("/npm/b").contains("install-v1+json") && !of("@s%2fa").contains("install-v1"));
}

#[test]
fn each_registry_is_asked_in_its_own_way() {
    let go = "module app.example/x\n\ngo 1.22\n\nrequire (\n\texample.org/Mod v1.1.0\n\tcorp.example/secret v1.0.0\n)\n";
    let ruby = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (2.0.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n";
    let php = r#"{"packages": [{"name": "a/b", "version": "v1.0.0", "notification-url": "https://packagist.org/downloads/"}],
        "packages-dev": []}"#;
    let dotnet = r#"{"version": 1, "dependencies": {"net8.0": {"A.B": {"type": "Direct", "requested": "[1.0.0, )", "resolved": "1.0.0", "contentHash": "x"}}}}"#;
    let world = World::new(&[
        ("requirements.txt", "Holy.Grail==1.0\n"),
        ("go.mod", go),
        ("Gemfile.lock", ruby),
        ("composer.lock", php),
        ("packages.lock.json", dotnet),
    ]);
    let page = "{\"items\": [{\"catalogEntry\": {\"version\": \"1.0.0\", \"listed\": false}}]}";
    let registry = Registry::new(move |head, _| {
        let host =
            head.split("host: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let index = format!("{{\"items\": [{{\"@id\": \"http://{host}/page\"}}]}}");
        let body = match head.split(' ').nth(1).unwrap_or_default() {
            "/pypi/holy-grail/" => {
                r#"{"files": [{"filename": "holy_grail-1.0.tar.gz", "yanked": "broken"}]}"#
            }
            "/go/example.org/!mod/@v/list" => "v1.0.0\nv1.1.0\nv1.2.0\n",
            "/go/example.org/!mod/@v/v1.2.0.mod" => {
                "module example.org/Mod\nretract v1.1.0 // leaks\n"
            }
            "/go/example.org/!mod/@v/v1.1.0.info" => {
                r#"{"Version": "v1.1.0", "Time": "2022-01-01T00:00:00Z"}"#
            }
            "/go/example.org/!mod/@v/v1.2.0.info" => {
                r#"{"Version": "v1.2.0", "Time": "2024-01-01T00:00:00Z"}"#
            }
            "/rubygems/rack.json" => r#"[{"number": "2.0.1"}]"#,
            "/packagist/a/b.json" => {
                r#"{"packages": {"a/b": [{"version": "v1.0.0", "abandoned": "c/d"}]}, "minified": "composer/2.0"}"#
            }
            "/nuget/a.b/index.json" => &index,
            "/page" => page,
            _ => return ("404 Not Found".to_owned(), String::new()),
        };
        ("200 OK".to_owned(), body.to_owned())
    });
    world.asks(&registry);
    let report = world.scan(true, TODAY);
    assert_eq!(
        told(&report),
        [
            "Gemfile.lock 4:yanked: rack 2.0.0 is no longer in the registry",
            "composer.lock 1:deprecated: a/b v1.0.0 is deprecated: use c/d",
            "go.mod 6:outdated: example.org/Mod is minor versions behind: 1.1.0, newest 1.2.0 of 2024-01-01, 730 days behind",
            "go.mod 6:yanked: example.org/Mod 1.1.0 is retracted: leaks",
            "packages.lock.json 1:yanked: A.B 1.0.0 is unlisted",
            "requirements.txt 1:yanked: Holy.Grail 1.0 is yanked: broken",
        ]
    );
    assert_eq!(
        gaps(&report),
        [("`corp.example/secret`: kept from public registries".to_owned(), false)]
    );
    assert!(!registry.seen().iter().any(|head| head.contains("corp.example")));
}

#[test]
fn what_is_known_of_today_is_not_asked_again_and_later_only_whether_it_changed() {
    let registry = Registry::new(|head, _| {
        if head.contains("if-none-match: \"one\"") {
            return ("304 Not Modified".to_owned(), String::new());
        }
        let body = if head.contains("left") { LEFT } else { DEEP };
        ("200 OK\r\netag: \"one\"".to_owned(), body.to_owned())
    });
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&registry);
    let first = told(&world.scan(true, TODAY));
    assert_eq!(registry.seen().len(), 2);
    assert_eq!(told(&world.scan(true, TODAY)), first);
    assert_eq!(registry.seen().len(), 2);
    assert_eq!(told(&world.scan(true, date(2026, 9, 1))), first);
    assert_eq!(registry.seen().len(), 4);
    assert_eq!(told(&world.scan(true, date(2026, 9, 1))), first);
    assert_eq!((registry.seen().len(), first.len()), (4, 2));
}

#[test]
fn a_damaged_cache_is_as_if_there_were_none() {
    let registry = Registry::of(CRATES);
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&registry);
    let first = told(&world.scan(true, TODAY));
    for file in fs::read_dir(world.folder.path().join("cache/seaworthy/registries")).unwrap() {
        fs::write(file.unwrap().path(), "{\"releases\": [").unwrap();
    }
    assert_eq!(told(&world.scan(true, TODAY)), first);
    assert_eq!(registry.seen().len(), 4);
}

#[test]
fn a_registry_that_asks_for_patience_is_asked_again_and_not_for_ever() {
    let patient = Registry::new(|head, count| match count {
        1 => ("429 Too Many Requests\r\nretry-after: 1".to_owned(), String::new()),
        _ => ("200 OK".to_owned(), if head.contains("left") { LEFT } else { DEEP }.to_owned()),
    });
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&patient);
    let report = world.scan(true, TODAY);
    assert_eq!((told(&report).len(), gaps(&report), patient.seen().len()), (2, vec![], 3));
    let busy = Registry::new(|_, _| {
        ("429 Too Many Requests\r\nretry-after: 3600".to_owned(), String::new())
    });
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&busy);
    let report = world.scan(true, TODAY);
    let reason = "`deep`, `left`: 127.0.0.1 asks for patience of 3600 seconds";
    assert_eq!(gaps(&report), [(reason.to_owned(), true)]);
}

#[test]
fn a_registry_that_is_not_reached_never_reads_as_up_to_date() {
    let unreachable = TcpListener::bind("127.0.0.1:0").map(|it| it.local_addr().unwrap().port());
    let gone = Registry { port: unreachable.unwrap(), seen: Arc::default() };
    let failing = Registry::new(|_, _| ("500 Oh".to_owned(), String::new()));
    let other = Registry::new(|_, _| ("200 OK".to_owned(), "<html>Sign in</html>".to_owned()));
    let unknown = Registry::of(&[]);
    for (registry, reason) in [
        (gone, "was not reached"),
        (failing, "answers 500"),
        (other, "could not be read"),
        (unknown, "knows no such package"),
    ] {
        let world = World::new(&[("Cargo.lock", CARGO)]);
        world.asks(&registry);
        let report = world.scan(true, TODAY);
        let gaps = gaps(&report);
        assert!(gaps.len() == 1 && gaps[0].0.contains(reason) && gaps[0].1, "{gaps:?}");
        assert_eq!(outdated_control(&report), Status::NotAssessed);
    }
}

#[test]
fn nobody_is_asked_without_being_told_to() {
    let registry = Registry::of(CRATES);
    let world = World::new(&[("Cargo.lock", CARGO)]);
    world.asks(&registry);
    let report = world.scan(false, TODAY);
    assert_eq!((told(&report).len(), registry.seen().len()), (0, 0));
    assert_eq!(gaps(&report).len(), 2);
    assert!(gaps(&report).iter().all(|(_, incomplete)| !incomplete));
    assert_eq!(outdated_control(&report), Status::NotAssessed);
}

#[test]
fn offline_and_asking_registries_exclude_each_other() {
    let scan = ["scan", "--offline", "--online-metadata"];
    let output = Command::new(env!("CARGO_BIN_EXE_seaworthy")).args(scan).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// A file of cargo's cache of its index.
fn cached(lines: &str) -> Vec<u8> {
    let mut bytes = vec![3, 2, 0, 0, 0];
    bytes.extend(b"etag: \"x\"\0");
    for line in lines.lines() {
        let version = line.split("\"vers\":\"").nth(1).and_then(|rest| rest.split('"').next());
        bytes.extend([version.unwrap_or_default(), "\0", line, "\0"].concat().into_bytes());
    }
    bytes
}

#[test]
fn what_is_yanked_is_known_from_the_index_on_this_machine() {
    let world = World::new(&[("Cargo.lock", CARGO)]);
    let folder = ".cargo/registry/index/github.com-1ecc6299db9ec823/.cache";
    world.write(&format!("{folder}/le/ft/left"), &cached(LEFT));
    let report = world.scan(false, TODAY);
    assert_eq!(told(&report), ["Cargo.lock 10:yanked: left 1.0.1 is yanked"]);
    let finding = &report.findings[0].finding;
    assert!(finding.evidence[0].text.as_str().starts_with("cargo's index on this machine, of 20"));
    let command = finding.fix.as_ref().and_then(|fix| fix.command.as_deref());
    assert_eq!(command, Some("cargo update -p left@1.0.1 --precise 1.0.2"));
    let reasons = gaps(&report);
    assert!(
        reasons.contains(&("not in cargo's index on this machine: `deep`".to_owned(), false)),
        "{reasons:?}"
    );
}

#[test]
fn the_user_says_where_crates_are_and_the_audited_tree_does_not() {
    let (user, tree) =
        (Registry::of(&[("/le/ft/left", LEFT), ("/de/ep/deep", DEEP)]), Registry::of(&[]));
    let config = |registry: &Registry| {
        format!(
            "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+http://127.0.0.1:{}/\"\n",
            registry.port
        )
    };
    let world = World::new(&[("Cargo.lock", CARGO), (".cargo/config.toml", &config(&tree))]);
    world.write(".cargo/config.toml", config(&user).as_bytes());
    assert_eq!(told(&world.scan(true, TODAY)).len(), 2);
    assert_eq!((user.seen().len(), tree.seen().len()), (2, 0));
}
