package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"authsec/sdk/go/verify"
)

// revocationFlags say how this API learns which tokens have been taken back.
type revocationFlags struct {
	mode, resourceID, secretFile, onUnknown *string
}

func addRevocationFlags(flags *flag.FlagSet) revocationFlags {
	return revocationFlags{
		mode:       flags.String("revocation", "none", "how to learn of revoked tokens: `push`, poll, introspect or none"),
		resourceID: flags.String("resource-id", os.Getenv("AUTHSEC_RESOURCE_ID"), "`ID` of this API's Resource in AuthSec (or AUTHSEC_RESOURCE_ID)"),
		secretFile: flags.String("resource-secret-file", "", "`file` that holds the resource_secret (or AUTHSEC_RESOURCE_SECRET: the secret itself)"),
		onUnknown:  flags.String("on-unknown", "refuse", "refuse or accept tokens whose revocation cannot be told"),
	}
}

func (f revocationFlags) options() ([]verify.Option, error) {
	mode := verify.RevocationMode(*f.mode)
	if mode == verify.RevocationNone {
		return nil, nil
	}
	secret := os.Getenv("AUTHSEC_RESOURCE_SECRET")
	if *f.secretFile != "" {
		text, err := os.ReadFile(*f.secretFile)
		if err != nil {
			return nil, fmt.Errorf("resource secret: %w", err)
		}
		secret = strings.TrimSpace(string(text))
	}
	unknown := verify.RefuseUnknown
	switch *f.onUnknown {
	case "refuse":
	case "accept":
		unknown = verify.AcceptUnknown
	default:
		return nil, fmt.Errorf("on-unknown %q: want refuse or accept", *f.onUnknown)
	}
	return []verify.Option{
		verify.WithRevocation(mode, verify.Credential{ID: *f.resourceID, Secret: secret}),
		verify.WithOnUnknown(unknown),
	}, nil
}
