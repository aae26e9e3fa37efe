package directory

import (
	"context"
	"time"

	"authsec/internal/domain"
)

// How long older client secrets go on working after a rotation.
const (
	DefaultSecretOverlap = 24 * time.Hour
	MaxSecretOverlap     = 7 * 24 * time.Hour
)

// maxSecrets bounds the live secrets of one agent: each is compared at every proof.
const maxSecrets = 5

// rotation is what the audit event of a rotation tells: never a secret or its hash.
type rotation struct {
	OlderExpireAt time.Time `json:"older_expire_at"`
	Live          int       `json:"live_secrets"`
}

// RotateAgentSecret gives an agent of platform "other" a new client secret,
// returned this once. Older ones go on working for the overlap, from 0 (they end
// at once) to MaxSecretOverlap; none gets a longer life than it had. A Conflict
// no_client_secret on other platforms, too_many_secrets when maxSecrets would live.
func (s Service) RotateAgentSecret(ctx context.Context, caller domain.Caller, clientID string, overlap time.Duration) (domain.Secret, domain.Agent, error) {
	if err := mustAdmin(caller); err != nil {
		return "", domain.Agent{}, err
	}
	clientID, err := parseID("agent", clientID)
	if err != nil {
		return "", domain.Agent{}, err
	}
	if overlap < 0 || overlap > MaxSecretOverlap {
		var f domain.Faults
		f.Add("/overlap_seconds", "out_of_range", "overlap_seconds must be from 0 to %d.", int64(MaxSecretOverlap/time.Second))
		return "", domain.Agent{}, f.Err()
	}
	secret, err := domain.NewSecret(s.Random, domain.PrefixClientSecret)
	if err != nil {
		return "", domain.Agent{}, err
	}
	now := s.now()
	a, err := s.AgentStore.UpdateAgent(ctx, clientID, func(a *domain.Agent) (domain.Event, error) {
		switch {
		case a.Status == domain.StatusDeleted:
			return domain.Event{}, notFound("agent", clientID)
		case a.Platform != domain.PlatformOther:
			return domain.Event{}, domain.Errorf(domain.Conflict, "no_client_secret",
				"Agents of the platform %s prove their workload and have no client secret. Only those of platform other do.", a.Platform)
		}
		end := now.Add(overlap)
		secrets := []domain.ClientSecret{{Hash: secret.Hash(), CreatedAt: now}}
		for _, c := range live(a.Secrets, now) {
			if c.ExpiresAt.IsZero() || c.ExpiresAt.After(end) {
				c.ExpiresAt = end
			}
			secrets = append(secrets, c)
		}
		secrets = live(secrets, now) // an overlap of 0 has just ended the older ones
		if len(secrets) > maxSecrets {
			return domain.Event{}, domain.Errorf(domain.Conflict, "too_many_secrets",
				"The agent already has %d client secrets that work. Rotate with an overlap of 0, or wait for one to end.", maxSecrets)
		}
		a.Secrets, a.UpdatedAt = secrets, now
		return agentEvent(now, caller, "agent.rotate_secret", *a).WithDetails(rotation{end, len(secrets)})
	})
	if err != nil {
		return "", domain.Agent{}, err
	}
	return secret, a, nil
}

// live returns the secrets that still work at an instant.
func live(secrets []domain.ClientSecret, now time.Time) []domain.ClientSecret {
	var out []domain.ClientSecret
	for _, c := range secrets {
		if c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt) {
			out = append(out, c)
		}
	}
	return out
}
