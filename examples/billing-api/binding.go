package main

import (
	"errors"
	"flag"
	"net/url"

	"authsec/sdk/go/verify"
)

// bindingFlags say whether tokens may or must be bound to a key of their sender.
type bindingFlags struct{ dpop, nonces, required *bool }

func addBindingFlags(flags *flag.FlagSet) bindingFlags {
	return bindingFlags{
		dpop:     flags.Bool("dpop", false, "accept DPoP-bound tokens as well (RFC 9449); behind a proxy, with --resource-url"),
		nonces:   flags.Bool("dpop-nonces", false, "demand a nonce of this API in DPoP proofs"),
		required: flags.Bool("sender-constrained", false, "accept bound tokens only"),
	}
}

// options returns the verifier's. resourceURL is where clients reach the API, "" for
// directly.
func (f bindingFlags) options(resourceURL string) ([]verify.Option, error) {
	if !*f.dpop {
		if *f.nonces || *f.required {
			return nil, errors.New("--dpop-nonces and --sender-constrained go with --dpop")
		}
		return nil, nil
	}
	d := verify.DPoP{RequireNonce: *f.nonces}
	if resourceURL != "" {
		u, err := url.Parse(resourceURL)
		if err != nil {
			return nil, errors.New("--resource-url is not a URL")
		}
		d.PublicURL = u.Scheme + "://" + u.Host
	}
	options := []verify.Option{verify.WithDPoP(d)}
	if *f.required {
		options = append(options, verify.WithSenderConstrained())
	}
	return options, nil
}
