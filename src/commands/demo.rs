//! `seaworthy demo`: audits the bundled practice shop, its source and a running copy on loopback.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use serde_json::json;

use super::{output, progress::Progress};
use crate::{
    cli::Demo,
    deadline::Deadline,
    demo::{self, Defect, RunningShop, Switches, source},
    finding::Secret,
    live::{Login, LoginBody},
    rule::Kind,
    run::{self, Inputs, Request, Scope, Source, Surroundings},
    sources::{MemoryTree, Tree},
};

/// The time that the demonstration may take.
const LIMIT: Duration = Duration::from_mins(5);

/// Audits the shop, or only serves it; returns the exit code.
pub fn run(options: &Demo) -> anyhow::Result<u8> {
    let interrupted = super::listen_for_interrupt();
    // A shop that calls itself unhealthy is not audited: that defect is for a scan of its own.
    let switches = if options.repaired {
        Switches::repaired()
    } else {
        Switches::vulnerable().without(Defect::Unhealthy)
    };
    let shop = demo::start(switches).context("start the practice shop")?;
    if options.serve {
        return serve(&shop, interrupted);
    }
    let progress = Progress::new(options.output.no_progress);
    let tell = |stage| progress.show(&stage);
    let surroundings =
        Surroundings { today: super::today(), variable: &|_| None, interrupted, progress: &tell };
    run::start_threads(None)?;
    let advisories = Unpacked::new().context("unpack the shop's advisories")?;
    let request = request(options, &shop, &advisories.folder);
    let tree = Tree::Memory(MemoryTree::new(source::tree(options.repaired)));
    let inputs = Inputs::read(&request, &tree, &surroundings)?;
    let source = Source { tree: &tree, repository: None, base: None };
    let deadline = Deadline::after(LIMIT, interrupted);
    let report = run::audit(&source, &inputs, &request, &surroundings, &deadline)?;
    drop(progress);
    output::deliver(&report, &options.output, super::has_no_colour())?;
    Ok(report.exit_code())
}

fn serve(shop: &RunningShop, interrupted: &AtomicBool) -> anyhow::Result<u8> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "the practice shop answers at {}", shop.url())?;
    for (who, credentials) in [("customer", &shop.customer), ("administrator", &shop.administrator)]
    {
        writeln!(stdout, "  {who}: {} / {}", credentials.username, credentials.password)?;
    }
    writeln!(stdout, "Ctrl-C ends it")?;
    stdout.flush()?;
    while !interrupted.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(100));
    }
    Ok(0)
}

fn request(options: &Demo, shop: &RunningShop, advisories: &Path) -> Request {
    let name = if options.repaired { "practice shop, repaired" } else { "practice shop" };
    Request {
        path: PathBuf::from(name),
        target: Some(shop.url()),
        base: None,
        scope: Scope::Tree,
        baseline: None,
        config: None,
        advisory_db: Some(advisories.to_path_buf()),
        refresh: None,
        deadline: LIMIT,
        kinds: Kind::ALL.into_iter().collect(),
        fail_on: options.output.fail_on,
        strict: options.output.strict,
        pedantic: options.output.pedantic,
        allow: options.allow,
        login: Some(login(shop)),
        verify: None,
        online_metadata: false,
    }
}

fn login(shop: &RunningShop) -> Login {
    let secret = |text: &str| Secret::new(text.as_bytes());
    Login {
        method: "POST".to_owned(),
        path: "/login".to_owned(),
        body: LoginBody::Json(json!({
            "username": "{{ username }}",
            "password": "{{ password }}",
        })),
        token: Some("/access_token".to_owned()),
        username: secret(&shop.customer.username),
        password: secret(&shop.customer.password),
    }
}

/// The shop's advisories in a folder that goes when this does.
struct Unpacked {
    folder: PathBuf,
}

impl Unpacked {
    fn new() -> io::Result<Self> {
        let name = format!("seaworthy-demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // Not over what is there: a folder of this name is somebody else's.
        fs::create_dir(&folder)?;
        let unpacked = Self { folder };
        for (path, bytes) in source::advisories() {
            let file = unpacked.folder.join(path);
            file.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(file, bytes)?;
        }
        Ok(unpacked)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        // What can not be removed is left to the system's own cleaning.
        drop(fs::remove_dir_all(&self.folder));
    }
}
