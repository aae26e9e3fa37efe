package httpapi_test

import (
	"encoding/json"
	"testing"
	"time"
)

// recalledAs is a RecallProgress.
type recalledAs struct {
	Seq     int64
	At      time.Time
	Indexes int
	Tokens  struct {
		Count int
		More  bool
	}
	Verifiers struct{ Connected, Heard, Polling int }
}

func (h *house) progress(path string, as person) recalledAs {
	h.t.Helper()
	var got recalledAs
	h.must(json.Unmarshal([]byte(h.call("GET", path+"/recall", nil, h.as(as)).want(200).body), &got))
	return got
}

// TestRecallProgress: how many tokens are recalled, who has heard, and who may know.
func TestRecallProgress(t *testing.T) {
	h := newHouse(t, options{})
	s := h.serve()
	delegation, agent := "/api/v1/delegations/"+h.delegation.ID, "/api/v1/agents/"+h.agent.ClientID
	for _, path := range []string{delegation, agent, "/api/v1/delegations/" + h.resource.ID, "/api/v1/agents/" + h.resource.ID} {
		for _, p := range []person{h.admin, h.member, h.auditor} {
			if a := h.call("GET", path+"/recall", nil, h.as(p)).want(404); a.problem.Code != "not_found" {
				t.Errorf("%s: %s", path, a.body)
			}
		}
	}
	_, asOrders := h.another("https://orders.example.com")
	listening, elsewhere := s.listen(h.asBilling()), s.listen(asOrders)
	listening.want("heartbeat")
	elsewhere.want("heartbeat")
	h.issued()
	h.issued()
	h.lentTo(h.resource.URI) // by another delegation
	h.call("POST", delegation+"/revoke", object{}, h.as(h.admin)).want(200)
	got := h.progress(delegation, h.admin)
	if got.Seq != 1 || !got.At.Equal(h.clock.Now()) || got.Indexes != 1 || got.Tokens.Count != 2 || got.Tokens.More || got.Verifiers.Connected != 2 {
		t.Errorf("%+v", got)
	}
	s.polls()
	listening.want("recall")
	elsewhere.want("recall") // of the default audience
	eventually(t, func() bool { return h.progress(delegation, h.admin).Verifiers.Heard == 2 })

	// A reader that is gone does not count; one that asks does, for a minute.
	h.must(elsewhere.body.Close())
	eventually(t, func() bool { v := h.progress(delegation, h.auditor).Verifiers; return v.Connected == 1 && v.Heard == 1 })
	h.page(0, asOrders)
	h.introspect("x", h.asBilling()).want(200)
	if v := h.progress(agent, h.admin).Verifiers; v.Polling != 2 {
		t.Errorf("%+v", v)
	}
	h.clock.Advance(time.Minute)
	if v := h.progress(agent, h.admin).Verifiers; v.Polling != 0 || v.Connected != 1 {
		t.Errorf("after a minute: %+v", v)
	}

	// A member sees what concerns their own delegations.
	if got := h.progress(delegation, h.member); got.Tokens.Count != 2 {
		t.Errorf("its own person: %+v", got)
	}
	if got := h.progress(agent, h.member); got.Seq != 1 || got.Indexes != 1 {
		t.Errorf("of the agent: %+v", got)
	}
	for _, path := range []string{delegation, agent} {
		h.call("GET", path+"/recall", nil, h.as(h.other)).want(404)
	}
}
