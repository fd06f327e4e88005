//! How each registry is asked about a package.

use super::{Wanted, cache::Cache, pace::Line};
use crate::{
    fetch::{Address, Validators},
    packages::{
        Ecosystem,
        lockfile::Fault,
        registry::{Listing, Release, cargo, composer, go, npm, nuget, python, ruby},
        version::Version,
    },
};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain, application/json;q=0.9";
/// Without days and descriptions, and so a tenth of the size.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";
/// Pages of one package of `NuGet` that are read, each of 64 versions.
const MOST_PAGES: usize = 64;

/// One package.
pub(super) struct Question<'a> {
    pub(super) place: &'a Address,
    pub(super) name: &'a str,
    pub(super) wanted: &'a Wanted,
    pub(super) line: &'a Line<'a>,
    pub(super) cache: Option<&'a Cache>,
}

impl Question<'_> {
    /// Asks, or takes what is known of today.
    pub(super) fn ask(&self, ecosystem: Ecosystem) -> Result<Listing, String> {
        let name = self.name;
        match ecosystem {
            Ecosystem::CratesIo => self.one(cargo::path(name), TEXT, cargo::read),
            Ecosystem::Npm => {
                let accept = if self.wanted.is_direct { JSON } else { ABBREVIATED };
                let name = npm::is_name(name).then_some(name).ok_or_else(no_name)?;
                self.at(&self.place.join(&[name]), accept, npm::read)
            }
            Ecosystem::PyPi => {
                self.one(python::path(name), python::ACCEPT, |text| python::read(name, text))
            }
            Ecosystem::RubyGems => self.one(ruby::path(name), JSON, ruby::read),
            Ecosystem::Packagist => self.one(composer::path(name), JSON, composer::read),
            Ecosystem::NuGet => self.several(nuget::path(name), |first| self.pages(first)),
            Ecosystem::Go => self.several(go::path(name), |module| self.module(module)),
            _ => Err(format!("registries of {ecosystem} can not be asked")),
        }
    }

    /// A registry that says all in one answer.
    fn one(
        &self,
        path: Option<String>,
        accept: &str,
        read: impl Fn(&str) -> Result<Listing, Fault>,
    ) -> Result<Listing, String> {
        let path = path.ok_or_else(no_name)?;
        self.at(&below(self.place, &path), accept, read)
    }

    fn at(
        &self,
        address: &Address,
        accept: &str,
        read: impl Fn(&str) -> Result<Listing, Fault>,
    ) -> Result<Listing, String> {
        let kept = self.cache.and_then(|cache| cache.find(address, accept));
        let (old, validators) = match kept {
            Some(kept) if kept.is_fresh => return Ok(kept.listing),
            Some(kept) => (kept.listing, kept.validators),
            None => (Listing::default(), Validators::default()),
        };
        let (listing, validators) = match self.line.ask(address, accept, &validators)? {
            Some((text, validators)) => {
                (read(&text).map_err(|fault| unreadable(&fault))?, validators)
            }
            None => (old, validators),
        };
        if let Some(cache) = self.cache {
            cache.keep(address, accept, &listing, &validators);
        }
        Ok(listing)
    }

    /// A registry that is to be asked more than once about a package: kept for the day, then asked anew.
    fn several(
        &self,
        path: Option<String>,
        ask: impl Fn(&Address) -> Result<Listing, String>,
    ) -> Result<Listing, String> {
        let address = below(self.place, &path.ok_or_else(no_name)?);
        // What is asked for depends on the versions that are in use.
        let versions: Vec<&str> = self.wanted.versions.iter().map(String::as_str).collect();
        let versions = versions.join(" ");
        let kept = self.cache.and_then(|cache| cache.find(&address, &versions));
        if let Some(kept) = kept.filter(|kept| kept.is_fresh) {
            return Ok(kept.listing);
        }
        let listing = ask(&address)?;
        if let Some(cache) = self.cache {
            cache.keep(&address, &versions, &listing, &Validators::default());
        }
        Ok(listing)
    }

    fn text(&self, address: &Address, accept: &str) -> Result<String, String> {
        let answer = self.line.ask(address, accept, &Validators::default())?;
        answer.map(|(text, _)| text).ok_or_else(|| "nothing was answered".to_owned())
    }

    /// The index of a package of `NuGet`, and its pages that stand elsewhere on the same host.
    fn pages(&self, first: &Address) -> Result<Listing, String> {
        let nuget::Registration { mut listing, pages } =
            nuget::read(&self.text(first, JSON)?).map_err(|fault| unreadable(&fault))?;
        if pages.len() > MOST_PAGES {
            return Err(format!("the registry has {} pages about one package", pages.len()));
        }
        for page in &pages {
            let address = Address::parse(page).map_err(|error| error.to_string())?;
            let is_near = match (&address, first) {
                (Address::Web(page), Address::Web(first)) => page.origin() == first.origin(),
                _ => false,
            };
            if !is_near {
                return Err("the registry points to another host".to_owned());
            }
            let page =
                nuget::read(&self.text(&address, JSON)?).map_err(|fault| unreadable(&fault))?;
            listing.releases.extend(page.listing.releases);
        }
        Ok(listing)
    }

    /// A module of Go: its versions, what the newest one takes back, and, where days count, those.
    fn module(&self, module: &Address) -> Result<Listing, String> {
        let versions = module.join(&["@v"]);
        let mut listing = go::read(&self.text(&versions.join(&["list"]), TEXT)?)
            .map_err(|fault| unreadable(&fault))?;
        let parsed = listing.releases.iter().filter_map(|release| {
            Some((Version::parse(Ecosystem::Go, &release.version)?, release))
        });
        // Releases come before pre-releases here, as the go command looks for retractions.
        let newest = parsed.max_by(|(one, _), (other, _)| {
            other.is_prerelease().cmp(&one.is_prerelease()).then_with(|| one.cmp(other))
        });
        let Some(newest) = newest.map(|(_, release)| release.version.clone()) else {
            // Only pseudo-versions are in use.
            return Ok(listing);
        };
        let path = go::version_path(&newest).ok_or_else(no_name)?;
        let text = self.text(&versions.join(&[&format!("{path}.mod")]), TEXT)?;
        go::take_back(&mut listing, &text);
        if self.wanted.is_direct {
            let used = self.wanted.versions.iter().map(String::as_str);
            for version in used.chain([newest.as_str()]) {
                self.date(&versions, version, &mut listing)?;
            }
        }
        Ok(listing)
    }

    fn date(&self, versions: &Address, version: &str, to: &mut Listing) -> Result<(), String> {
        let Some(path) = go::version_path(version) else { return Ok(()) };
        let text = self.text(&versions.join(&[&format!("{path}.info")]), JSON)?;
        let told: Release = go::release(&text).map_err(|fault| unreadable(&fault))?;
        match to.releases.iter_mut().find(|release| release.version == version) {
            Some(known) => known.published = told.published,
            None => to.releases.push(Release { version: version.to_owned(), ..told }),
        }
        Ok(())
    }
}

fn below(place: &Address, path: &str) -> Address {
    place.join(&path.split('/').collect::<Vec<_>>())
}

fn no_name() -> String {
    "no name that its registry could know".to_owned()
}

fn unreadable(fault: &Fault) -> String {
    format!("its registry's answer could not be read: {}", fault.reason)
}
