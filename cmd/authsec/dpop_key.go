package main

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"

	"authsec/internal/domain"
	"authsec/sdk/go/dpop"
)

// dpopSigner reads a private key in PEM: PKCS #8, SEC 1 or PKCS #1.
func dpopSigner(path string) (*dpop.Signer, error) {
	file, err := os.Open(path) //nolint:gosec // G304: the operator names the file
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read
	raw, err := io.ReadAll(io.LimitReader(file, maxTokenFile))
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		default:
			continue // EC PARAMETERS, which openssl writes before a key
		}
		signer, ok := key.(crypto.Signer)
		if err != nil || !ok {
			return nil, domain.Errorf(domain.Invalid, "invalid_key", "%s holds no private key that is understood.", path)
		}
		return dpop.NewSigner(signer)
	}
	return nil, domain.Errorf(domain.Invalid, "invalid_key", "%s holds no private key in PEM. Make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", path)
}
