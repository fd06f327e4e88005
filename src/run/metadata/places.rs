//! Where registries are: the public ones, or what the user's own configuration puts in their place.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use anyhow::Context as _;
use globset::{GlobBuilder, GlobMatcher};
use url::Url;

use crate::{
    config::DependencyConfig,
    fetch::Address,
    packages::{Ecosystem, cargo_index::CargoIndex, registry::ASKED},
    sources::toml::Document,
};

/// Larger configurations of tools are not read.
const LARGEST: u64 = 1 << 20;
/// Registries that replace each other, one after the other.
const LONGEST_CHAIN: usize = 8;
/// Where each public registry answers. That of npm is what the user's configuration of npm names.
const PUBLIC: &[(Ecosystem, &str)] = &[
    (Ecosystem::CratesIo, concat!("https://index.", "crates.io")),
    (Ecosystem::PyPi, "https://pypi.org/simple"),
    (Ecosystem::Go, "https://proxy.golang.org"),
    (Ecosystem::RubyGems, "https://rubygems.org/api/v1/versions"),
    (Ecosystem::Packagist, "https://repo.packagist.org/p2"),
    (Ecosystem::NuGet, "https://api.nuget.org/v3/registration5-semver1"),
];

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where each registry is asked, or why it is not.
pub(super) struct Places {
    known: BTreeMap<Ecosystem, Result<Address, String>>,
    /// Modules of Go whose names are nobody's business, each with the number of its parts.
    private: Vec<(usize, GlobMatcher)>,
}

impl Places {
    /// Reads them: from `dependencies.registries`, else from the user's configuration of cargo and npm. Nothing of
    /// the audited tree is obeyed but `seaworthy.yaml`.
    pub(super) fn new(config: &DependencyConfig, variable: Variable<'_>) -> anyhow::Result<Self> {
        let mut known = BTreeMap::new();
        for (name, address) in &config.registries {
            let ecosystem = Ecosystem::of_name(name).filter(|it| ASKED.contains(it));
            let ecosystem = ecosystem.with_context(|| {
                let names: Vec<&str> = ASKED.iter().map(|it| it.name()).collect();
                format!("use `dependencies.registries`: `{name}` is none of {}", names.join(", "))
            })?;
            let address = address.strip_prefix("sparse+").unwrap_or(address);
            let address = Address::parse(address).context("use `dependencies.registries`")?;
            known.insert(ecosystem, Ok(address));
        }
        for ecosystem in ASKED {
            known.entry(ecosystem).or_insert_with(|| usual(ecosystem, variable));
        }
        let private = variable("GONOPROXY").or_else(|| variable("GOPRIVATE")).unwrap_or_default();
        Ok(Self { known, private: private.split(',').filter_map(pattern).collect() })
    }

    /// The address of an ecosystem's registry, or why there is none.
    pub(super) fn of(&self, ecosystem: Ecosystem) -> Result<&Address, String> {
        match self.known.get(&ecosystem) {
            Some(Ok(address)) => Ok(address),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(format!("registries of {ecosystem} can not be asked")),
        }
    }

    /// The hosts that are asked about packages of these ecosystems.
    pub(super) fn hosts(&self, ecosystems: impl Iterator<Item = Ecosystem>) -> String {
        let hosts = ecosystems.filter_map(|ecosystem| match self.known.get(&ecosystem) {
            Some(Ok(Address::Web(url))) => url.host_str(),
            _ => None,
        });
        hosts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    }

    /// Whether the user keeps the name of a module of Go from proxies.
    pub(super) fn is_private(&self, module: &str) -> bool {
        self.private.iter().any(|(parts, glob)| {
            let ends = module.match_indices('/').map(|(at, _)| at).chain([module.len()]);
            ends.skip(parts - 1).take(1).any(|end| glob.is_match(&module[..end]))
        })
    }
}

/// One pattern of `GOPRIVATE`: it covers what lies below, too.
fn pattern(text: &str) -> Option<(usize, GlobMatcher)> {
    let text = text.trim().trim_end_matches('/');
    let glob = GlobBuilder::new(text).literal_separator(true).build().ok()?;
    (!text.is_empty()).then(|| (text.split('/').count(), glob.compile_matcher()))
}

fn usual(ecosystem: Ecosystem, variable: Variable<'_>) -> Result<Address, String> {
    let named = match ecosystem {
        Ecosystem::CratesIo => cargo_mirror(variable)?,
        Ecosystem::Npm => npm_registry(variable),
        _ => None,
    };
    let public = PUBLIC.iter().find(|(known, _)| *known == ecosystem);
    let text = named.or_else(|| public.map(|(_, address)| (*address).to_owned()));
    let missing =
        || format!("no address of {ecosystem}'s registry: name it in `dependencies.registries`");
    Address::parse(&text.ok_or_else(missing)?).map_err(|error| error.to_string())
}

