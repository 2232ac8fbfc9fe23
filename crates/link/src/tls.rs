//! Decides which certificates a TLS link trusts, and which it shows.
//!
//! Trust is one of three: the system's certificate authorities, an authority in a file of the operator's, or one
//! pinned certificate. With a pin and a file both must hold; with a pin alone the chain is not looked at, which is
//! what carriers with self-signed certificates need.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

use super::small_file::read_small_file;

/// How a link speaks TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file with the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with our certificate and its chain, for carriers that ask for one.
    pub certificate_file: Option<PathBuf>,
    /// PEM file with its private key.
    pub key_file: Option<PathBuf>,
    /// SHA-256 of the carrier's certificate, or of its public key (SPKI); any of them may match.
    pub pins: Vec<Pin>,
    /// The name that the certificate must have, where it is not the host's.
    pub server_name: Option<String>,
}

/// A SHA-256 of a certificate or of its public key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pin(pub [u8; 32]);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for Pin {
    type Err = String;

    /// Reads 64 hexadecimal digits; colons and blanks between them are dropped, as `openssl` prints them.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let bad = || format!("\"{text}\" is not a SHA-256 fingerprint: it has 64 hexadecimal digits");
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(bad());
        }
        let mut hash = [0u8; 32];
        for (place, byte) in hash.iter_mut().enumerate() {
            let pair = digits.get(place * 2..place * 2 + 2).ok_or_else(bad)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Self(hash))
    }
}

/// What an operator has to mend before TLS can work.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or holds something else.
    #[error("{}: {problem}; {advice}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        advice: &'static str,
    },
    /// One of certificate and key is missing.
    #[error("a client certificate needs both its certificate file and its key file")]
    HalfAClientCertificate,
    /// The system has no certificate authorities.
    #[error("the system has no certificate authorities ({0}); install ca-certificates or name a ca_file")]
    NoSystemRoots(String),
    /// The server name is none.
    #[error("\"{0}\" is neither a host name nor an address")]
    ServerName(String),
    /// rustls refuses the combination.
    #[error("TLS cannot be set up: {0}")]
    Rustls(#[from] rustls::Error),
}

/// The rustls configuration for `settings`. Reads the files, so that a mistake is found at start.
///
/// # Errors
/// Names the file and what to do about it.
pub fn client_config(settings: &TlsSettings) -> Result<Arc<ClientConfig>, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = if settings.ca_file.is_none() && !settings.pins.is_empty() {
        None
    } else {
        let roots = Arc::new(roots(settings.ca_file.as_deref())?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        Some(verifier.map_err(|error| TlsError::Rustls(rustls::Error::General(error.to_string())))?)
    };
    let verifier = Verifier { chain, pins: settings.pins.clone(), provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match (&settings.certificate_file, &settings.key_file) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let (certificates, private) = (certificates(certificate)?, private_key(key)?);
            builder.with_client_auth_cert(certificates, private).map_err(|error| TlsError::File {
                path: key.clone(),
                problem: error.to_string(),
                advice: "it must be the key of the client certificate",
            })?
        }
        (Some(_), None) | (None, Some(_)) => return Err(TlsError::HalfAClientCertificate),
    };
    Ok(Arc::new(config))
}

/// The name that the carrier's certificate is checked against.
///
/// # Errors
/// When it is neither a host name nor an address.
pub fn server_name(settings: &TlsSettings, host: &str) -> Result<ServerName<'static>, TlsError> {
    let name = settings.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned()).map_err(|_| TlsError::ServerName(name.to_owned()))
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    let Some(path) = ca_file else {
        let found = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(found.certs);
        if store.is_empty() {
            let why = found.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
            return Err(TlsError::NoSystemRoots(why));
        }
        return Ok(store);
    };
    for certificate in certificates(path)? {
        store.add(certificate).map_err(|error| TlsError::File {
            path: path.to_owned(),
            problem: error.to_string(),
            advice: "it must hold certificates of authorities",
        })?;
    }
    Ok(store)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let problem = |problem: String| TlsError::File {
        path: path.to_owned(),
        problem,
        advice: "it must be a PEM file with -----BEGIN CERTIFICATE----- that postrider may read",
    };
    let text = read_small_file(path).map_err(|error| problem(error.to_string()))?;
    let found: Vec<_> =
        CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| problem(pem_problem(error)))?;
    if found.is_empty() { Err(problem("it holds no certificate".to_owned())) } else { Ok(found) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let problem = |problem: String| TlsError::File {
        path: path.to_owned(),
        problem,
        advice: "it must be a PEM file with -----BEGIN PRIVATE KEY-----, not encrypted, that postrider may read",
    };
    let text = read_small_file(path).map_err(|error| problem(error.to_string()))?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| problem(pem_problem(error)))
}

fn pem_problem(error: rustls::pki_types::pem::Error) -> String {
    use rustls::pki_types::pem::Error;
    if let Error::Io(error) = error {
        return error.to_string();
    }
    if matches!(error, Error::NoItemsFound) {
        return "it holds no such item".to_owned();
    }
    format!("{error:?}")
}

/// Checks the chain (unless only a pin counts) and the pins.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<Pin>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn check_pins(&self, certificate: &CertificateDer<'_>) -> Result<(), rustls::Error> {
        let whole = Pin(Sha256::digest(certificate).into());
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        let key = Pin(Sha256::digest(&key).into());
        if self.pins.is_empty() || self.pins.contains(&whole) || self.pins.contains(&key) {
            return Ok(());
        }
        Err(rustls::Error::General(format!(
            "the carrier shows another certificate than the pinned one: SHA-256 {whole:?}, of its public key {key:?}"
        )))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(chain) = &self.chain {
            chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        }
        self.check_pins(end_entity)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named_with_what_to_do() {
        let settings = TlsSettings { ca_file: Some("/nowhere/ca.pem".into()), ..TlsSettings::default() };
        let text = client_config(&settings).unwrap_err().to_string();
        assert!(text.starts_with("/nowhere/ca.pem: No such file") && text.contains("PEM"), "{text}");
    }

    #[test]
    fn a_file_that_is_no_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hello").unwrap();
        let settings = TlsSettings { ca_file: Some(file.path().to_owned()), ..TlsSettings::default() };
        let text = client_config(&settings).unwrap_err().to_string();
        assert!(text.contains("it holds no certificate"), "{text}");
    }

    #[test]
    fn half_a_client_certificate_is_refused() {
        let pins = vec![Pin([0; 32])];
        let settings = TlsSettings { certificate_file: Some("cert.pem".into()), pins, ..TlsSettings::default() };
        assert!(matches!(client_config(&settings), Err(TlsError::HalfAClientCertificate)));
    }

    #[test]
    fn pins_are_read_as_openssl_prints_them() {
        let bare = "ab".repeat(32);
        let colons = ["AB"; 32].join(":");
        assert_eq!(bare.parse::<Pin>(), Ok(Pin([0xab; 32])));
        assert_eq!(colons.parse::<Pin>(), Ok(Pin([0xab; 32])));
        for text in ["", "ab", "zz", &"é".repeat(32), &"a".repeat(63)] {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_server_name_can_be_overridden() {
        let settings = TlsSettings { server_name: Some("smpp.north.example".into()), ..TlsSettings::default() };
        assert_eq!(server_name(&settings, "192.0.2.1").unwrap(), ServerName::try_from("smpp.north.example").unwrap());
        assert!(server_name(&TlsSettings::default(), "192.0.2.1").is_ok());
        assert!(server_name(&TlsSettings::default(), "not a host").is_err());
    }
}
