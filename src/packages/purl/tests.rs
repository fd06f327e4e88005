//! Package URLs: the specification's examples, and texts of every kind.

use proptest::prelude::*;

use super::*;

/// Examples of the specification that are written as they are read.
const CANONICAL: &[&str] = &[
    "pkg:bitbucket/birkenfeld/pygments-main@244fd47e07d1014f0aed9c",
    "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie",
    "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64",
    "pkg:gem/ruby-advisory-db-check@0.12.4",
    "pkg:gem/jruby-launcher@1.1.2?platform=java",
    "pkg:github/package-url/purl-spec@244fd47e07d1004f0aed9c",
    "pkg:golang/google.golang.org/genproto#googleapis/api/annotations",
    "pkg:golang/github.com/gorilla/context@234fd47e07d1004f0aed9c#api",
    "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?packaging=sources",
    "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?classifier=sources&repository_url=https://repo.spring.io/release",
    "pkg:npm/foobar@12.3.1",
    "pkg:npm/%40angular/animation@12.3.1",
    "pkg:npm/mypackage@12.4.5?vcs_url=git://host.com/path/to/repo.git%404345abcd34343",
    "pkg:npm/foo@1.0.0#src/%F0%9F%98%83/file.js",
    "pkg:nuget/EnterpriseLibrary.Common@6.0.1304",
    "pkg:pypi/django@1.11.1?filename=Django-1.11.1-py2.py3-none-any.whl",
    "pkg:rpm/fedora/curl@7.50.3-1.fc25?arch=i386&distro=fedora-25",
    "pkg:apk/alpine/curl@7.83.0-r0?arch=x86",
    "pkg:composer/laravel/laravel@5.5.0",
    "pkg:conan/openssl.org/openssl@3.0.3?channel=stable&user=bincrafters",
    "pkg:cran/rJava@1.0-4",
    "pkg:docker/customer/dockerimage@sha256:244fd47e07d10?repository_url=gcr.io",
    "pkg:generic/openssl@1.1.10g?checksum=sha1:ad9503c3e994a4f%2Csha256:41bf9088b3a1e6c1ef1d",
    "pkg:hackage/AC-HalfInteger@1.2.1",
    "pkg:hex/phoenix_html@2.13.3#priv/static/phoenix_html.js",
];

/// Examples that are written otherwise than they are read.
const NORMALISED: &[(&str, &str)] = &[
    (
        "pkg:GOLANG/google.golang.org/genproto@abcdedf#/googleapis/api/annotations/",
        "pkg:golang/google.golang.org/genproto@abcdedf#googleapis/api/annotations",
    ),
    (
        "pkg:Maven/org.apache.xmlgraphics/batik-anim@1.9.1?type=pom&repositorY_url=repo.spring.io/release",
        "pkg:maven/org.apache.xmlgraphics/batik-anim@1.9.1?repository_url=repo.spring.io/release&type=pom",
    ),
    ("pkg:///maven/org.apache.commons/io", "pkg:maven/org.apache.commons/io"),
    ("pkg:pypi/My.PyPI_.--._Package@1.11.1.dev1", "pkg:pypi/my-pypi-package@1.11.1.dev1"),
    ("pkg:npm/@babel/core#/googleapis/api/", "pkg:npm/%40babel/core#googleapis/api"),
    ("pkg:npm/@babel/core@7.0.0", "pkg:npm/%40babel/core@7.0.0"),
    ("PKG:composer/Laravel/Laravel@5.5.0?a=&b=%20", "pkg:composer/laravel/laravel@5.5.0?b=%20"),
    ("pkg:golang/x/y@v1.0.0#./a/../b", "pkg:golang/x/y@v1.0.0#a/b"),
];

