package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// acknowledged is what clients were told is done.
type acknowledged struct {
	mu      sync.Mutex
	roles   []string
	users   []string          // IDs
	lent    map[string]string // delegations' IDs → least status: active or revoked
	tokens  []string          // jti
	count   atomic.Int64
	reached func() // called when count reaches target
	target  int64
}

func (a *acknowledged) note(set func()) {
	a.mu.Lock()
	set()
	a.mu.Unlock()
	if a.count.Add(1) == a.target {
		a.reached()
	}
}

// storm is one round: workers that issue and change until the server is gone.
type storm struct {
	t     *testing.T
	admin *client
	acks  *acknowledged
	round int
	agent string // delegations to it come and go
}

// step does one request; false ends the worker. body is what the server must
// have, or will have lost, once status says that it is done.
func (s storm) step(c *client, status int, method, path string, body any, note func(reply), headers ...string) bool {
	r, err := c.send(method, path, body, headers...)
	if err != nil {
		return false // killed before it answered: nothing was acknowledged
	}
	if r.status != status {
		s.t.Errorf("%s %s: %d: %s", method, path, r.status, r.body)
		return false
	}
	s.acks.note(func() { note(r) })
	return true
}

func (s storm) issue(c *client, clientID string) {
	note := func(r reply) {
		id, err := jti(r.text("token"))
		if err != nil {
			s.t.Error(err)
		}
		s.acks.tokens = append(s.acks.tokens, id)
	}
	for s.step(c, http.StatusOK, "GET", sdkPath+clientID, nil, note, "Cache-Control", "no-cache") {
	}
}

func (s storm) change(worker int) {
	for n := 0; ; n++ {
		name := fmt.Sprintf("role-%d-%d-%d", s.round, worker, n)
		ok := s.step(s.admin, http.StatusCreated, "POST", "/api/v1/roles", object{"name": name, "actions": []string{"billing:read"}},
			func(reply) { s.acks.roles = append(s.acks.roles, name) }) &&
			s.step(s.admin, http.StatusCreated, "POST", "/api/v1/users", object{"email": name + "@example.com", "name": name, "level": "member", "roles": []string{name}},
				func(r reply) { s.acks.users = append(s.acks.users, r.text("id")) })
		if !ok {
			return
		}
	}
}

func (s storm) lend() {
	for {
		var id string
		ok := s.step(s.admin, http.StatusCreated, "POST", "/api/v1/delegations", delegationOf(s.agent), func(r reply) {
			id = r.text("id")
			s.acks.lent[id] = "active"
		}) && s.step(s.admin, http.StatusOK, "POST", "/api/v1/delegations/"+id+"/revoke", object{}, func(reply) { s.acks.lent[id] = "revoked" })
		if !ok {
			return
		}
	}
}

// Whatever a client was told is done is there after kill -9 at any moment, and
// so is its line of a log that verifies.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { killRounds(t, newDeployment(t).withAdmin(), 5) })
	t.Run("postgres", func(t *testing.T) { killRounds(t, newDeployment(t).onPostgres().withAdmin(), 2) })
}

func killRounds(t *testing.T, d *deployment, rounds int) {
	s := d.start()
	admin := d.automation()
	admin.furnish()
	open, _ := admin.agent("Permissive", "kubernetes")
	shut, secret := admin.agent("Batch", "other")
	passing, _ := admin.agent("Passing", "kubernetes")
	for _, clientID := range []string{open, shut} {
		admin.call(201, "POST", "/api/v1/delegations", delegationOf(clientID))
	}
	nobody, batch := d.client(), d.client()
	batch.authorization = basic(shut, secret)
	seeded := rand.New(rand.NewPCG(1, uint64(rounds))) //nolint:gosec // the same moments in each run
	acks := &acknowledged{lent: map[string]string{}}
	for round := range rounds {
		acks.target = acks.count.Load() + 20 + seeded.Int64N(130)
		acks.reached = func() { _ = s.cmd.Process.Kill() }
		w := storm{t: t, admin: admin, acks: acks, round: round, agent: passing}
		var workers sync.WaitGroup
		for n := range 2 {
			workers.Go(func() { w.issue(nobody, open) })
			workers.Go(func() { w.issue(batch, shut) })
			workers.Go(func() { w.change(n) })
		}
		workers.Go(w.lend)
		workers.Wait()
		s.kill()
		if acks.count.Load() < acks.target {
			t.Fatalf("round %d ended after %d of %d acknowledgements:\n%s", round, acks.count.Load(), acks.target, s.stderr)
		}
		s = d.start()
		acks.check(t, d, admin)
	}
	t.Logf("%d roles, %d users, %d delegations, %d tokens acknowledged", len(acks.roles), len(acks.users), len(acks.lent), len(acks.tokens))
	if len(acks.roles) == 0 || len(acks.users) == 0 || len(acks.lent) == 0 || len(acks.tokens) == 0 {
		t.Error("one kind was never acknowledged: this proves nothing about it")
	}
}

// check asks the restarted server, and its log.
func (a *acknowledged) check(t *testing.T, d *deployment, admin *client) {
	t.Helper()
	for _, name := range a.roles {
		admin.call(200, "GET", "/api/v1/roles/"+name, nil)
	}
	for _, id := range a.users {
		admin.call(200, "GET", "/api/v1/users/"+id, nil)
	}
	for id, least := range a.lent {
		if got := admin.call(200, "GET", "/api/v1/delegations/"+id, nil).text("status"); least == "revoked" && got != "revoked" {
			t.Errorf("the delegation %s is %s again", id, got)
		}
	}
	recorded := map[string]bool{}
	for _, e := range parseExport(t, d.run("audit", "export").want(0).stdout) {
		recorded[e.Event.Action+" "+e.Event.Target.ID] = true
		if e.Event.Details.ID != "" {
			recorded["token "+e.Event.Details.ID] = true
		}
	}
	want := func(line string) {
		if !recorded[line] {
			t.Errorf("the log lacks %s", line)
		}
	}
	for _, name := range a.roles {
		want("role.create " + name)
	}
	for _, id := range a.users {
		want("user.create " + id)
	}
	for id, least := range a.lent {
		want("delegation.create " + id)
		if least == "revoked" {
			want("delegation.revoke " + id)
		}
	}
	for _, id := range a.tokens {
		want("token " + id)
	}
	d.run("audit", "verify").want(0)
}
