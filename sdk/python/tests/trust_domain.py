"""A SPIFFE trust domain: an authority, its bundle, and X.509-SVIDs."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from authsec_langchain._thumbprint import base64url


class TrustDomain:
    """Issues certificates in its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self._key.public_key(), f"spiffe://{name}", authority=True)

    def bundle(self) -> str:
        """Return the bundle as a workload source takes it (SPIFFE Trust Domain and Bundle section 4)."""
        numbers = self._key.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        chain = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        jwk = {"use": "x509-svid", "kty": "EC", "crv": "P-256", "x": x, "y": y, "x5c": [chain]}
        return json.dumps({"keys": [jwk], "spiffe_sequence": 1, "spiffe_refresh_hint": 300})

    def pem(self) -> bytes:
        """Return the authority's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def svid(self, path: str, host: str | None = None) -> bytes:
        """Return a new key and its X.509-SVID as PEM, which is good for a TLS server at host, too."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = self._sign(key.public_key(), f"spiffe://{self.name}{path}", host=host)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return private + signed.public_bytes(serialization.Encoding.PEM)

    def _sign(
        self, key: ec.EllipticCurvePublicKey, spiffe_id: str, *, authority: bool = False, host: str | None = None
    ) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(spiffe_id)]
        names += [x509.DNSName(host)] if host else []
        usage = x509.KeyUsage(
            digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, self.name)])
        subject = issuer if authority else x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "workload")])
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not authority:
            both = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            built = built.add_extension(x509.ExtendedKeyUsage(both), critical=False)
        return built.sign(self._key, hashes.SHA256())
