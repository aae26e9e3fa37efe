// Package app wires the server: which part gets which other part, and the order
// in which they start and stop. It holds no rule of its own.
package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/config"
	"authsec/internal/delegation"
	"authsec/internal/directory"
	"authsec/internal/domain"
	"authsec/internal/identity"
	"authsec/internal/keyring"
	"authsec/internal/policy"
	"authsec/internal/signin"
	"authsec/internal/store"
	"authsec/internal/token"
)

// App is a deployment opened in this process: its database and the services on
// it. The command line uses it as it is; Serve adds the server.
type App struct {
	Config     config.Config
	Log        *slog.Logger
	Store      *store.Store
	Directory  *directory.Service
	Delegation *delegation.Service
	SignIn     *signin.Service
	Sources    *attest.Sources
	Providers  *identity.Providers
	Policy     policy.Settings

	// Set by OpenKeys.
	Keyring *keyring.Keyring
	Minter  *token.Minter
}

// Options say what opening may do.
type Options struct {
	// Migrate brings the schema up to date. Without it, a schema that is behind
	// is an error on PostgreSQL; an embedded database is always migrated.
	Migrate bool
}

// Open opens the deployment that the configuration names.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger, o Options) (*App, error) {
	s, err := openStore(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, s, log, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	hasher := signin.NewHasher(hashSlots, hashQueue)
	settings := policy.Settings{TrustDomain: cfg.TrustDomain, DefaultAudience: cfg.DefaultAudience,
		MaxTokenTTL: cfg.MaxTokenTTL, MaxChain: cfg.MaxChain, RequireAttestation: cfg.RequireAttestation, Exposed: !cfg.LoopbackOnly()}
	a := &App{Config: cfg, Log: log, Store: s, Sources: newSources(cfg, s, log), Providers: newProviders(cfg, s, log), Policy: settings}
	a.Directory = &directory.Service{ActionStore: s, RoleStore: s, UserStore: s, AgentStore: s, ResourceStore: s,
		ProviderStore: s, ProviderChecker: a.Providers, LinkStore: s, TemplateStore: s, Names: s,
		SourceStore: s, SourceChecker: a.Sources, KeyChecker: attest.KeyChecker{}, Hasher: hasher, Now: time.Now, Random: rand.Reader, Defaults: directory.Defaults{
			Loopback: cfg.LoopbackOnly(), RequireAttestation: cfg.RequireAttestation, TrustDomain: cfg.TrustDomain}}
	a.Delegation = &delegation.Service{Store: s, Roles: s, Policy: settings, Now: time.Now, Random: rand.Reader}
	a.SignIn = &signin.Service{Accounts: s, Sessions: s, Tokens: s, Links: s, People: s, SignIns: s, Providers: signInFlow{a.Providers}, Hasher: hasher,
		Throttle: signin.NewThrottle(), Refusals: &signin.Refusals{Audit: s, Now: time.Now},
		Now: time.Now, Random: rand.Reader, Log: log}
	return a, nil
}

// Hashing a password takes 19 MiB and a core for tens of milliseconds.
const (
	hashSlots = 2
	hashQueue = 64
)

func openStore(ctx context.Context, cfg config.Config) (*store.Store, error) {
	databaseURL, err := cfg.DatabaseURLValue()
	if err != nil {
		return nil, err
	}
	if databaseURL == "" {
		if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
			return nil, fmt.Errorf("data-dir: %w", err)
		}
	}
	s, err := store.Open(ctx, store.Options{DatabaseURL: databaseURL, SQLitePath: cfg.SQLitePath(),
		Recalls: policy.Recalls, TrustDomain: cfg.TrustDomain})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return s, nil
}

func migrate(ctx context.Context, s *store.Store, log *slog.Logger, o Options) error {
	if !o.Migrate && !s.Embedded() {
		n, err := s.PendingMigrations(ctx)
		if err == nil && n > 0 {
			err = fmt.Errorf("the database's schema is %d migrations behind: run `authsec migrate`", n)
		}
		return err
	}
	from, to, err := s.Migrate(ctx)
	if err != nil {
		return err
	}
	if from != to {
		log.InfoContext(ctx, "schema migrated", "from", from, "to", to)
	}
	return nil
}

// OpenKeys opens the master key and the signing keys, and makes the first ones
// where there are none (DESIGN §6). A key that does not match stops it.
func (a *App) OpenKeys(ctx context.Context, caller domain.Caller) error {
	existing, err := a.Store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	master, err := keyring.OpenMasterKey(keyring.MasterKeyOptions{Path: a.Config.MasterKeyPath(),
		MayCreate: a.Store.Embedded(), HasKeys: len(existing) > 0, Random: rand.Reader})
	if err != nil {
		return err
	}
	a.Keyring = &keyring.Keyring{Store: a.Store, Master: master, Now: time.Now, Log: a.Log, MaxTokenTTL: a.Config.MaxTokenTTL}
	if err := a.Keyring.Load(ctx); err != nil {
		return err
	}
	if err := a.Keyring.EnsureKey(ctx, caller); err != nil {
		return err
	}
	a.Minter = &token.Minter{Issuer: a.Config.Issuer(), Signer: a.Keyring}
	return nil
}

// Close ends what the workload sources and identity providers run, and closes the database.
func (a *App) Close() error {
	return errors.Join(a.Sources.Close(), a.Providers.Close(), a.Store.Close())
}

// VerifyPayload implements audit.Verifier with every key there ever was.
func (a *App) VerifyPayload(typ, jws string) ([]byte, error) {
	return token.VerifyPayload(typ, jws, a.Keyring.PublicKeys())
}

// Checkpoints signs statements of the audit chain's head. OpenKeys comes first.
func (a *App) Checkpoints() *audit.Checkpoints {
	return &audit.Checkpoints{Store: a.Store, Signer: a.Minter, Issuer: a.Config.Issuer(), Now: time.Now, Logger: a.Log}
}
