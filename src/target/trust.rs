//! Whom the client believes: a certificate that does not verify is noted, never overlooked.
//!
//! The handshake goes on, so that the rest of the target can still be audited at its pinned address; but
//! the failure is a finding, and no credentials travel after it.

use std::{
    fmt::Display,
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
};

use super::address::TargetError;

/// Where platforms keep the authorities that their administrator trusts.
const PLATFORM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// TLS settings for one host, and what became of its certificate.
pub(super) struct Trust {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    verifier: Arc<Noting>,
}

impl Trust {
    /// Believes Mozilla's authorities, the platform's and those given as PEM, for this host only.
    pub(super) fn new(authorities: &[Vec<u8>], host: &str) -> Result<Self, TargetError> {
        let error = |failure: &dyn Display| TargetError::Authority(failure.to_string());
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| TargetError::Url(format!("`{host}` can not be the name of a server")))?;
        let roots = roots(authorities)?;
        let provider = Arc::new(ring::default_provider());
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|failure| error(&failure))?;
        let verifier = Arc::new(Noting { inner, failure: Mutex::new(None) });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|failure| error(&failure))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name, verifier })
    }

    /// Why a certificate did not verify, if one did not.
    pub(super) fn failure(&self) -> Option<String> {
        self.verifier.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Mozilla's authorities, the platform's and those given as PEM.
pub(crate) fn roots(authorities: &[Vec<u8>]) -> Result<RootCertStore, TargetError> {
    let error = |failure: &dyn Display| TargetError::Authority(failure.to_string());
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(bundle) = PLATFORM_BUNDLES.iter().find_map(|path| fs::read(path).ok()) {
        let certificates = CertificateDer::pem_slice_iter(&bundle).flatten();
        roots.add_parsable_certificates(certificates);
    }
    for pem in authorities {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|failure| error(&failure))?;
            roots.add(certificate).map_err(|failure| error(&failure))?;
        }
    }
    Ok(roots)
}

/// Verifies as the inner verifier does, and notes what it refuses.
#[derive(Debug)]
struct Noting {
    inner: Arc<WebPkiServerVerifier>,
    failure: Mutex<Option<String>>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now);
        if let Err(error) = verified {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| in_words(&error));
        }
        Ok(ServerCertVerified::assertion())
    }

    // Signatures are verified: the peer must hold the key of the certificate that it shows.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn in_words(error: &Error) -> String {
    let Error::InvalidCertificate(reason) = error else { return error.to_string() };
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is for another name".to_owned()
        }
        CertificateError::UnknownIssuer => "no known authority has signed it".to_owned(),
        other => format!("it does not verify ({other:?})"),
    }
}
