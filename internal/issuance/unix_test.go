//go:build linux

package issuance_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/attest"
	"authsec/internal/domain"
	"authsec/internal/issuance"
)

// thisMachine is the workload source that every database begins with.
const thisMachine = "0190a000-0000-7000-8000-756e69780001"

// onThisMachine makes the house verify proofs by its workload sources; proc is
// where it finds the processes of containers.
func (h *house) onThisMachine(t testing.TB, proc string) {
	t.Helper()
	environment := attest.Environment{TrustDomain: "authsec.local", Now: h.clock.Now, Log: slog.New(slog.DiscardHandler), Proc: proc}
	sources := &attest.Sources{Reader: h.store, Log: slog.New(slog.DiscardHandler), Build: environment.Build}
	t.Cleanup(func() { must(t, sources.Close()) })
	h.Attestor = attest.Chain{attest.ClientSecret{}, sources}
}

// local is an agent of a platform of this machine.
func (h *house) local(t testing.TB, platform string, selectors ...domain.Selector) domain.Agent {
	t.Helper()
	a := h.newAgent(t, func(a *domain.Agent) { a.Platform, a.Selectors = platform, selectors })
	h.lend(t, h.ana, a, func(*domain.Delegation) {})
	return a
}

// connect connects this process to itself over a real socket, and returns what
// the server's end shows of the client's.
func connect(t testing.TB, network string) (issuance.Presented, net.Conn) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "s")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), network, address)
	must(t, err)
	defer l.Close() //nolint:errcheck // it has served
	theirs, err := (&net.Dialer{}).DialContext(t.Context(), network, l.Addr().String())
	must(t, err)
	ours, err := l.Accept()
	must(t, err)
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	peers, err := attest.NewPeers(true)
	must(t, err)
	return issuance.Presented{Peer: peers.Of(ours), Loopback: true}, theirs
}

// sel is a list of selectors, as "key=value" each.
func sel(all ...string) []domain.Selector {
	var out []domain.Selector
	for _, s := range all {
		key, value, _ := strings.Cut(s, "=")
		out = append(out, domain.Selector{Key: key, Value: value})
	}
	return out
}

// own are the selectors of this very process.
func own(t testing.TB) (uid, name, gid, path, digest string) {
	t.Helper()
	me, err := user.Current()
	must(t, err)
	exe, err := os.Executable()
	must(t, err)
	b, err := os.ReadFile(exe)
	must(t, err)
	sum := sha256.Sum256(b)
	return "unix:uid=" + me.Uid, "unix:user=" + me.Username, "unix:gid=" + strconv.Itoa(os.Getgid()), "unix:path=" + exe, "unix:sha256=" + hex.EncodeToString(sum[:])
}

func TestUnix(t *testing.T) {
	h := newHouse(t)
	h.onThisMachine(t, "")
	uid, name, gid, path, digest := own(t)
	agent := h.local(t, domain.PlatformUnix, sel(uid, name, gid, path, digest)...)

	// Satisfied over either kind of socket, with no credential at all.
	for _, network := range []string{"unix", "tcp"} {
		p, _ := connect(t, network)
		list := h.events(t, func() {
			if _, c := h.issue(t, of(agent), proving(p)); c.Attestation != "unix" || c.ClientID != agent.ClientID {
				t.Errorf("%s: %+v", network, c)
			}
		})
		details := string(list[0].Details)
		for _, s := range agent.Selectors {
			if want := fmt.Sprintf(`{"key":%q,"value":%q,"how":"node"}`, s.Key, s.Value); !strings.Contains(details, want) {
				t.Errorf("%s: the event does not say %s: %s", network, want, details)
			}
		}
		if len(list) != 1 || !strings.Contains(details, thisMachine) {
			t.Errorf("%s: %s", network, details)
		}
	}

	// One off, or not provable: the process is known, so it is on the chain.
	direct, _ := connect(t, "unix")
	shared, theirs := connect(t, "unix")
	passOn(t, theirs)
	for what, tt := range map[string]struct {
		selectors []domain.Selector
		proof     issuance.Presented
		missing   string
		says      string
	}{
		"another user":                        {sel("unix:uid=64999", path), direct, "unix:uid", "Run the agent where"},
		"another user by name":                {sel(uid, "unix:user=somebody-else"), direct, "unix:user", "Run the agent where"},
		"another group":                       {sel("unix:gid=64999"), direct, "unix:gid", "Run the agent where"},
		"another program":                     {sel(uid, "unix:path=/opt/agent"), direct, "unix:path", "Run the agent where"},
		"another version of it":               {sel(path, "unix:sha256="+strings.Repeat("0", 64)), direct, "unix:sha256", "Run the agent where"},
		"another program has it too":          {sel(uid, path), shared, "unix:path", "let no other inherit it"},
		"another program has it too, digests": {sel(digest), shared, "unix:sha256", "let no other inherit it"},
	} {
		t.Run(what, func(t *testing.T) {
			agent := h.local(t, domain.PlatformUnix, tt.selectors...)
			list := h.events(t, func() {
				e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(agent), proving(tt.proof))
				if !strings.Contains(e.Public, tt.missing) || !strings.Contains(e.Public, tt.says) {
					t.Error(e.Public)
				}
				for _, s := range tt.selectors {
					if strings.Contains(e.Public, s.Value) {
						t.Errorf("it tells a value: %s", e.Public)
					}
				}
			})
			if len(list) != 1 || list[0].Outcome != domain.OutcomeRefused || list[0].Reasons[0].Code != "selectors_not_satisfied" || !strings.Contains(string(list[0].Details), `"unix:uid"`) {
				t.Errorf("%+v", list)
			}
		})
	}
	if _, c := h.issue(t, of(h.local(t, domain.PlatformUnix, sel(uid)...)), proving(shared)); c.Attestation != "unix" {
		t.Error("whoever has the connection, that user opened it")
	}
}

