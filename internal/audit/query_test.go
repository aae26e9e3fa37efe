package audit

import (
	"errors"
	"testing"
	"time"

	"authsec/internal/clocktest"
	"authsec/internal/domain"
)

const (
	ana   = "0190a5f2-0000-7000-8000-000000000001"
	bob   = "0190a5f2-0000-7000-8000-000000000002"
	agent = "0190a5f2-0000-7000-8000-00000000000a"
	lent  = "0190a5f2-0000-7000-8000-0000000000d1"
)

// queryOf returns a Query over a log with a token of Ana's delegation (line 1),
// a change by Bob (2), and a refusal before proof (3).
func queryOf(t *testing.T) (Query, database) {
	t.Helper()
	d := newDatabase(t)
	for _, id := range []string{ana, bob} {
		d.exec(t, `INSERT INTO users (id, email, email_key, name, status, level, password_hash, search, created_at, updated_at, last_sign_in_at)
			VALUES ($1, $1, $1, 'n', 'active', 'member', '', '', 1, 1, 0)`, id)
	}
	d.exec(t, `INSERT INTO agents (client_id, name, name_key, type, platform, attestation, attestation_chosen, status, default_delegation_id, search, created_at, updated_at)
		VALUES ($1, 'A', 'a', 'langchain', 'other', 'required', 1, 'active', '', '', 1, 1)`, agent)
	d.exec(t, `INSERT INTO delegations (id, client_id, role, delegator_id, max_duration_s, ends_at, status, disabled_by_admin, revoke_reason, revoked_at, created_at, updated_at)
		VALUES ($1, $2, 'r', $3, 60, 0, 'active', 0, '', 0, 1, 1)`, lent, agent, ana)
	token := issued(t, 1)
	token.ClientID, token.DelegationID = agent, lent
	byBob := domain.NewEvent(start, domain.Caller{UserID: bob, Via: domain.ViaSession}, "role.create", domain.Party{Type: "role", ID: "r"})
	refused := numbered(3)
	refused.ClientID, refused.DelegationID, refused.Action, refused.Outcome = agent, "", domain.ActionTokenIssue, domain.OutcomeRefused
	if err := d.AppendEvents(t.Context(), []domain.Event{token, byBob, refused}, nil); err != nil {
		t.Fatal(err)
	}
	c := clocktest.At(start.Add(time.Hour))
	w, _ := newWatcher(d, newSigner("ours"), c)
	return Query{Store: d, Watcher: w, Now: c.Now}, d
}

func TestQueryShowsEachCallerTheirOwn(t *testing.T) {
	q, _ := queryOf(t)
	user := func(id string, level domain.Level) domain.Caller { return domain.Caller{UserID: id, Level: level} }
	for name, c := range map[string]struct {
		caller domain.Caller
		want   []int64
	}{
		"admin":                     {user("x", domain.LevelAdmin), []int64{3, 2, 1}},
		"auditor":                   {user("x", domain.LevelAuditor), []int64{3, 2, 1}},
		"operator":                  {domain.Operator("root"), []int64{3, 2, 1}},
		"ana":                       {user(ana, domain.LevelMember), []int64{1}},
		"bob":                       {user(bob, domain.LevelMember), []int64{2}},
		"a member without anything": {user("x", domain.LevelMember), nil},
		"nobody":                    {domain.Caller{}, nil},
		"no level":                  {user(ana, ""), []int64{1}},
		"a level alone":             {domain.Caller{Level: domain.LevelMember}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			nobody := c.caller.UserID == "" && !c.caller.ReadsAll()
			// A caller cannot choose whose eyes to look through.
			list, err := q.Events(t.Context(), c.caller, domain.EventFilter{VisibleTo: ana}, domain.Page{Limit: 10})
			if nobody {
				if domain.KindOf(err) != domain.Forbidden {
					t.Errorf("events: %v", err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			visible := map[int64]bool{}
			for _, e := range list.Items {
				visible[e.Seq] = true
			}
			for seq := int64(1); seq <= 3; seq++ {
				want := false
				for _, w := range c.want {
					want = want || w == seq
				}
				if visible[seq] != want {
					t.Errorf("line %d listed: %v, want %v", seq, visible[seq], want)
				}
				e, err := q.Event(t.Context(), c.caller, seq)
				if want && (err != nil || e.Seq != seq) || !want && !nobody && domain.KindOf(err) != domain.NotFound || nobody && domain.KindOf(err) != domain.Forbidden {
					t.Errorf("line %d alone: %v", seq, err)
				}
			}
			_, err = q.Overview(t.Context(), c.caller, time.Time{}, time.Time{})
			if nobody != (domain.KindOf(err) == domain.Forbidden && err != nil) {
				t.Errorf("overview: %v", err)
			}
			tokens, err := q.LastTokens(t.Context(), c.caller, agent, 5)
			seesToken := visible[1]
			if !nobody && (err != nil || (len(tokens) == 1) != seesToken) {
				t.Errorf("last tokens: %d, %v", len(tokens), err)
			}
		})
	}
}

func TestQueryRefusesBadFilters(t *testing.T) {
	q, _ := queryOf(t)
	admin := domain.Operator("root")
	for _, f := range []domain.EventFilter{{ClientID: "x"}, {DelegationID: "1"}, {Outcome: "maybe"}, {Actor: "\x00"}, {Action: string(make([]byte, 129))},
		{From: start, To: start}, {To: time.Date(123456, 1, 1, 0, 0, 0, 0, time.UTC)}, {TargetID: "\xff"}} {
		if _, err := q.Events(t.Context(), admin, f, domain.Page{Limit: 1}); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	for _, span := range [][2]time.Time{{start, start}, {start.Add(time.Hour * 2), {}}, {start.AddDate(-2, 0, 0), start}} {
		if _, err := q.Overview(t.Context(), admin, span[0], span[1]); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("%v: %v", span, err)
		}
	}
	if _, err := q.LastTokens(t.Context(), admin, agent, 1000); domain.KindOf(err) != domain.Invalid || err == nil {
		t.Errorf("a thousand tokens: %v", err)
	}
}

func TestChainStatus(t *testing.T) {
	q, d := queryOf(t)
	s, err := q.ChainStatus(t.Context())
	if err != nil || s.Events != 3 || s.LastCheckpoint != nil || s.VerifiedUpTo != 0 || !s.VerifiedAt.IsZero() {
		t.Errorf("at first: %+v, %v", s, err)
	}
	cp, err := checkpoints(d, newSigner("ours"), clocktest.At(start)).Make(t.Context())
	if err := errors.Join(err, q.Watcher.Step(t.Context())); err != nil {
		t.Fatal(err)
	}
	head, err := d.ChainHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err = q.ChainStatus(t.Context())
	if err != nil || s.Head != head.Hash || s.VerifiedUpTo != 3 || s.Broken != nil || s.LastCheckpoint == nil || *s.LastCheckpoint != cp {
		t.Errorf("verified: %+v, %v", s, err)
	}
	d.exec(t, `DELETE FROM audit_events WHERE seq = 3`)
	d.recompute(t, 2)
	if err := q.Watcher.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err = q.ChainStatus(t.Context()); err != nil || s.Broken == nil || s.Broken.Seq != 3 {
		t.Errorf("cut off: %+v, %v", s, err)
	}
}
