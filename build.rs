//! Checks the rules under `rules/` and bakes them into the binary.
//!
//! Each rule is baked as its own piece of JSON, so that a run decodes only the rules it needs and
//! start-up does not grow with their number. Examples are baked apart: only `seaworthy rules` and the
//! tests read them.

#![expect(
    unreachable_pub,
    unnameable_types,
    reason = "the rule types are public in the library, whose files are compiled here a second time"
)]

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

#[path = "src/rule/budget.rs"]
mod budget;
#[expect(dead_code, reason = "the build script reads rules and judges nothing")]
#[path = "src/rule/control.rs"]
mod control;
#[expect(dead_code, reason = "the build script reads rules and judges nothing")]
#[path = "src/rule/definition.rs"]
mod definition;
#[path = "src/rule/load.rs"]
mod load;
#[expect(dead_code, reason = "the build script reads rules and judges nothing")]
#[path = "src/rule/matcher.rs"]
mod matcher;
#[path = "src/rule/probe.rs"]
mod probe;
#[path = "src/rule/repair.rs"]
mod repair;
#[path = "src/rule/verify.rs"]
mod verify;

use control::{Control, ControlId};
use definition::Matcher;
use load::{LoadedRule, load};

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match bake() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error=cannot bake the rules: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bake() -> Result<(), Failure> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("find OUT_DIR: run by cargo")?);
    let controls = controls()?;
    let mut rules = BTreeMap::new();
    for path in rule_files(Path::new("rules"))? {
        for loaded in load(&path.display().to_string(), &fs::read_to_string(&path)?)? {
            for control in loaded.rule.controls() {
                if !controls.iter().any(|known| known.id == *control) {
                    return Err(format!("use {}: no control {control}", loaded.rule.id).into());
                }
            }
            let id = loaded.rule.id.as_str().to_owned();
            let place = format!("{}:{}", path.display(), loaded.line);
            if rules.insert(id.clone(), loaded).is_some() {
                return Err(format!("use {place}: rule `{id}` stands twice").into());
            }
        }
    }
    let budgets = budgets(&rules)?;
    fs::write(out.join("rules.rs"), table(rules.values(), &controls, &budgets)?)?;
    println!("cargo::rerun-if-changed=fixtures/shop");
    fs::write(out.join("shop.rs"), shop()?)?;
    Ok(())
}

/// The practice shop's twin as tables of paths and texts, without the marks that break its secrets.
fn shop() -> Result<String, Failure> {
    let mut tables = String::new();
    for name in ["vulnerable", "repaired", "advisories"] {
        let root = Path::new("fixtures/shop").join(name);
        let mut files = Vec::new();
        all_files(&root, &mut files)?;
        files.sort();
        writeln!(tables, "static {}: &[(&str, &str)] = &[", name.to_uppercase())?;
        for file in files {
            let path = file.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&file)?.replace(load::BREAK, "");
            writeln!(tables, "    ({path:?}, {text:?}),")?;
        }
        writeln!(tables, "];")?;
    }
    Ok(tables)
}

fn all_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { all_files(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

fn rule_files(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root)? {
        let folder = entry?.path();
        if folder.is_dir() {
            for entry in fs::read_dir(&folder)? {
                files.push(entry?.path());
            }
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Ok(files)
}

#[derive(serde::Deserialize)]
struct Controls {
    controls: Vec<Control>,
}

fn controls() -> Result<Vec<Control>, Failure> {
    let text = fs::read_to_string("rules/controls.yaml")?;
    Ok(serde_saphyr::from_str::<Controls>(&text)?.controls)
}

#[derive(serde::Deserialize)]
struct Budgets {
    budgets: Vec<budget::Budget>,
}

fn budgets(rules: &BTreeMap<String, LoadedRule>) -> Result<Vec<budget::Budget>, Failure> {
    let text = fs::read_to_string("rules/budgets.yaml")?;
    let budgets = serde_saphyr::from_str::<Budgets>(&text)?.budgets;
    for budget in &budgets {
        if !rules.contains_key(budget.rule.as_str()) {
            return Err(format!("use rules/budgets.yaml: no rule `{}`", budget.rule).into());
        }
    }
    Ok(budgets)
}

fn table<'a>(
    rules: impl Iterator<Item = &'a LoadedRule>,
    controls: &[Control],
    budgets: &[budget::Budget],
) -> Result<String, Failure> {
    let mut slots = String::new();
    let mut examples = String::new();
    for loaded in rules {
        let rule = &loaded.rule;
        let json = serde_json::to_string(rule)?;
        let reads = rule.matcher.reads();
        let controls: Vec<_> = rule.controls().map(ControlId::as_str).collect();
        let (engine, keywords, ignore_case) = match &rule.matcher {
            Matcher::Secret(secret) => ("Secret", secret.keywords.clone(), secret.ignore_case),
            Matcher::Code(_) => ("Code", Vec::new(), false),
            Matcher::Document(_) => ("Document", Vec::new(), false),
            Matcher::Probe(_) => ("Probe", Vec::new(), false),
            Matcher::Builtin(_) => ("Builtin", Vec::new(), false),
        };
        writeln!(
            slots,
            "    Baked {{ id: {:?}, engine: Engine::{engine}, keywords: &{keywords:?}, ignore_case: {ignore_case}, reads: &{reads:?}, controls: &{controls:?}, json: {json:?} }},",
            rule.id.as_str()
        )?;
        let json = serde_json::to_string(&(&loaded.bad, &loaded.good))?;
        writeln!(examples, "    ({:?}, {json:?}),", rule.id.as_str())?;
    }
    let controls = serde_json::to_string(controls)?;
    let budgets = serde_json::to_string(budgets)?;
    Ok(format!(
        "static BAKED: &[Baked] = &[\n{slots}];\n\
         static EXAMPLES: &[(&str, &str)] = &[\n{examples}];\n\
         static CONTROLS: &str = {controls:?};\n\
         static BUDGETS: &str = {budgets:?};\n"
    ))
}
