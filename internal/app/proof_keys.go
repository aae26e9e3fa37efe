package app

import (
	"time"

	"authsec/internal/httpapi/wire"
	"authsec/internal/proofkey"
)

// proofKeys is what checks the keys that tokens are to be bound to, and what reads
// their proofs from requests. OpenKeys comes first.
func (a *App) proofKeys() (proofkey.Prover, wire.KeyProofs, error) {
	key, err := a.Keyring.Master.NonceKey()
	if err != nil {
		return proofkey.Prover{}, wire.KeyProofs{}, err
	}
	nonces, err := proofkey.NewNonces(key)
	if err != nil {
		return proofkey.Prover{}, wire.KeyProofs{}, err
	}
	return proofkey.Prover{Nonces: nonces, Used: a.Store}, wire.KeyProofs{PublicURL: a.Config.Issuer(), MutualTLSURL: a.Config.MTLSOrigin(), Nonces: nonces, Now: time.Now}, nil
}
