//! What a run reads before it looks at anything: configuration, rules, advisories.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use globset::Glob;
use jiff::civil::Date;

use super::{Request, Surroundings, metadata, update};
use crate::{
    checks::{Context, licences, supply},
    config::{Config, FILE_NAME},
    engines::{code, secret::scanner::Scanner},
    judgement::Baseline,
    packages::{
        advisories::{self, Index},
        cargo_index::CargoIndex,
        licence::Policy,
        local::Caches,
    },
    rule::{
        Kind, Matcher, RuleId, RuleSet,
        load::{self, LoadedRule},
    },
    sources::Tree,
};

/// Everything that is read before the tree is looked at.
pub struct Inputs {
    /// The configuration.
    pub config: Config,
    /// The rules: ours and the user's.
    pub rules: RuleSet,
    /// Those of them that are looked for: without what the configuration disables.
    pub asked: RuleSet,
    /// Adopted findings.
    pub baseline: Option<Baseline>,
    /// The advisory database, or why there is none and what to do.
    pub advisories: Result<Index, String>,
    /// What is to be said of how they were refreshed.
    pub notices: Vec<String>,
    /// The day on which each source of the advisories was last asked, by its name.
    pub asked_sources: BTreeMap<String, Date>,
    /// Which licences packages may have; `None` if the project does not say.
    pub licences: Option<Policy>,
    /// Where files of packages may lie on this machine.
    pub caches: Caches,
    /// Key of the fingerprints of secrets.
    pub fingerprint_key: Option<String>,
    /// Cargo's cache of its registry's index, if the user may have one.
    pub cargo: Option<CargoIndex>,
}

impl Inputs {
    /// Reads the configuration and the user's rules from `tree`, which is the base's if there is one: a
    /// pull request can not weaken its own audit.
    pub fn read(
        request: &Request,
        tree: &Tree,
        surroundings: &Surroundings<'_>,
    ) -> anyhow::Result<Self> {
        let config = read_config(request, tree)?;
        supply::verify(&config.dependencies).map_err(|error| {
            anyhow::anyhow!("use `dependencies:` of the configuration: {error}")
        })?;
        let rules = read_rules(&config, tree)?;
        let disabled = config.disable.iter().map(|disable| named(&rules, &disable.rule));
        let disabled: Vec<Vec<RuleId>> = disabled.collect::<anyhow::Result<_>>()?;
        let asked = rules.without(&disabled.into_iter().flatten().collect());
        let baseline = request.baseline.as_deref().map(|path| read_baseline(path, request, tree));
        let baseline = baseline.transpose()?;
        let fingerprint_key = (surroundings.variable)("SEAWORTHY_FINGERPRINT_KEY");
        let advisories = open_advisories(request, &config, surroundings);
        let licences = licences::policy(&config.dependencies.licences);
        let licences = licences.map_err(|fault| {
            anyhow::anyhow!("use the configuration: `dependencies.licences`: {fault}")
        })?;
        let caches = Caches::of(&request.path, surroundings.variable);
        let mut inputs = Self {
            config,
            rules,
            asked,
            baseline,
            advisories,
            notices: Vec::new(),
            asked_sources: BTreeMap::new(),
            licences,
            caches,
            fingerprint_key,
            cargo: metadata::places::cargo_index(surroundings.variable),
        };
        inputs.date_sources(request, surroundings);
        Ok(inputs)
    }

    /// What the checks need of all this.
    pub fn context<'a>(
        &'a self,
        scanner: &'a Scanner,
        kinds: &'a BTreeSet<Kind>,
        is_excluded: &'a (dyn Fn(&str) -> bool + Sync),
    ) -> Context<'a> {
        Context {
            is_excluded,
            fingerprint_key: self.fingerprint_key.as_deref(),
            licences: self.licences.as_ref(),
            cargo: self.cargo.as_ref(),
            advisories: Some(self.advisories.as_ref().map_err(String::as_str)),
            markers: &self.config.honour_markers,
            max_file_size: self.config.max_file_size.bytes(),
            ..Context::new(&self.asked, scanner, kinds, &self.config.dependencies, &self.caches)
        }
    }
}

fn read_config(request: &Request, tree: &Tree) -> anyhow::Result<Config> {
    if let Some(path) = &request.config {
        let text = policy_text(path, request, tree)?;
        return Ok(Config::parse(&path.display().to_string(), &text)?);
    }
    match tree.find(FILE_NAME) {
        Some(entry) => Ok(Config::parse(FILE_NAME, tree.read(entry)?.text())?),
        None => Ok(Config::default()),
    }
}

