package keyring

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"authsec/internal/domain"

	"github.com/go-jose/go-jose/v4"
)

const (
	algorithm  = jose.RS256
	keyBits    = 2048
	maxSealed  = 16 << 10
	rowHeader  = "authsec_row"
	rowVersion = "v1"
)

// key is an opened signing key. It is a token.SigningKey.
type key struct {
	row     domain.StoredKey
	public  jose.JSONWebKey
	private *rsa.PrivateKey
}

// KeyID implements token.SigningKey.
func (k *key) KeyID() string { return k.row.KID }

// Sign implements token.SigningKey.
func (k *key) Sign(_ context.Context, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	return rsa.SignPKCS1v15(rand.Reader, k.private, crypto.SHA256, digest[:])
}

// generateRSA makes a key; it takes a tenth of a second or several.
func generateRSA() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) }

// thumbprint is a key's kid (RFC 7638).
func thumbprint(public *rsa.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("thumbprint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// rowText is what is sealed of a row besides the key: all of it, so that neither
// a swap of two rows nor a change of their times goes unseen.
func rowText(k domain.StoredKey) string {
	return fmt.Sprintf("%s %s %s %d %d", rowVersion, k.KID, k.Alg, k.PublishedAt.UnixMicro(), k.ActiveAt.UnixMicro())
}

// seal encrypts a private key for its row: a JWK in a JWE (RFC 7517 §7), under
// the master key, with the row in the protected header.
func (m MasterKey) seal(row domain.StoredKey, private *rsa.PrivateKey) (string, error) {
	plain, err := json.Marshal(jose.JSONWebKey{Key: private, KeyID: row.KID, Algorithm: row.Alg, Use: "sig"})
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	enc, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: m.secret},
		(&jose.EncrypterOptions{}).WithContentType("jwk+json").WithHeader(rowHeader, rowText(row)))
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	jwe, err := enc.Encrypt(plain)
	if err != nil {
		return "", fmt.Errorf("encrypt: %w", err)
	}
	return jwe.CompactSerialize()
}

// unseal opens a row. Only who has the master key can have made what it accepts.
func (m MasterKey) unseal(row domain.StoredKey) (*key, error) {
	if len(row.Sealed) > maxSealed {
		return nil, errors.New("the sealed key is too long to be one")
	}
	jwe, err := jose.ParseEncryptedCompact(row.Sealed, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return nil, fmt.Errorf("the sealed key is damaged: %w", err)
	}
	plain, err := jwe.Decrypt(m.secret)
	if err != nil {
		return nil, errors.New("it does not open: the master key is not the one it was sealed under, or the row was changed")
	}
	if text, _ := jwe.Header.ExtraHeaders[rowHeader].(string); text != rowText(row) {
		return nil, errors.New("it was sealed for another row or other times: the row was changed")
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(plain); err != nil {
		return nil, errors.New("what is sealed is not a key") // the cause might quote it
	}
	private, ok := jwk.Key.(*rsa.PrivateKey)
	if !ok || row.Alg != string(algorithm) {
		return nil, fmt.Errorf("it is not an RSA key for %s", algorithm)
	}
	// Otherwise each signature would do it again: decoding does not keep it.
	private.Precompute()
	kid, err := thumbprint(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	if kid != row.KID {
		return nil, errors.New("what is sealed is another key")
	}
	return &key{
		row:     row,
		public:  jose.JSONWebKey{Key: &private.PublicKey, KeyID: kid, Algorithm: row.Alg, Use: "sig"},
		private: private,
	}, nil
}
