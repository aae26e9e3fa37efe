package attest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"authsec/internal/domain"
)

// inspectAnswer has the shape of an answer to GET /containers/{id}/json (Docker Engine API, ContainerInspect),
// with the members that nobody reads here cut short.
const inspectAnswer = `{"Id":%q,"Created":"2026-11-20T08:14:03.518Z","Path":"/agent","Args":[],
"State":{"Status":"running","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":%d,"ExitCode":0,"Error":"","StartedAt":"2026-11-20T08:14:03.9Z","FinishedAt":"0001-01-01T00:00:00Z"},
"Image":"sha256:77af4d6b9913e693e8d0b4b294fa62ade6054e6b2f1ffb617ac955dd63fb0182","Name":"/support","RestartCount":0,"Driver":"overlay2","Platform":"linux",
"HostConfig":{"Binds":["/run/authsec:/run/authsec"],"NetworkMode":"bridge"},
"Config":{"Hostname":"1a2b3c","User":"1000","Env":["PATH=/usr/bin:/bin","STAGE=production","API_KEY=s3cret=1","EMPTY="],"Cmd":["/agent"],"Image":"registry.example.com/agent:1.4",
"Labels":{"app":"customer-support","com.docker.compose.project":"support"}},"NetworkSettings":{"Bridge":""}}`

// engine answers as Docker's API does, on a real Unix socket, and counts.
type engine struct {
	host   string
	proc   string
	calls  atomic.Int64
	broken atomic.Bool
}

const firstProcess = 4711

