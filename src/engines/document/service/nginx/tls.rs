//! TLS: versions, ciphers, and redirects that leave it.

use super::{super::fields::Fields, lower::texts, parse::Directive};

/// Versions that RFC 8996 and RFC 7568 forbid.
const WEAK_VERSIONS: [&str; 4] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];
/// Parts of cipher names that are broken: RFC 7465 (RC4), RFC 8429 (3DES), export and null ciphers.
const WEAK_CIPHERS: [&str; 14] = [
    "RC4", "DES", "3DES", "RC2", "MD5", "NULL", "ENULL", "ANULL", "ADH", "AECDH", "EXP", "EXPORT",
    "LOW", "SSLV2",
];

/// Whether a server speaks TLS.
pub(super) fn is_tls(children: &[Directive]) -> bool {
    let has = |directive: &Directive, words: &[&str]| {
        directive.arguments.iter().any(|word| words.contains(&word.text.as_str()))
    };
    children.iter().any(|directive| match directive.name.text.as_str() {
        "listen" => has(directive, &["ssl", "quic"]),
        "ssl" => has(directive, &["on"]),
        _ => false,
    })
}

/// `weak[]` and `strong` of a list of versions.
pub(super) fn protocols(directive: &Directive, fields: &mut Fields) {
    let is_weak = |text: &str| WEAK_VERSIONS.iter().any(|weak| weak.eq_ignore_ascii_case(text));
    let (weak, strong): (Vec<_>, Vec<_>) =
        directive.arguments.iter().cloned().partition(|word| is_weak(&word.text));
    let strong: Vec<_> = strong.iter().map(|word| word.text.as_str()).collect();
    let strong = if strong.is_empty() { "TLSv1.2 TLSv1.3".to_owned() } else { strong.join(" ") };
    fields.words("weak", &weak).text("strong", &strong);
}

/// `weak[]` of a cipher string of OpenSSL: what it names, and no `!` takes away.
pub(super) fn ciphers(directive: &Directive, fields: &mut Fields) {
    let Some(list) = directive.arguments.first() else { return };
    let parts = || list.text.split([':', ',', ' ']).filter(|part| !part.is_empty());
    let refused: Vec<String> = parts()
        .filter_map(|part| part.strip_prefix(['!', '-']))
        .take(64)
        .map(str::to_ascii_uppercase)
        .collect();
    let named = parts().filter(|part| !part.starts_with(['!', '-', '+', '@']));
    let weak: Vec<String> = named
        .filter(|cipher| is_weak_cipher(&cipher.to_ascii_uppercase(), &refused))
        .map(str::to_owned)
        .collect();
    fields.list("weak", texts(&weak, &list.at));
}

fn is_weak_cipher(cipher: &str, refused: &[String]) -> bool {
    let is_refused = |word: &str| refused.iter().any(|it| it == word);
    let triple = cipher.contains("CBC3") || cipher.contains("3DES");
    let mut parts = cipher.split(['-', '+', '_']);
    if is_refused(cipher) || (triple && is_refused("3DES")) {
        return false;
    }
    parts.any(|part| {
        let is_kept = match part {
            "DES" if triple => true,
            "DES" | "RC4" | "RC2" | "MD5" | "NULL" | "ADH" | "AECDH" | "LOW" => !is_refused(part),
            "EXP" | "EXPORT" => !is_refused("EXP") && !is_refused("EXPORT"),
            _ => true,
        };
        WEAK_CIPHERS.contains(&part) && is_kept
    })
}

/// `plain-redirect` and `tls-redirect` of a redirect to HTTP without TLS.
pub(super) fn redirect(directive: &Directive, fields: &mut Fields) {
    let target = if directive.is("return") {
        directive.arguments.iter().find(|word| word.text.starts_with("http://"))
    } else {
        directive.arguments.get(1)
    };
    let Some(target) = target else { return };
    let Some(rest) = target.text.strip_prefix("http://") else { return };
    let is_local = ["localhost", "127.", "[::1]"].iter().any(|host| rest.starts_with(host));
    let has_status = directive.argument(0).is_some_and(|status| status.starts_with('3'));
    let is_redirect = directive.is("rewrite") || directive.arguments.len() == 1 || has_status;
    if is_redirect && !is_local {
        fields.word("plain-redirect", target);
        if target.is_bare {
            fields.text_at("tls-redirect", &format!("https://{rest}"), &target.at);
        }
    }
}
