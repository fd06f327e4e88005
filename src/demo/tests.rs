//! The shop seen from outside, over plain TCP: each switch shows its defect, and only that.

mod access;
mod hygiene;
mod input;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use super::{Credentials, Defect, RunningShop, Switches, start};

/// One answer, taken apart no further than tests need.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

impl RunningShop {
    /// Sends one request and reads the answer to its end.
    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let lines: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{}\
             content-length: {}\r\n\r\n",
            lines.concat(),
            body.as_ref().len()
        );
        let mut stream = TcpStream::connect(self.address).expect("an open shop");
        stream.write_all(&[head.as_bytes(), body.as_ref()].concat()).expect("a listening shop");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a whole answer");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer with a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.expect("an answer with a status");
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    fn get_as(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string())
    }

    fn log_in(&self, who: &Credentials) -> Answer {
        self.post("/login", &json!({ "username": who.username, "password": who.password }))
    }

    fn token(&self, who: &Credentials) -> String {
        self.log_in(who).json()["access_token"].as_str().expect("a token").to_owned()
    }
}

fn repaired() -> RunningShop {
    start(Switches::repaired()).expect("a free port")
}

fn with(defect: Defect) -> RunningShop {
    start(Switches::repaired().with(defect)).expect("a free port")
}

/// The defect is seen in a shop that has it, and neither in a repaired one nor in one that has all
/// others.
#[track_caller]
fn assert_switched(defect: Defect, is_seen: impl Fn(&RunningShop) -> bool) {
    let others = start(Switches::vulnerable().without(defect)).expect("a free port");
    let seen = [with(defect), repaired(), others].map(|shop| is_seen(&shop));
    assert_eq!(seen, [true, false, false], "{defect}");
}

#[test]
fn a_dropped_shop_no_longer_listens() {
    let shop = repaired();
    let address = shop.address;
    drop(shop);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_shop_listens_on_loopback_only() {
    assert!(repaired().address.ip().is_loopback());
}

#[test]
fn a_stopped_shop_gives_its_result() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stopped =
        runtime.block_on(async { super::serve(Switches::repaired()).await?.stop().await });
    assert!(stopped.is_ok());
}

#[test]
fn an_idle_connection_does_not_keep_a_shop_open() {
    let shop = repaired();
    let _idle = TcpStream::connect(shop.address).unwrap();
    let begun = std::time::Instant::now();
    drop(shop);
    assert!(begun.elapsed() < super::PATIENCE * 2);
}