const REFUSED: &[(&str, InvalidPurl)] = &[
    ("EnterpriseLibrary.Common@6.0.1304", InvalidPurl::Scheme),
    ("pkg%3Amaven/org.apache.commons/io", InvalidPurl::Scheme),
    ("pkg:EnterpriseLibrary.Common@6.0.1304", InvalidPurl::Type),
    ("pkg:3nginx/nginx@0.8.9", InvalidPurl::Type),
    ("pkg:nginx:a/nginx@0.8.9", InvalidPurl::Type),
    ("pkg:maven/@1.3.4", InvalidPurl::Name),
    ("pkg:npm/", InvalidPurl::Name),
    ("pkg:npm/myartifact@1.0.0?in%20production=true", InvalidPurl::Qualifier),
    ("pkg:npm/a?b", InvalidPurl::Qualifier),
    ("pkg:npm/a?b=1&B=2", InvalidPurl::Qualifier),
    ("pkg:npm/a%2", InvalidPurl::Escape),
    ("pkg:npm/a%+1", InvalidPurl::Escape),
    ("pkg:npm/a%ff", InvalidPurl::Escape),
    ("pkg:npm/a%2Fb/c", InvalidPurl::Escape),
];

fn written(text: &str) -> String {
    text.parse::<Purl>().map_or_else(|error| error.to_string(), |purl| purl.to_string())
}

#[test]
fn canonical_examples_are_written_as_they_are_read() {
    for text in CANONICAL {
        assert_eq!(written(text), *text);
    }
}

#[test]
fn other_examples_become_canonical() {
    for (text, canonical) in NORMALISED {
        assert_eq!(written(text), *canonical);
    }
}

#[test]
fn what_is_no_package_url_is_refused() {
    for (text, error) in REFUSED {
        assert_eq!(text.parse::<Purl>().unwrap_err(), *error, "{text}");
    }
}

#[test]
fn parts_are_decoded() {
    let purl: Purl = "pkg:npm/%40angular/animation@1%2B2?a=b%26c#d%20e".parse().unwrap();
    assert_eq!(purl.namespace.as_deref(), Some("@angular"));
    assert_eq!((purl.name.as_str(), purl.version.as_deref()), ("animation", Some("1+2")));
    assert_eq!(purl.qualifiers["a"], "b&c");
    assert_eq!(purl.subpath.as_deref(), Some("d e"));
}

#[test]
fn registry_and_name_are_those_of_advisories() {
    let of = |text: &str| {
        let purl: Purl = text.parse().unwrap();
        let version = purl.package_version().unwrap_or_default().to_owned();
        (purl.ecosystem(), purl.package_name(), version)
    };
    let expect =
        |ecosystem, name: &str, version: &str| (ecosystem, name.to_owned(), version.to_owned());
    for (text, ecosystem, name, version) in [
        ("pkg:npm/%40a/b@1", Some(Ecosystem::Npm), "@a/b", "1"),
        ("pkg:maven/org.a/b@v1", Some(Ecosystem::Maven), "org.a:b", "v1"),
        (
            "pkg:golang/github.com/BurntSushi/toml@v1.0.0",
            Some(Ecosystem::Go),
            "github.com/BurntSushi/toml",
            "1.0.0",
        ),
        ("pkg:golang/stdlib@1.21.3", Some(Ecosystem::Go), "stdlib", "1.21.3"),
        ("pkg:deb/debian/curl@1", Some(Ecosystem::Debian), "curl", "1"),
        ("pkg:deb/ubuntu/curl@1", None, "curl", "1"),
        ("pkg:rpm/fedora/curl@1", None, "curl", "1"),
    ] {
        assert_eq!(of(text), expect(ecosystem, name, version), "{text}");
    }
}

#[test]
fn a_package_of_each_registry_is_written_and_read_back() {
    for ecosystem in Ecosystem::all() {
        let name = match ecosystem {
            Ecosystem::Maven => "org.a:b",
            Ecosystem::Npm => "@a/b",
            Ecosystem::Go => "example.org/a/b",
            Ecosystem::Packagist => "a/b",
            _ => "b",
        };
        let purl: Purl = Purl::of(ecosystem, name, "1.0+2").to_string().parse().unwrap();
        assert_eq!(purl.ecosystem(), Some(ecosystem));
        assert_eq!((purl.package_name().as_str(), purl.package_version()), (name, Some("1.0+2")));
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(text in "pkg:[a-z/]{1,6}/[a-zA-Z0-9@%/.?=&#:é+-]{0,30}") {
        if let Ok(purl) = text.parse::<Purl>() {
            prop_assert_eq!(purl.to_string().parse::<Purl>(), Ok(purl));
        }
    }
}
