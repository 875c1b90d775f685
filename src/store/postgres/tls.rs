//! TLS towards a PostgreSQL server, with rustls.
//!
//! May touch: the file with the certificates. Invariant: who asks for verification gets all of
//! it: a chain to a trusted root, and the host's name.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::AddressError;

/// Encrypts, and believes whoever answers.
pub(super) fn trusting() -> MakeRustlsConnect {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Anybody(provider.clone()));
    let config = builder(provider).dangerous();
    MakeRustlsConnect::new(
        config
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth(),
    )
}

/// Encrypts, and believes who has a certificate for the host's name from one of the `roots` in the
/// file; without a file, from those that browsers trust.
pub(super) fn verifying(roots: Option<&Path>) -> Result<MakeRustlsConnect, AddressError> {
    let mut trusted = RootCertStore::empty();
    match roots {
        None => {
            let all = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
            trusted.add_parsable_certificates(all);
        }
        Some(path) => {
            let failed = |error: &dyn std::fmt::Display| {
                let path = path.display();
                AddressError(format!(
                    "the certificates in {path} cannot be read: {error}"
                ))
            };
            let file = CertificateDer::pem_file_iter(path).map_err(|error| failed(&error))?;
            for certificate in file {
                let certificate = certificate.map_err(|error| failed(&error))?;
                trusted.add(certificate).map_err(|error| failed(&error))?;
            }
            if trusted.is_empty() {
                return Err(failed(&"there is none in it"));
            }
        }
    }
    let config = builder(Arc::new(ring::default_provider())).with_root_certificates(trusted);
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn builder(
    provider: Arc<CryptoProvider>,
) -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows TLS 1.2 and 1.3")
}

/// Takes every certificate, as long as its owner holds the key to it.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
