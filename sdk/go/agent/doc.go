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
package agent
