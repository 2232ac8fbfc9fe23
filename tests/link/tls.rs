//! TLS: an own authority, a pin, a client certificate, and what is refused.

use std::sync::Arc;
use std::time::Duration;

use postrider::link::tls::{Pin, TlsSettings};
use postrider::link::{HostPort, LinkState, Tls};
use postrider::sim::{CarrierServer, CarrierSettings, ServerSettings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest, Sha256};

use crate::support::{Rig, guarded, is_accepted, profile, settings};

/// An authority, and a certificate that it signed for a name.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn sign(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        Arc::new(roots)
    }
}

struct Place {
    carrier: CarrierServer,
    authority: Authority,
    certificate: CertificateDer<'static>,
    key: KeyPair,
    files: tempfile::TempDir,
}

/// A carrier named "smsc.test" that speaks TLS, and asks for a client certificate if told to.
async fn place(wants_client: bool) -> Place {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("smsc.test");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if wants_client {
        let verifier = WebPkiClientVerifier::builder_with_provider(authority.roots(), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let tls = builder.with_single_cert(vec![certificate.clone()], private).unwrap();
    let settings =
        ServerSettings { carrier: CarrierSettings::default(), tls: Some(Arc::new(tls)), ..ServerSettings::default() };
    let carrier = CarrierServer::listen("127.0.0.1:0".parse().unwrap(), settings).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("ca.pem"), authority.issuer.pem()).unwrap();
    Place { carrier, authority, certificate, key, files }
}

impl Place {
    fn start(&self, tls: TlsSettings) -> Rig {
        let mut settings = settings(self.carrier.address(), profile());
        settings.hosts = vec![HostPort::new("127.0.0.1", self.carrier.address().port())];
        settings.tls = Some(Tls::load(tls).unwrap());
        Rig::start(settings)
    }

    fn ca(&self) -> TlsSettings {
        let ca_file = Some(self.files.path().join("ca.pem"));
        TlsSettings { ca_file, server_name: Some("smsc.test".to_owned()), ..TlsSettings::default() }
    }
}

async fn works(mut rig: Rig) {
    rig.until_up().await;
    rig.offer(1);
    assert!(is_accepted(&rig.submitted().await.outcome));
    guarded(rig.link.shutdown(Duration::from_secs(1))).await;
}

async fn refused(rig: Rig, because: &str) {
    guarded(async {
        while rig.link.status().last_error.is_none() {
            tokio::task::yield_now().await
        }
    })
    .await;
    let (_, why) = rig.link.status().last_error.unwrap();
    assert!(why.contains("TLS with 127.0.0.1:") && why.contains(because), "{why}");
    assert_ne!(rig.link.status().state, LinkState::Up);
}

#[tokio::test]
async fn an_authority_of_our_own_is_trusted() {
    let place = place(false).await;
    works(place.start(place.ca())).await;
}

#[tokio::test]
async fn another_authority_or_another_name_is_not() {
    let place = place(false).await;
    let other = Authority::new();
    std::fs::write(place.files.path().join("other.pem"), other.issuer.pem()).unwrap();
    let ca_file = Some(place.files.path().join("other.pem"));
    refused(place.start(TlsSettings { ca_file, ..place.ca() }), "invalid peer certificate").await;
    let server_name = Some("someone.else".to_owned());
    refused(place.start(TlsSettings { server_name, ..place.ca() }), "not valid for name").await;
}

#[tokio::test]
async fn a_pin_of_the_certificate_or_of_its_key_is_enough() {
    let place = place(false).await;
    let whole = Pin(Sha256::digest(&place.certificate).into());
    let key = Pin(Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&place.key)).into());
    works(place.start(TlsSettings { pins: vec![whole], ..TlsSettings::default() })).await;
    works(place.start(TlsSettings { pins: vec![Pin([0; 32]), key], ..TlsSettings::default() })).await;
    let wrong = TlsSettings { pins: vec![Pin([7; 32])], ..place.ca() };
    refused(place.start(wrong), "another certificate than the pinned one").await;
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let place = place(true).await;
    let (certificate, key) = place.authority.sign("shop1");
    let pem = |label: &str, der: &[u8]| {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let (certificate_file, key_file) = (place.files.path().join("cert.pem"), place.files.path().join("key.pem"));
    std::fs::write(&certificate_file, pem("CERTIFICATE", &certificate)).unwrap();
    std::fs::write(&key_file, pem("PRIVATE KEY", &key.serialize_der())).unwrap();
    let with = TlsSettings { certificate_file: Some(certificate_file), key_file: Some(key_file), ..place.ca() };
    works(place.start(with)).await;

    let without = place.start(place.ca());
    guarded(async {
        while without.link.status().last_error.is_none() {
            tokio::task::yield_now().await
        }
    })
    .await;
    assert_eq!(without.link.status().counters.binds, 0);
}