// passOn has another program inherit the connection.
func passOn(t testing.TB, c net.Conn) {
	t.Helper()
	file, err := c.(*net.UnixConn).File()
	must(t, err)
	cat := exec.Command("cat") //nolint:noctx // ends with its input
	cat.ExtraFiles = []*os.File{file}
	in, err := cat.StdinPipe()
	must(t, err)
	out, err := cat.StdoutPipe()
	must(t, err)
	must(t, cat.Start())
	must(t, file.Close())
	t.Cleanup(func() { must(t, in.Close()); must(t, cat.Wait()) })
	_, err = in.Write([]byte("."))
	must(t, err)
	_, err = out.Read(make([]byte, 1)) // it runs, and no longer as this program
	must(t, err)
}

// Where the kernel knows nobody, or must not be asked, there is no proof.
func TestUnixProofMissing(t *testing.T) {
	h := newHouse(t)
	h.onThisMachine(t, "")
	uid, _, _, _, _ := own(t)
	agent := h.local(t, domain.PlatformUnix, sel(uid)...)
	direct, _ := connect(t, "unix")
	gone, theirs := connect(t, "tcp")
	must(t, theirs.Close())
	tokened := direct
	tokened.Bearer = "a.b.c"
	secret := direct
	secret.Basic = &issuance.Basic{ClientID: agent.ClientID, Secret: "authsec_cs_guess"}
	for what, tt := range map[string]struct {
		agent domain.Agent
		proof issuance.Presented
		code  string
	}{
		"no peer, from afar":         {agent, issuance.Presented{}, "workload_proof_required"},
		"no peer, forwarded":         {agent, issuance.Presented{Loopback: true}, "workload_proof_required"},
		"the connection is closed":   {agent, gone, "workload_proof_required"},
		"an agent of a cluster":      {h.agent, direct, "workload_proof_required"},
		"an agent in a container":    {h.local(t, domain.PlatformDocker, sel("docker:label:app=x")...), direct, "workload_proof_required"},
		"a token that nobody issued": {agent, tokened, "invalid_workload_proof"},
		"a wrong secret":             {agent, secret, "invalid_workload_proof"},
	} {
		t.Run(what, func(t *testing.T) {
			list := h.counted(t, func() {
				h.refused(t, domain.Unauthenticated, tt.code, of(tt.agent), proving(tt.proof))
			})
			if len(list) != 1 || list[0].Reasons[0].Code != tt.code {
				t.Errorf("%+v", list)
			}
		})
	}

	// Disabled, the source is gone at once; enabled, it is back.
	h.issue(t, of(agent), proving(direct))
	h.setSource(t, func(s *domain.WorkloadSource) { s.Enabled = false })
	h.counted(t, func() {
		h.refused(t, domain.Unauthenticated, "workload_proof_required", of(agent), proving(direct))
	})
	h.setSource(t, func(s *domain.WorkloadSource) { s.Enabled = true })
	h.issue(t, of(agent), proving(direct))
}

// A permissive agent needs no proof, and gets no credit for a wrong one.
func TestUnixPermissive(t *testing.T) {
	h := newHouse(t)
	h.onThisMachine(t, "")
	uid, _, _, _, _ := own(t)
	direct, _ := connect(t, "tcp")
	for _, chosen := range []bool{true, false} {
		for value, as := range map[string]string{uid: "unix", "unix:uid=64999": "none"} {
			a := h.newAgent(t, func(a *domain.Agent) {
				a.Platform, a.Selectors, a.Attestation, a.AttestationChosen = domain.PlatformUnix, sel(value), domain.AttestationPermissive, chosen
			})
			h.lend(t, h.ana, a, func(*domain.Delegation) {})
			if _, c := h.issue(t, of(a), proving(direct)); c.Attestation != as {
				t.Errorf("%s: attestation %q, want %q", value, c.Attestation, as)
			}
		}
	}
}