/// Reads a file that policy comes from. With a base, one that lies in the audited folder is read as it is
/// there: the change under audit may not bring its own.
fn policy_text(path: &Path, request: &Request, tree: &Tree) -> anyhow::Result<String> {
    let context = || format!("read `{}`", path.display());
    if request.base.is_some()
        && let Some(inside) = inside(path, &request.path)
    {
        let entry = tree.find(&inside).with_context(|| {
            format!("{}: the base has no such file; name one outside of the folder", context())
        })?;
        return Ok(tree.read(entry)?.text().to_owned());
    }
    fs::read_to_string(path).with_context(context)
}

/// The path from `folder` of a file within it, with `/` between its parts.
pub(super) fn inside(path: &Path, folder: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let inside = path.strip_prefix(folder.canonicalize().ok()?).ok()?;
    Some(inside.to_string_lossy().replace('\\', "/"))
}

fn read_baseline(path: &Path, request: &Request, tree: &Tree) -> anyhow::Result<Baseline> {
    let text = policy_text(path, request, tree)?;
    let context = || format!("read `{}`", path.display());
    Baseline::parse(&text).map_err(anyhow::Error::msg).with_context(context)
}

/// The rules that a name of the configuration stands for.
pub(super) fn named(rules: &RuleSet, name: &str) -> anyhow::Result<Vec<RuleId>> {
    let found: Vec<_> = rules.find(name).iter().map(|rule| rule.id.clone()).collect();
    anyhow::ensure!(!found.is_empty(), "use the configuration: no rule is called `{name}`");
    Ok(found)
}

fn read_rules(config: &Config, tree: &Tree) -> anyhow::Result<RuleSet> {
    let mut rules = RuleSet::baked();
    for pattern in &config.rules {
        let glob = Glob::new(pattern).with_context(|| format!("use `rules: {pattern}`"))?;
        let glob = glob.compile_matcher();
        let named = tree.entries().iter().filter(|entry| glob.is_match(entry.path.as_str()));
        let named: Vec<_> = named.collect();
        anyhow::ensure!(!named.is_empty(), "use `rules: {pattern}`: no file has such a name");
        for entry in named {
            let path = entry.path.as_str();
            let loaded = load::load(path, tree.read(entry)?.text())?;
            for LoadedRule { rule, .. } in &loaded {
                if let Matcher::Code(patterns) = &rule.matcher {
                    let fault = |help| anyhow::anyhow!("use rule `{}` of {path}: {help}", rule.id);
                    code::verify(&rule.id, patterns).map_err(fault)?;
                }
            }
            rules.add(path, loaded)?;
        }
    }
    Ok(rules)
}

/// Opens the database of the command line, else that of the configuration, else that of the cache. Of a folder
/// all is read, so it is opened only for who asks about dependencies.
pub(super) fn open_advisories(
    request: &Request,
    config: &Config,
    surroundings: &Surroundings<'_>,
) -> Result<Index, String> {
    if !request.kinds.contains(&Kind::Dependency) {
        return Err("dependencies are not asked for".to_owned());
    }
    let open =
        |path: &Path| advisories::open(path, surroundings.today).map_err(|error| error.to_string());
    if let Some(path) = &request.advisory_db {
        return open(path);
    }
    if let Some(path) = &config.advisories.path {
        let folder = request.path.join(path);
        if request.base.is_some() && inside(&folder, &request.path).is_some() {
            return Err(
                "the change under audit could edit `advisories.path`: give --advisory-db PATH, \
                        outside of the folder"
                    .to_owned(),
            );
        }
        return open(&folder);
    }
    let advice =
        format!("no advisory database: give --advisory-db PATH or `advisories:` in {FILE_NAME}");
    let variable = surroundings.variable;
    let Some(cached) = update::place(&config.advisories, variable) else { return Err(advice) };
    // A checkout of one database there is what there was before there were indexes.
    let places = [cached.clone(), cached.with_file_name(update::CHECKOUT)];
    match places.iter().find(|place| place.exists()) {
        Some(place) => open(place),
        None => Err(format!("{advice}, or make {} with `seaworthy db update`", cached.display())),
    }
}

/// The folder in which the program keeps what it may lose, by the XDG base directory specification.
pub(super) fn cache_folder(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let cache = set("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.map(|cache| cache.join("seaworthy"))
}
