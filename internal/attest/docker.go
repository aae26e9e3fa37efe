package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Limits of asking Docker.
const (
	dockerTimeout    = 5 * time.Second
	maxDockerAnswer  = 1 << 20
	maxContainers    = 1024
	containerKeptFor = 60 * time.Second
)

// errNoContainer: Docker has no such container.
var errNoContainer = errors.New("the Docker API knows no such container")

// docker asks one Docker API about containers (Docker Engine API,
// ContainerInspect), and believes each answer for a minute.
type docker struct {
	base    string // http://host, of the socket or not
	client  *http.Client
	proc    string
	kept    *lru.Cache[string, keptContainer]
	flights singleflight.Group
}

type keptContainer struct {
	container
	until time.Time
}

// container is what is known of a container.
type container struct {
	labels map[string]string
	image  string
	env    map[string]domain.Secret
	group  string // its own cgroup, as domain.Process.Cgroup; "" : not to be seen
}

// newDocker takes unix:///path, or https://host[:port]; plain http only as far as
// the loopback interface, which the settings' check sees to.
func newDocker(host, proc string) (*docker, error) {
	kept, err := lru.New[string, keptContainer](maxContainers)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConns: 4, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout: dockerTimeout, ForceAttemptHTTP2: true}
	d := &docker{base: strings.TrimSuffix(host, "/"), proc: proc, kept: kept, client: &http.Client{Transport: transport, Timeout: dockerTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if path, ok := strings.CutPrefix(host, "unix://"); ok {
		d.base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		return d, nil
	}
	u, err := url.Parse(host)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, errors.New("docker_host must begin with unix:// or https://")
	}
	return d, nil
}

func (d *docker) close() { d.client.CloseIdleConnections() }

// of returns the container of a process; errNoContainer: Docker has not started it.
func (d *docker) of(ctx context.Context, p domain.Process, now time.Time) (container, error) {
	if kept, ok := d.kept.Get(p.Container); ok && now.Before(kept.until) {
		return kept.container, nil
	}
	shared, err, _ := d.flights.Do(p.Container, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dockerTimeout)
		defer cancel()
		c, err := d.inspect(ctx, p.Container)
		if err != nil {
			return container{}, err
		}
		d.kept.Add(p.Container, keptContainer{c, now.Add(containerKeptFor)})
		return c, nil
	})
	if err != nil {
		return container{}, err
	}
	return shared.(container), nil //nolint:forcetypeassert // made above
}

func (d *docker) inspect(ctx context.Context, id string) (container, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+"/containers/"+id+"/json", http.NoBody)
	if err != nil {
		return container{}, err
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return container{}, fmt.Errorf("ask the Docker API: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDockerAnswer+1))
	switch {
	case err != nil:
		return container{}, fmt.Errorf("ask the Docker API: %w", err)
	case resp.StatusCode == http.StatusNotFound:
		return container{}, errNoContainer
	case resp.StatusCode != http.StatusOK:
		return container{}, fmt.Errorf("ask the Docker API: it answered %d", resp.StatusCode)
	case len(body) > maxDockerAnswer:
		return container{}, errors.New("ask the Docker API: its answer is longer than 1 MiB")
	}
	c, pid, err := parseInspect(body, id)
	if err != nil {
		return container{}, fmt.Errorf("ask the Docker API: %w", err)
	}
	if pid <= 0 {
		return container{}, errNoContainer // it runs no more
	}
	cgroups, err := os.ReadFile(filepath.Join(d.proc, strconv.Itoa(pid), "cgroup"))
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
		return container{}, err
	}
	if first, group := parseContainer(cgroups); first == id {
		c.group = group
	}
	return c, nil
}

// parseInspect reads an answer of ContainerInspect, and the ID of the
// container's first process.
func parseInspect(body []byte, id string) (container, int, error) {
	var got struct {
		ID    string `json:"Id"`
		Image string `json:"Image"`
		State struct {
			Pid int `json:"Pid"`
		} `json:"State"`
		Config struct {
			Labels map[string]string `json:"Labels"`
			Env    []string          `json:"Env"`
		} `json:"Config"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return container{}, 0, err
	}
	if got.ID != id {
		return container{}, 0, errors.New("the answer is about another container")
	}
	c := container{labels: got.Config.Labels, image: got.Image, env: map[string]domain.Secret{}}
	for _, variable := range got.Config.Env {
		if name, value, ok := strings.Cut(variable, "="); ok {
			c.env[name] = domain.Secret(value) // the last one counts, as in a process
		}
	}
	return c, got.State.Pid, nil
}
