package httpapi_test

import (
	"encoding/json"
	"slices"
	"testing"

	"authsec/internal/attest/oidctest"
)

// The list of an agent's tokens says through whose hands each came, and how it is bound.
func TestAgentTokensSayHowTheyCame(t *testing.T) {
	h := newHands(t, options{})
	first := h.fetched()
	h.swap(h.second.as, first).want(200)
	h.admin.cookie = h.session(h.admin.Email)
	route := tokenRoutes()[0]
	key := oidctest.NewKey(t, "bound", "ES256")
	h.ask(nil, h.first.as, dpop(h.prove(key, route, nil, nil))).want(200)
	for agent, want := range map[string][]struct {
		bound string
		chain []string
	}{
		h.first.ClientID:  {{"dpop", []string{}}, {"none", []string{}}}, // the newest first
		h.second.ClientID: {{"none", []string{h.first.ClientID, h.second.ClientID}}},
	} {
		var got struct {
			Items []struct {
				BoundBy string `json:"bound_by"`
				Chain   []string
			}
		}
		h.must(json.Unmarshal([]byte(h.call("GET", "/api/v1/agents/"+agent+"/tokens", nil, h.as(h.admin)).want(200).body), &got))
		if len(got.Items) != len(want) {
			t.Fatalf("%d tokens, want %d", len(got.Items), len(want))
		}
		for i, item := range got.Items {
			if item.BoundBy != want[i].bound || !slices.Equal(item.Chain, want[i].chain) || item.Chain == nil {
				t.Errorf("token %d of %s: %+v", i, agent, item)
			}
		}
	}
}
