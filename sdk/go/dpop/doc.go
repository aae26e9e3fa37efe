// Package dpop makes and reads DPoP proofs (RFC 9449): one signed JWT per HTTP
// request, by which its sender shows that they hold the private key to which an
// access token is bound (its cnf.jkt).
//
// The sender of requests:
//
//	signer, err := dpop.Generate() // or dpop.NewSigner(key) for a key of your own
//	proof, err := signer.Sign(dpop.Request{Method: "GET", URL: url, Now: time.Now(), AccessToken: token})
//	request.Header.Set("DPoP", proof)
//
// Their receiver:
//
//	compact, err := dpop.FromHeader(request.Header)
//	proof, err := dpop.Parse(compact, dpop.Expectation{Method: "GET", URL: url, Now: time.Now(), Leeway: dpop.Leeway, AccessToken: token})
//	if err != nil { … } // an *Error: nothing in its text comes from the proof
//
// What needs memory or a secret is the receiver's own: that a proof's
// (Thumbprint, ID) was not seen before (§11.1), that its Nonce is one it gave out
// (§8, §9), and that its Thumbprint is the token's (§7.1).
package dpop
