// Package agent gets delegation tokens for an AI agent: short-lived JWTs that
// carry the authority a person delegated to it.
//
//	client, err := agent.New(agent.FromEnv())
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer client.Close()
//
//	api := &http.Client{Transport: client.Transport(nil, "billing.example.com")}
//	resp, err := api.Get("https://billing.example.com/billing/customers/c-42")
//
// Build one [Client] for the life of the process and share it. A token is kept
// while it is good and replaced in the background in the last fifth of its life.
//
// The proof of the workload is looked for in these places, in order, and the
// first that has one wins: the fields ClientSecret and WorkloadTokenFile, the
// file that AUTHSEC_WORKLOAD_TOKEN_FILE names, the projected token at
// [ProjectedToken], a JWT-SVID from the SPIFFE Workload API at
// SPIFFE_ENDPOINT_SOCKET, and the connection itself, which shows the server the
// process on the same machine (a BaseURL like unix:///run/authsec/authsec.sock).
//
// A token can be bound to a key, so that nobody can use it who steals only the
// token. With DPoP of [Config] each request carries a proof of the key (RFC 9449);
// with ClientCertificate the connection does, to the server and to the API (RFC
// 8705). [Client.Transport] then does what the API demands: it learns the API's
// nonce, or shows the certificate, to the named hosts alone. An answer whose token
// is not bound as asked is an error: there is no falling back to a plain token.
package agent
