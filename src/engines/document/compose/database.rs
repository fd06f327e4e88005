//! What compose files say of the databases in them: who may log in, and who reaches them.

use crate::engines::document::{
    make::{field, flag, is_true, plain},
    node::{Node, Value},
};

/// Passwords that are tried first: those of examples and those that images come with.
const WELL_KNOWN: [&str; 32] = [
    "123456",
    "12345678",
    "admin",
    "admin123",
    "adminpassword",
    "changeme",
    "changeit",
    "default",
    "demo",
    "example",
    "guest",
    "letmein",
    "minio",
    "minio123",
    "minioadmin",
    "mongo",
    "mysql",
    "neo4j",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "postgresql",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "rootpassword",
    "secret",
    "test",
    "user",
    "welcome",
];

/// A kind of database, by the last part of its image's name.
struct Engine {
    images: &'static [&'static str],
    port: &'static str,
    /// Whether anyone may log in, by what its service says.
    is_open: fn(&Node) -> bool,
    /// Variables with the password.
    passwords: &'static [&'static str],
}

const ENGINES: [Engine; 7] = [
    Engine {
        images: &["postgres", "postgis", "timescaledb", "pgvector"],
        port: "5432",
        is_open: |service| {
            variable(service, "POSTGRES_HOST_AUTH_METHOD").as_deref() == Some("trust")
        },
        passwords: &["POSTGRES_PASSWORD"],
    },
    Engine {
        images: &["mysql", "mariadb", "percona"],
        port: "3306",
        is_open: has_no_root_password,
        passwords: &[
            "MYSQL_ROOT_PASSWORD",
            "MARIADB_ROOT_PASSWORD",
            "MYSQL_PASSWORD",
            "MARIADB_PASSWORD",
        ],
    },
    Engine {
        images: &["redis", "valkey", "redis-stack", "redis-stack-server"],
        port: "6379",
        is_open: |service| {
            let words = ["requirepass", "aclfile", ".conf", "$"];
            !is_told(service, &words) && !has_any_password(service)
        },
        passwords: &["REDIS_PASSWORD"],
    },
    Engine {
        images: &["mongo"],
        port: "27017",
        is_open: |service| {
            let names = ["MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_USERNAME_FILE"];
            let words = ["--auth", "--keyFile", "--config", "-f", "$"];
            names.iter().all(|name| !is_set(service, name)) && !is_told(service, &words)
        },
        passwords: &["MONGO_INITDB_ROOT_PASSWORD"],
    },
    Engine {
        images: &["memcached"],
        port: "11211",
        is_open: |service| !is_told(service, &["-S", "--enable-sasl", "-Y", "$"]),
        passwords: &[],
    },
    Engine {
        images: &["elasticsearch"],
        port: "9200",
        is_open: |service| is_false_in(service, "xpack.security.enabled"),
        passwords: &["ELASTIC_PASSWORD"],
    },
    Engine {
        images: &["opensearch"],
        port: "9200",
        is_open: |service| {
            let names = ["DISABLE_SECURITY_PLUGIN", "plugins.security.disabled"];
            names.iter().any(|name| variable(service, name).as_deref() == Some("true"))
        },
        passwords: &["OPENSEARCH_INITIAL_ADMIN_PASSWORD"],
    },
];

/// Whether a password is one that anybody would try.
pub(super) fn is_well_known(value: &str) -> bool {
    WELL_KNOWN.iter().any(|known| value.eq_ignore_ascii_case(known))
}

/// Adds to each database which of its public ports anyone may use (`is-open-database` of the port), and
/// `on-open-network`: its name, if it stands in no internal network although other services stand beside it.
pub(super) fn judge(entries: &mut [(Node, Node)]) {
    let internal = internal_networks(entries);
    let services = entries.iter_mut().filter(|(key, _)| key.as_text() == Some("services"));
    for (_, services) in services {
        let Value::Map(services) = &mut services.value else { continue };
        let is_alone = services.len() < 2;
        for (key, service) in services {
            let Some(engine) = engine_of(service) else { continue };
            let is_partial = service.get("is-partial").is_some();
            let is_open = (engine.is_open)(service) && !is_partial;
            if is_open || has_well_known_password(service, engine) {
                open_ports(service, engine.port);
            }
            let is_apart = service.get("network_mode").is_some() || is_partial || is_alone;
            if !is_apart && !is_inside(service, &internal) {
                let place = Node::new(key.value.clone(), key.at.clone());
                push(service, "on-open-network", place);
            }
        }
    }
}