func (h *house) setSource(t testing.TB, change func(*domain.WorkloadSource)) {
	t.Helper()
	_, err := h.store.UpdateWorkloadSource(t.Context(), thisMachine, func(s *domain.WorkloadSource) (domain.Event, error) {
		change(s)
		s.UpdatedAt = h.clock.Now()
		return h.event("workload_source.update"), nil
	})
	must(t, err)
}

// contained is the peer of a process in a container: no Docker is needed to test
// what becomes of it.
type contained struct{ id, group string }

func (c contained) Process(context.Context) (domain.Process, error) {
	return domain.Process{UID: 1000, GID: 1000, Groups: []uint32{1000}, PID: 99, Container: c.id, Cgroup: c.group}, nil
}

func TestDocker(t *testing.T) {
	id, other := strings.Repeat("1a", 32), strings.Repeat("2b", 32)
	group := func(id string) string { return ":/system.slice/docker-" + id + ".scope" }
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, "proc", "4711"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "proc", "4711", "cgroup"), []byte("0:"+group(id)+"\n"), 0o600))
	var away atomic.Bool
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(dir, "docker.sock"))
	must(t, err)
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case away.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path != "/containers/"+id+"/json":
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = fmt.Fprintf(w, `{"Id":%q,"Image":"sha256:77","State":{"Pid":4711},"Config":{"Labels":{"app":"support","tier":"gold"},"Env":["STAGE=production","API_KEY=s3cret"]}}`, id)
		}
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })

	h := newHouse(t)
	h.onThisMachine(t, filepath.Join(dir, "proc"))
	h.setSource(t, func(s *domain.WorkloadSource) {
		s.Settings.Unix.DockerHost = "unix://" + filepath.Join(dir, "docker.sock")
	})
	inside := issuance.Presented{Peer: contained{id, group(id)}}
	agent := h.local(t, domain.PlatformDocker, sel("docker:label:app=support", "docker:image_id=sha256:77", "docker:env:STAGE=production")...)
	list := h.events(t, func() {
		if _, c := h.issue(t, of(agent), proving(inside)); c.Attestation != "unix" {
			t.Errorf("%+v", c)
		}
	})
	details := string(list[0].Details)
	if !strings.Contains(details, `{"key":"docker:label:app","value":"support","how":"looked_up"}`) || strings.Contains(details, "gold") || strings.Contains(details, "s3cret") {
		t.Errorf("what nobody asked about is in the event, or what they did is not: %s", details)
	}

	outside, _ := connect(t, "unix")
	for what, tt := range map[string]struct {
		selectors []domain.Selector
		proof     issuance.Presented
		missing   string
		says      string
	}{
		"another label":            {sel("docker:label:app=billing"), inside, "docker:label:app", "Run the agent where"},
		"a label it lacks":         {sel("docker:label:team=a"), inside, "docker:label:team", "Run the agent where"},
		"another image":            {sel("docker:image_id=sha256:78"), inside, "docker:image_id", "Run the agent where"},
		"another variable":         {sel("docker:env:API_KEY=guess"), inside, "docker:env:API_KEY", "Run the agent where"},
		"another container":        {agent.Selectors, issuance.Presented{Peer: contained{other, group(other)}}, "docker:image_id", "does not know the container"},
		"no container":             {agent.Selectors, outside, "docker:label:app", "container"},
		"a group by its name":      {agent.Selectors, issuance.Presented{Peer: contained{id, ":/user.slice/docker-" + id + ".scope"}}, "docker:label:app", "not the container's own"},
		"a process of the outside": {agent.Selectors, issuance.Presented{Peer: contained{}}, "docker:label:app", "in no container"},
	} {
		t.Run(what, func(t *testing.T) {
			a := h.local(t, domain.PlatformDocker, tt.selectors...)
			list := h.events(t, func() {
				e := h.refused(t, domain.Forbidden, "selectors_not_satisfied", of(a), proving(tt.proof))
				if !strings.Contains(e.Public, tt.missing) || !strings.Contains(e.Public, tt.says) {
					t.Error(e.Public)
				}
			})
			if len(list) != 1 || list[0].Reasons[0].Code != "selectors_not_satisfied" || strings.Contains(string(list[0].Details), "s3cret") {
				t.Errorf("%+v", list)
			}
		})
	}

	// Docker away: nothing is known for certain, so nobody is refused, or let in.
	h.clock.Advance(time.Minute)
	away.Store(true)
	local := h.local(t, domain.PlatformUnix, sel("unix:uid=1000")...)
	if list := h.events(t, func() {
		h.refused(t, domain.Unavailable, "temporarily_unavailable", of(agent), proving(inside))
	}); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	h.issue(t, of(local), proving(inside)) // and who needs no Docker does not wait for it
	away.Store(false)
	h.issue(t, of(agent), proving(inside))
}
