//! Project files of Maven: what is read, what is left out, what is refused.

use proptest::prelude::*;

use super::*;

const POM: &str = "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n\
    <parent><groupId>org.parent</groupId><artifactId>p</artifactId><version>3.0</version></parent>\n\
    <artifactId>app</artifactId>\n\
    <properties><a.version>1.${minor}</a.version><minor>5</minor><b>${c}</b><c>2.0</c><loop>${loop}</loop></properties>\n\
    <dependencyManagement><dependencies>\n\
    <dependency><groupId>org.m</groupId><artifactId>managed</artifactId><version>${b}</version><scope>test</scope></dependency>\n\
    </dependencies></dependencyManagement>\n\
    <dependencies>\n\
    <dependency><groupId>org.a</groupId><artifactId>a</artifactId><version>${a.version}</version></dependency>\n\
    <dependency><groupId>org.m</groupId><artifactId>managed</artifactId></dependency>\n\
    <dependency><groupId>${project.groupId}</groupId><artifactId>sibling</artifactId><version>${project.version}</version></dependency>\n\
    <dependency><groupId>org.r</groupId><artifactId>range</artifactId><version>[ 1.2, 2)</version></dependency>\n\
    <dependency><groupId>org.r</groupId><artifactId>exact</artifactId><version>[1.2]</version><optional>true</optional></dependency>\n\
    <dependency><groupId>org.s</groupId><artifactId>system</artifactId><version>1</version><scope>system</scope></dependency>\n\
    <dependency><groupId>org.x</groupId><artifactId>loop</artifactId><version>${loop}</version></dependency>\n\
    <dependency><groupId>org.x</groupId><artifactId>env</artifactId><version>1.${env.X}</version></dependency>\n\
    <dependency><groupId>org.x</groupId><artifactId>parent</artifactId></dependency>\n\
    <dependency><groupId>org.x</groupId><artifactId>upper</artifactId><version>(,2]</version></dependency>\n\
    <dependency><groupId>org.x</groupId><artifactId>moving</artifactId><version>LATEST</version></dependency>\n\
    <dependency><artifactId>nameless</artifactId><version>1</version></dependency>\n\
    </dependencies>\n\
    <profiles><profile><properties><own>7</own></properties><dependencies>\n\
    <dependency><groupId>org.p</groupId><artifactId>inactive</artifactId><version>${own}</version></dependency>\n\
    </dependencies></profile></profiles>\n\
    </project>\n";

#[test]
fn versions_are_found_through_properties_and_management() {
    let lockfile = read(POM).unwrap();
    let show = |package: &LockedPackage| {
        let at = &POM[package.version_at.clone()];
        format!(
            "{} {} at {at} {:?} {:?}",
            package.name, package.version, package.origin, package.scope
        )
    };
    let shown: Vec<_> = lockfile.packages.iter().map(show).collect();
    assert_eq!(
        shown,
        [
            "org.a:a 1.5 at 1.${minor} Registry Runtime",
            "org.m:managed 2.0 at 2.0 Registry Development",
            "org.parent:sibling 3.0 at 3.0 Registry Runtime",
            "org.r:range 1.2 at 1.2 Registry Runtime",
            "org.r:exact 1.2 at 1.2 Registry Optional",
            "org.s:system 1 at 1 Elsewhere Runtime",
            "org.p:inactive 7 at 7 Registry Optional",
            "org.parent:app 3.0 at 3.0 Local Runtime",
        ]
    );
    assert!((0..7).all(|at| lockfile.is_direct(at)));
}

#[test]
fn what_the_file_does_not_tell_is_left_out_with_a_reason() {
    let lockfile = read(POM).unwrap();
    let show = |fault: &Fault| {
        assert!(POM[fault.at..].starts_with("<dependency>"));
        fault.reason.clone()
    };
    let reasons: Vec<_> = lockfile.left_out.iter().map(show).collect();
    assert_eq!(
        reasons,
        [
            "the version is a property that this file does not tell",
            "the version is a property that this file does not tell",
            "the version comes from a parent or from an imported bill of materials",
            "a range without a lowest version",
            "whatever version is newest",
            "a dependency whose name this file does not tell",
        ]
    );
}

#[test]
fn the_main_artefact_stands_for_attached_ones() {
    let one = |classifier: &str, scope: &str| {
        format!(
            "<dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version>{classifier}{scope}</dependency>"
        )
    };
    let (attached, for_tests) = ("<classifier>sources</classifier>", "<scope>test</scope>");
    let text = format!(
        "<project><dependencies>{}{}{}</dependencies></project>",
        one(attached, ""),
        one("", for_tests),
        one(attached, "")
    );
    let lockfile = read(&text).unwrap();
    assert_eq!(lockfile.packages.len(), 2);
    let package = &lockfile.packages[0];
    assert_eq!(&text[package.at.clone()], one("", for_tests));
    assert_eq!(package.scope, Scope::Runtime);
}

#[test]
fn properties_that_multiply_are_given_up() {
    let property = |at: usize| format!("<p{at}>{}</p{at}>", format!("${{p{}}}", at - 1).repeat(10));
    let properties: String = (1..40).map(property).collect();
    let text = format!(
        "<project><properties><p0></p0>{properties}</properties><dependencies><dependency><groupId>a</groupId>\
         <artifactId>b</artifactId><version>${{p39}}</version></dependency></dependencies></project>"
    );
    assert_eq!(read(&text).unwrap().left_out.len(), 1);
}

#[test]
fn what_is_no_project_is_refused() {
    assert_eq!(read("<settings/>").unwrap_err().at, 0);
    assert_eq!(read("<project>\n<<<<<<< HEAD\n</project>").unwrap_err().at, 10);
}

proptest! {
    #[test]
    fn a_damaged_text_does_not_panic(at: prop::sample::Index, put in "[<>/$\\{\\}\\[, a1é]{0,6}") {
        let mut text = POM.to_owned();
        let at = at.index(text.len());
        text.replace_range(at..(at + 3).min(text.len()), &put);
        for package in read(&text).map(|lockfile| lockfile.packages).unwrap_or_default() {
            prop_assert!(text.get(package.at).is_some());
            prop_assert!(text.get(package.name_at).is_some());
            prop_assert!(text.get(package.version_at).is_some());
        }
    }
}