fn push(node: &mut Node, name: &str, value: Node) {
    if let Value::Map(fields) = &mut node.value {
        fields.push(field(name, value));
    }
}

fn engine_of(service: &Node) -> Option<&'static Engine> {
    let name = service.get("image-name").and_then(Node::as_text)?;
    let last = name.rsplit('/').next()?;
    ENGINES.iter().find(|engine| engine.images.contains(&last))
}

fn open_ports(service: &mut Node, target: &str) {
    let Value::Map(fields) = &mut service.value else { return };
    let ports = fields.iter_mut().filter(|(key, _)| key.as_text() == Some("ports"));
    for port in ports.flat_map(|(_, ports)| ports.children_mut()) {
        let is_public = port.get("is-public").is_some_and(is_true);
        if is_public && port.get("target").and_then(plain).as_deref() == Some(target) {
            let at = port.at.clone();
            push(port, "is-open-database", flag(true, at));
        }
    }
}

/// Names of networks, and whether they are internal; those that others made are not judged.
fn internal_networks(entries: &[(Node, Node)]) -> Vec<String> {
    let networks = entries.iter().filter(|(key, _)| key.as_text() == Some("networks"));
    let networks = networks.flat_map(|(_, networks)| networks.entries());
    let is_inside = |network: &Node| {
        let is_external = network.get("external").is_some_and(|value| value.value != Value::Null);
        is_external
            || network.get("internal").is_some_and(|value| plain(value).as_deref() != Some("false"))
    };
    let inside = networks.filter(|(_, network)| is_inside(network));
    inside.filter_map(|(name, _)| name.as_text().map(str::to_owned)).collect()
}

fn is_inside(service: &Node, internal: &[String]) -> bool {
    let names: Vec<String> = match service.get("networks").map(|networks| &networks.value) {
        Some(Value::List(names)) => names.iter().filter_map(plain).collect(),
        Some(Value::Map(names)) => names.iter().filter_map(|(name, _)| plain(name)).collect(),
        _ => vec!["default".to_owned()],
    };
    names.iter().all(|name| internal.contains(name))
}

fn has_well_known_password(service: &Node, engine: &Engine) -> bool {
    let is_known = |name: &&str| variable(service, name).is_some_and(|value| is_well_known(&value));
    engine.passwords.iter().any(is_known)
}

fn has_no_root_password(service: &Node) -> bool {
    let names = [
        "MYSQL_ALLOW_EMPTY_PASSWORD",
        "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
        "MYSQL_ALLOW_EMPTY_ROOT_PASSWORD",
    ];
    let may_be_empty = names.iter().any(|name| {
        variable(service, name).is_some_and(|value| {
            matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "1")
        })
    });
    let roots = ["MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD"];
    may_be_empty
        && roots.iter().all(|name| variable(service, name).is_none_or(|value| value.is_empty()))
}

fn has_any_password(service: &Node) -> bool {
    service.get("has-password").is_some_and(is_true)
}

fn is_set(service: &Node, name: &str) -> bool {
    service.get("environment").is_some_and(|environment| environment.get(name).is_some())
}

fn variable(service: &Node, name: &str) -> Option<String> {
    service.get("environment")?.get(name).and_then(plain)
}

fn is_false_in(service: &Node, name: &str) -> bool {
    variable(service, name).as_deref() == Some("false")
}

/// Whether the command holds one of these words, or is not the image's own at all.
fn is_told(service: &Node, words: &[&str]) -> bool {
    if service.get("entrypoint").is_some() {
        return true;
    }
    let Some(command) = service.get("command") else { return false };
    let mut texts: Vec<_> = command.elements().iter().filter_map(plain).collect();
    texts.extend(plain(command));
    texts.iter().any(|text| words.iter().any(|word| text.contains(word)))
}
