//! One connection to the pinned address: TCP, TLS where the scheme asks for it, HTTP/1.1.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::{Target, client::SendError};

/// Most bytes of an answer's status line and headers.
const HEAD_LIMIT: usize = 64 * 1024;
const MOST_HEADERS: usize = 200;
/// Longest pause within an answer that is no HTTP.
const PAUSE: Duration = Duration::from_millis(500);

/// The sending half of an open connection; each request has its whole body in memory.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// Opens a connection to the target.
pub(super) async fn open(target: &Target) -> Result<Sender, SendError> {
    let stream = connect(target).await?;
    match &target.trust {
        None => shake_hands(stream).await,
        Some(trust) => {
            let connector = TlsConnector::from(trust.config.clone());
            let secured = connector.connect(trust.name.clone(), stream).await.map_err(tls_error)?;
            shake_hands(secured).await
        }
    }
}

/// Opens a plain HTTP connection to another port of the target's pinned address.
pub(super) async fn open_plain(target: &Target, port: u16) -> Result<Sender, SendError> {
    let address = SocketAddr::new(pinned(target).await?.ip(), port);
    shake_hands(TcpStream::connect(address).await.map_err(connect_error)?).await
}

/// Sends bytes as they are, and reads what comes back: until `limit` bytes, the end, or a pause.
pub(super) async fn exchange_raw(
    target: &Target,
    bytes: &[u8],
    limit: usize,
) -> Result<Vec<u8>, SendError> {
    let mut stream = connect(target).await?;
    stream.write_all(bytes).await.map_err(connect_error)?;
    let mut answer = vec![0; limit];
    let mut filled = 0;
    while filled < limit {
        // The first bytes may take as long as the request may; the rest of a record comes with them.
        let patience = if filled == 0 { Duration::MAX } else { PAUSE };
        match tokio::time::timeout(patience, stream.read(&mut answer[filled..])).await {
            // A server that refuses a hello may also just reset the connection.
            Ok(Ok(0) | Err(_)) | Err(_) => break,
            Ok(Ok(count)) => filled += count,
        }
    }
    answer.truncate(filled);
    Ok(answer)
}

async fn connect(target: &Target) -> Result<TcpStream, SendError> {
    let address = pinned(target).await?;
    let stream = TcpStream::connect(address).await.map_err(connect_error)?;
    stream.set_nodelay(true).map_err(connect_error)?;
    Ok(stream)
}

/// The first of the resolved addresses that accepts a connection; from then on the only one.
async fn pinned(target: &Target) -> Result<SocketAddr, SendError> {
    if let Some(address) = target.pinned.get() {
        return Ok(*address);
    }
    let mut last = io::Error::other("no address");
    for address in &target.addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(*target.pinned.get_or_init(|| *address)),
            Err(error) => last = error,
        }
    }
    Err(connect_error(last))
}

/// Speaks HTTP/1.1 on an open stream.
pub(crate) async fn shake_hands<S>(stream: S) -> Result<Sender, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .max_headers(MOST_HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| SendError::Failed(error.to_string()))?;
    // Errors of the connection reach the sender as well.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapping")]
fn connect_error(error: io::Error) -> SendError {
    SendError::Unreachable(format!("connect: {error}"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is an error mapping")]
fn tls_error(error: io::Error) -> SendError {
    SendError::Unreachable(format!("TLS handshake: {error}"))
}
