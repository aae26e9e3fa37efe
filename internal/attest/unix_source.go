package attest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"authsec/internal/domain"
)

// unixSource knows processes on this machine by the kernel, and their containers
// by Docker.
type unixSource struct {
	names  *names
	docker *docker // nil: containers are not looked up
}

func newUnix(s domain.UnixSource, e Environment) (Verifier, error) {
	n, err := newNames()
	if err != nil {
		return nil, err
	}
	u := &unixSource{names: n}
	if s.DockerHost == "" {
		return u, nil
	}
	u.docker, err = newDocker(s.DockerHost, cmp.Or(e.Proc, "/proc"))
	return u, err
}

// Close implements Verifier.
func (u *unixSource) Close() error {
	if u.docker != nil {
		u.docker.close()
	}
	return nil
}

// Verify implements Verifier, with what is the same for every agent.
func (u *unixSource) Verify(ctx context.Context, p Presented, now time.Time) (Attested, error) {
	return u.VerifyPeer(ctx, Question{Presented: p, Now: now})
}

// VerifyPeer implements PeerVerifier. A container is looked up only for an agent
// of the platform Docker, which need not fail with Docker otherwise.
func (u *unixSource) VerifyPeer(ctx context.Context, q Question) (Attested, error) {
	if !q.Presented.Empty() || q.Presented.Peer == nil {
		return Attested{}, ErrNotMine
	}
	p, err := q.Presented.Peer.Process(ctx)
	if err != nil {
		return Attested{}, err
	}
	got := Attested{Kind: KindUnix, Missing: map[string]string{}}
	u.attestProcess(&got, p, q.Now)
	if u.docker != nil && (q.Agent.Platform == domain.PlatformDocker || q.Agent.ClientID == "") {
		if err := u.attestContainer(ctx, &got, p, q); err != nil {
			return Attested{}, err
		}
	}
	return got, nil
}

// attestProcess adds what the kernel says.
func (u *unixSource) attestProcess(got *Attested, p domain.Process, now time.Time) {
	add := func(key, value, gap string) {
		switch {
		case value != "":
			got.Selectors = append(got.Selectors, Selector{domain.Selector{Key: key, Value: value}, Node})
		case gap != "":
			got.Missing[key] = gap
		}
	}
	const nameless = "The server's own list of users and groups has no name for this one. Use its number."
	add("unix:uid", id(p.UID), "")
	add("unix:user", u.names.user(p.UID, now), nameless)
	add("unix:path", p.Path, p.Gaps.Path)
	add("unix:sha256", p.SHA256, p.Gaps.SHA256)
	if p.Groups == nil {
		add("unix:gid", "", p.Gaps.Groups)
		add("unix:group", "", p.Gaps.Groups)
		return
	}
	for _, gid := range p.Groups {
		add("unix:gid", id(gid), "")
		add("unix:group", u.names.group(gid, now), "")
	}
}

func id(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// The prefixes of Docker's selectors.
const (
	dockerPrefix = "docker:"
	labelPrefix  = "docker:label:"
	envPrefix    = "docker:env:"
	imageKey     = "docker:image_id"
)

// attestContainer adds what Docker says. A variable may be a secret: one is
// attested only when it is exactly what the agent demands, so that no value ever
// leaves here that is not among the agent's own selectors.
func (u *unixSource) attestContainer(ctx context.Context, got *Attested, p domain.Process, q Question) error {
	if p.Container == "" {
		got.Missing[dockerPrefix] = cmp.Or(p.Gaps.Container, "The process that calls runs in no container that its cgroup tells of.")
		return nil
	}
	c, err := u.docker.of(ctx, p, q.Now)
	switch {
	case errors.Is(err, errNoContainer):
		got.Missing[dockerPrefix] = "The Docker API that the workload source names does not know the container of the process that calls."
		return nil
	case err != nil:
		return err
	case c.group == "":
		got.Missing[dockerPrefix] = "The server does not see the container's processes. Run it on the Docker host itself, or with the host's process IDs."
		return nil
	case c.group != p.Cgroup: // anybody who may make cgroups can give one a container's name
		got.Missing[dockerPrefix] = "The cgroup of the process that calls has the name of a container, and is not the container's own."
		return nil
	}
	add := func(key, value string) {
		got.Selectors = append(got.Selectors, Selector{domain.Selector{Key: key, Value: value}, LookedUp})
	}
	if c.image != "" {
		add(imageKey, c.image)
	}
	for _, name := range slices.Sorted(maps.Keys(c.labels)) {
		if q.Agent.ClientID == "" || slices.ContainsFunc(q.Agent.Selectors, func(s domain.Selector) bool { return s.Key == labelPrefix+name }) {
			add(labelPrefix+name, c.labels[name])
		}
	}
	for _, want := range q.Agent.Selectors {
		name, ok := strings.CutPrefix(want.Key, envPrefix)
		if value, has := c.env[name]; ok && has && value.Reveal() == want.Value {
			add(want.Key, want.Value)
		}
	}
	return nil
}