fn home(variable: Variable<'_>) -> Option<PathBuf> {
    variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

fn cargo_home(variable: Variable<'_>) -> Option<PathBuf> {
    let named = variable("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    named.or_else(|| home(variable).map(|home| home.join(".cargo")))
}

/// What cargo keeps of the index on this machine.
pub(in crate::run) fn cargo_index(variable: Variable<'_>) -> Option<CargoIndex> {
    let mirror = cargo_mirror(variable).ok()?;
    let host = mirror.map(|text| Url::parse(&text).ok()?.host_str().map(str::to_owned));
    match host {
        Some(None) => None,
        Some(Some(host)) => CargoIndex::find(&cargo_home(variable)?, Some(&host)),
        None => CargoIndex::find(&cargo_home(variable)?, None),
    }
}

/// What the user's configuration of cargo puts in the place of the default registry, if anything.
fn cargo_mirror(variable: Variable<'_>) -> Result<Option<String>, String> {
    let Some(home) = cargo_home(variable) else { return Ok(None) };
    let text = ["config.toml", "config"].iter().find_map(|name| read(home.join(name)));
    let Some(text) = text else { return Ok(None) };
    let document = Document::read(&text).map_err(|error| {
        format!("the configuration of cargo could not be read: {}", error.message)
    })?;
    let mut name = "crates-io".to_owned();
    for _ in 0..LONGEST_CHAIN {
        let Some(next) = value(&document, &["source", &name, "replace-with"]) else { break };
        name = next;
    }
    if name == "crates-io" {
        return Ok(None);
    }
    let address = value(&document, &["source", &name, "registry"])
        .or_else(|| value(&document, &["registries", &name, "index"]));
    match address.as_deref().and_then(|address| address.strip_prefix("sparse+")) {
        Some(address) => Ok(Some(address.to_owned())),
        None => {
            Err(format!("cargo's source `{name}` is no sparse registry, which alone can be asked"))
        }
    }
}

/// The string at this path, whatever part of it the header of its table is.
fn value(document: &Document<'_>, path: &[&str]) -> Option<String> {
    document.tables.iter().find_map(|table| {
        let found = table.values.iter().find(|value| {
            let full = table.name.iter().chain(value.key.iter()).map(|part| &**part);
            value.is_string && full.eq(path.iter().copied())
        });
        found.map(|value| value.text.to_string())
    })
}

/// The registry that the user's own configuration of npm names. Nothing else of it is looked at: it holds tokens.
fn npm_registry(variable: Variable<'_>) -> Option<String> {
    let named = ["npm_config_registry", "NPM_CONFIG_REGISTRY"].into_iter().find_map(variable);
    named.filter(|address| !address.is_empty()).or_else(|| {
        let text = read(home(variable)?.join(".npmrc"))?;
        let lines = text.lines().filter_map(|line| line.split_once('='));
        let (_, address) = lines.into_iter().find(|(key, _)| key.trim() == "registry")?;
        Some(address.trim().trim_matches('"').to_owned())
    })
}

fn read(path: PathBuf) -> Option<String> {
    let size = fs::metadata(&path).ok()?.len();
    if size > LARGEST { None } else { fs::read_to_string(path).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Places {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Places::new(&DependencyConfig::default(), &variable).unwrap()
    }

    fn with_cargo_config(text: &str) -> Result<String, String> {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("config.toml"), text).unwrap();
        let places = places(&[("CARGO_HOME", &home.path().display().to_string())]);
        places.of(Ecosystem::CratesIo).map(ToString::to_string)
    }

    #[test]
    fn cargo_itself_says_where_its_index_is() {
        let replaced = "[source.crates-io]\nreplace-with = 'a'\n[source.a]\nreplace-with = \"b\"\n";
        let sparse = format!("{replaced}source.b.registry = 'sparse+https://x.example/index/'\n");
        let sparse = sparse.replace("source.b", "[source.b]\n").replace("\n.reg", "\nreg");
        assert_eq!(with_cargo_config(&sparse), Ok("https://x.example/index/".to_owned()));
        let named = format!("{replaced}[registries.b]\nindex = 'sparse+https://y.example'\n");
        assert_eq!(with_cargo_config(&named), Ok("https://y.example/".to_owned()));
        let folder = format!("{replaced}[source.b]\ndirectory = 'vendor'\n");
        assert!(with_cargo_config(&folder).unwrap_err().contains("`b`"));
        assert_eq!(
            with_cargo_config("[build]\njobs = 2\n"),
            Ok(concat!("https://index.", "crates.io/").to_owned())
        );
        let circle = "[source.crates-io]\nreplace-with = 'a'\n[source.a]\nreplace-with = 'a'\n";
        assert!(with_cargo_config(circle).is_err());
    }

    #[test]
    fn npm_is_asked_where_the_user_asks_it() {
        assert!(places(&[]).of(Ecosystem::Npm).unwrap_err().contains("dependencies.registries"));
        let home = tempfile::tempdir().unwrap();
        fs::write(
            home.path().join(".npmrc"),
            "//x/:_authToken=t\nregistry = https://x.example/npm\n",
        )
        .unwrap();
        let places = places(&[("HOME", &home.path().display().to_string())]);
        assert_eq!(places.of(Ecosystem::Npm).unwrap().to_string(), "https://x.example/npm");
    }

    #[test]
    fn private_modules_are_private() {
        let places = places(&[("GOPRIVATE", "*.corp.example, github.com/acme/,")]);
        for module in ["git.corp.example/x", "github.com/acme", "github.com/acme/a/b"] {
            assert!(places.is_private(module), "{module}");
        }
        for module in ["github.com/acmes", "github.com", "corp.example/x"] {
            assert!(!places.is_private(module), "{module}");
        }
    }

    #[test]
    fn an_unknown_ecosystem_is_an_error() {
        let registries = [("crates".to_owned(), "https://x.example".to_owned())].into();
        let config = DependencyConfig { registries, ..DependencyConfig::default() };
        assert!(Places::new(&config, &|_| None).is_err());
    }
}