// newEngine knows container1, whose first process has the cgroup.
func newEngine(t testing.TB, cgroup string) *engine {
	t.Helper()
	dir := t.TempDir()
	e := &engine{host: "unix://" + filepath.Join(dir, "docker.sock"), proc: filepath.Join(dir, "proc")}
	must(t, os.MkdirAll(filepath.Join(e.proc, fmt.Sprint(firstProcess)), 0o700))
	must(t, os.WriteFile(filepath.Join(e.proc, fmt.Sprint(firstProcess), "cgroup"), []byte(cgroup), 0o600))
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", strings.TrimPrefix(e.host, "unix://"))
	must(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containers/{id}/json", func(w http.ResponseWriter, r *http.Request) {
		e.calls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case e.broken.Load():
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"message":"the daemon is shutting down"}`))
		case r.PathValue("id") != container1:
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprintf(w, `{"message":"No such container: %s"}`, r.PathValue("id"))
		default:
			_, _ = fmt.Fprintf(w, inspectAnswer, container1, firstProcess)
		}
	})
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	return e
}

// known is a peer of which everything is known already.
type known struct {
	process domain.Process
	err     error
}

// Process implements domain.Peer.
func (k known) Process(context.Context) (domain.Process, error) { return k.process, k.err }

func dockerGroup(id string) string { return ":/system.slice/docker-" + id + ".scope" }

func inContainer(id, group string) domain.Process {
	return domain.Process{UID: 1000, GID: 1000, Groups: []uint32{1000}, PID: 99, Container: id, Cgroup: group}
}

func newUnixSource(t testing.TB, e *engine) PeerVerifier {
	t.Helper()
	settings, proc := domain.UnixSource{}, ""
	if e != nil {
		settings.DockerHost, proc = e.host, e.proc
	}
	v, err := newUnix(settings, Environment{TrustDomain: "authsec.local", Now: time.Now, Log: slog.New(slog.DiscardHandler), Proc: proc})
	must(t, err)
	t.Cleanup(func() { must(t, v.Close()) })
	return v.(PeerVerifier)
}

func dockerAgent(selectors ...domain.Selector) domain.Agent {
	return domain.Agent{ClientID: "a", Platform: domain.PlatformDocker, Selectors: selectors}
}

func values(a Attested, prefix string) map[string]string {
	out := map[string]string{}
	for _, s := range a.Selectors {
		if strings.HasPrefix(s.Key, prefix) {
			out[s.Key] += s.Value + ";"
		}
	}
	return out
}

func TestDocker(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	const image = "sha256:77af4d6b9913e693e8d0b4b294fa62ade6054e6b2f1ffb617ac955dd63fb0182;"
	own := "0::/system.slice/docker-" + container1 + ".scope\n"
	for name, c := range map[string]struct {
		process domain.Process
		init    string
		agent   domain.Agent
		want    map[string]string
		missing string // in the hint; "" : none
	}{
		"what is asked for": {inContainer(container1, dockerGroup(container1)), own,
			dockerAgent(domain.Selector{Key: "docker:label:app", Value: "x"}, domain.Selector{Key: "docker:env:STAGE", Value: "production"}),
			map[string]string{"docker:image_id": image, "docker:label:app": "customer-support;", "docker:env:STAGE": "production;"}, ""},
		"another variable's value stays inside": {inContainer(container1, dockerGroup(container1)), own,
			dockerAgent(domain.Selector{Key: "docker:env:API_KEY", Value: "guess"}), map[string]string{"docker:image_id": image}, ""},
		"a value with an equals sign": {inContainer(container1, dockerGroup(container1)), own,
			dockerAgent(domain.Selector{Key: "docker:env:API_KEY", Value: "s3cret=1"}), map[string]string{"docker:image_id": image, "docker:env:API_KEY": "s3cret=1;"}, ""},
		"a variable that is not there": {inContainer(container1, dockerGroup(container1)), own,
			dockerAgent(domain.Selector{Key: "docker:env:NONE", Value: ""}), map[string]string{"docker:image_id": image}, ""},
		"below the container's own group": {inContainer(container1, dockerGroup(container1)), own[:len(own)-1] + "/init.scope\n", dockerAgent(),
			map[string]string{"docker:image_id": image}, ""},
		"an examination shows labels and no variable": {inContainer(container1, dockerGroup(container1)), own, domain.Agent{},
			map[string]string{"docker:image_id": image, "docker:label:app": "customer-support;", "docker:label:com.docker.compose.project": "support;"}, ""},
		"a Unix agent asks for nothing of it": {inContainer(container1, dockerGroup(container1)), own,
			domain.Agent{ClientID: "a", Platform: domain.PlatformUnix}, map[string]string{}, ""},
		"in no container":        {domain.Process{UID: 1000}, own, dockerAgent(), map[string]string{}, "in no container"},
		"nobody can tell":        {domain.Process{UID: 1000, Gaps: domain.ProcessGaps{Container: "Nobody can tell."}}, own, dockerAgent(), map[string]string{}, "Nobody can tell."},
		"a container of another": {inContainer(container2, dockerGroup(container2)), own, dockerAgent(), map[string]string{}, "does not know the container"},
		"a group by another's name": {inContainer(container1, ":/user.slice/user-1000.slice/user@1000.service/docker-"+container1+".scope"), own, dockerAgent(),
			map[string]string{}, "not the container's own"},
		"a group below another container": {inContainer(container1, ":/system.slice/x.scope/docker-"+container1+".scope"), own, dockerAgent(), map[string]string{}, "not the container's own"},
		"its first process is elsewhere":  {inContainer(container1, dockerGroup(container1)), "0::/\n", dockerAgent(), map[string]string{}, "does not see the container's processes"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUnixSource(t, newEngine(t, c.init))
			got, err := u.VerifyPeer(t.Context(), Question{Agent: c.agent, Presented: Presented{Peer: known{process: c.process}}, Now: now})
			must(t, err)
			found := values(got, "docker:")
			if fmt.Sprint(found) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", found, c.want)
			}
			if why := got.Missing["docker:"]; (why == "") != (c.missing == "") || !strings.Contains(why, c.missing) {
				t.Errorf("hint %q", why)
			}
			for _, s := range got.Selectors {
				if strings.HasPrefix(s.Key, "docker:") != (s.How == LookedUp) {
					t.Errorf("%s is known by %s", s.Key, s.How)
				}
			}
		})
	}
}

// Docker is asked once a minute; while it is away, nothing is attested.
func TestDockerIsAskedOnceAMinute(t *testing.T) {
	e := newEngine(t, "0::/system.slice/docker-"+container1+".scope\n")
	u := newUnixSource(t, e)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	ask := func(at time.Time) error {
		_, err := u.VerifyPeer(t.Context(), Question{Agent: dockerAgent(), Presented: Presented{Peer: known{process: inContainer(container1, dockerGroup(container1))}}, Now: at})
		return err
	}
	for _, after := range []time.Duration{0, time.Second, 59 * time.Second} {
		must(t, ask(now.Add(after)))
	}
	if n := e.calls.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	e.broken.Store(true)
	must(t, ask(now.Add(59*time.Second)))
	err := ask(now.Add(time.Minute))
	var rejection *Rejection
	if err == nil || errors.Is(err, ErrNotMine) || errors.As(err, &rejection) || !strings.Contains(err.Error(), "500") {
		t.Errorf("away: %v", err)
	}
	e.broken.Store(false)
	if must(t, ask(now.Add(time.Minute))); e.calls.Load() != 3 {
		t.Errorf("asked %d times", e.calls.Load())
	}
}

func TestDockerHosts(t *testing.T) {
	for host, good := range map[string]bool{"unix:///run/docker.sock": true, "https://docker.example.com:2376": true, "http://127.0.0.1:2375": true,
		"tcp://127.0.0.1:2375": false, "https://": false, "docker.sock": false, "ssh://host": false} {
		if _, err := newUnix(domain.UnixSource{DockerHost: host}, Environment{}); (err == nil) != good {
			t.Errorf("%s: %v", host, err)
		}
	}
	away := newUnixSource(t, &engine{host: "unix:///nonexistent/docker.sock"})
	_, err := away.VerifyPeer(t.Context(), Question{Agent: dockerAgent(), Presented: Presented{Peer: known{process: inContainer(container1, dockerGroup(container1))}}, Now: time.Now()})
	if err == nil || errors.Is(err, ErrNotMine) {
		t.Errorf("no socket: %v", err)
	}
}

// What answers in Docker's place is not believed beyond a bound.
func TestDockerAnswers(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"Id":"` + strings.Repeat(" ", maxDockerAnswer)))
		},
		"not JSON":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"another one": func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, inspectAnswer, container2, 1) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		},
		"unauthorized": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		server := httptest.NewServer(answer)
		u := newUnixSource(t, &engine{host: server.URL})
		_, err := u.VerifyPeer(t.Context(), Question{Agent: dockerAgent(), Presented: Presented{Peer: known{process: inContainer(container1, dockerGroup(container1))}}, Now: time.Now()})
		if err == nil || errors.Is(err, ErrNotMine) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

func FuzzParseInspect(f *testing.F) {
	f.Add(fmt.Appendf(nil, inspectAnswer, container1, 1))
	f.Add([]byte(`{"Id":"` + container1 + `","Config":null,"State":{"Pid":-1}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, _, err := parseInspect(b, container1)
		if err == nil && c.env == nil {
			t.Fatal("no map")
		}
	})
}
