package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"authsec/internal/audit"
	"authsec/internal/config"
	"authsec/internal/delegation"
	"authsec/internal/domain"
	"authsec/internal/httpapi"
	"authsec/internal/httpapi/adminapi"
	"authsec/internal/httpapi/console"
	"authsec/internal/httpapi/oauthapi"
	"authsec/internal/httpapi/sdkapi"
	"authsec/internal/httpapi/wire"
	"authsec/internal/issuance"
	"authsec/internal/keyring"
	"authsec/internal/revocation"
	"authsec/internal/signin"
	"authsec/internal/telemetry"
	"authsec/internal/token"
	"authsec/web"
)

// Limits of connections and of an orderly stop.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
	drainTimeout   = 15 * time.Second
	closeTimeout   = 10 * time.Second
)

// FirstAdmin makes sure that somebody can sign in. It returns the path and
// fragment of a one-time set-up link when there is nobody and no settings name
// an admin: for the operator's eyes, not for the log.
func (a *App) FirstAdmin(ctx context.Context) (link string, err error) {
	password, err := a.Config.AdminPasswordValue()
	if err != nil {
		return "", err
	}
	secret, created, err := a.SignIn.EnsureFirstAdmin(ctx, signin.FirstAdmin{Email: a.Config.AdminEmail, Password: domain.Secret(password)})
	switch {
	case err != nil:
		return "", fmt.Errorf("create the first admin: %w", err)
	case created:
		a.Log.InfoContext(ctx, "first admin created", "email", a.Config.AdminEmail)
	case secret != "":
		return a.SetupURL(secret, ""), nil
	}
	return "", nil
}

// SetupURL is the link that carries a set-up secret, in the fragment, which
// browsers never send. It says whose it is; without an email it makes the first admin.
func (a *App) SetupURL(secret domain.Secret, email string) string {
	return wire.SetupURL(a.Config.Issuer(), secret, email)
}

// Serve answers requests until ctx ends, then finishes what it accepted. OpenKeys
// comes first. ready is told the address as soon as requests are answered.
func (a *App) Serve(ctx context.Context, version string, ready func(net.Addr)) (err error) {
	entrances, end, err := a.listen(ctx)
	defer func() { err = errors.Join(err, end()) }()
	if err != nil {
		return err
	}
	metrics := telemetry.NewMetrics(version)
	tracing, err := telemetry.NewTracing(ctx, version, a.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, finally(ctx, tracing.Shutdown)) }()
	limiter, err := issuance.NewTokenBuckets(issuance.DefaultRates())
	if err != nil {
		return err
	}
	jobs, err := a.newJobs()
	if err != nil {
		return err
	}
	recorder := audit.NewRecorder(audit.RecorderOptions{Store: metered{a.Store, metrics}})
	// Nothing asks any more: first what was accepted, then what sums it up.
	defer func() {
		err = errors.Join(err, finally(ctx, recorder.Close), finally(ctx, jobs.refusals.Close), finally(ctx, jobs.checkpoints.Close))
	}()
	prover, proofs, err := a.proofKeys()
	if err != nil {
		return err
	}
	issuer := &issuance.Service{Authority: a.Store, Attestor: a.attestors(), Keys: prover, Minter: a.Minter, Recorder: recorder,
		Refusals: jobs.refusals, Limiter: limiter, Metrics: metrics, Policy: a.Policy, Issuer: a.Config.Issuer(), Now: time.Now, Random: rand.Reader}
	examiner, err := a.examiner(recorder)
	if err != nil {
		return err
	}
	subjects, err := a.subjectExaminer(recorder)
	if err != nil {
		return err
	}
	recalls, err := a.recalls(issuer, jobs.refusals)
	if err != nil {
		return err
	}
	exchanger := &issuance.Exchanger{Service: issuer, Tokens: recalls.Introspect, People: a.Providers, Store: a.Store}
	handler, err := a.handler(exchanger, proofs, examiner, subjects, recalls, jobs.watcher, metrics, version)
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	jobs.start(background, &working)
	// Streams never end by themselves: they do when no more requests are taken.
	every(ctx, &working, revocation.PollEvery, func(ctx context.Context, poll <-chan time.Time) {
		beat := time.NewTicker(revocation.BeatEvery)
		defer beat.Stop()
		recalls.Hub.Run(ctx, poll, beat.C)
	})
	return a.answer(ctx, entrances, tracing.Middleware(handler), func() {
		address := entrances[0].Addr()
		a.Log.InfoContext(ctx, "serving", "address", address.String(), "mtls_address", a.Config.ListenMTLS, "public_url", a.Config.Issuer(), "version", version)
		if ready != nil {
			ready(address)
		}
	})
}

// finally runs a part's end, for which ctx has ended already, within a bound.
func finally(ctx context.Context, end func(context.Context) error) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return end(last)
}

// metered is the audit log, observed.
type metered struct {
	audit.Appender
	metrics *telemetry.Metrics
}

// AppendEvents implements audit.Appender.
func (m metered) AppendEvents(ctx context.Context, events []domain.Event, uses []domain.Use) error {
	start := time.Now()
	err := m.Appender.AppendEvents(ctx, events, uses)
	if err == nil {
		m.metrics.AuditBatch(len(events), time.Since(start))
	}
	return err
}

// jobs is what runs beside the requests.
type jobs struct {
	keyring     *keyring.Keyring
	signIn      *signin.Service
	refusals    *audit.Refusals
	checkpoints *audit.Checkpoints
	watcher     *audit.Watcher
	cleaner     recallCleaner
	cleansEvery time.Duration
}

func (a *App) newJobs() (jobs, error) {
	cleans, err := jittered(rand.Reader, cleanRecallsEvery, cleanRecallsJitter)
	return jobs{keyring: a.Keyring, signIn: a.SignIn, cleansEvery: cleans,
		cleaner:     recallCleaner{store: a.Store, keep: config.MaxTokenTTL + 2*token.Leeway, now: time.Now, log: a.Log},
		refusals:    &audit.Refusals{Store: a.Store, Now: time.Now, Logger: a.Log},
		checkpoints: a.Checkpoints(),
		watcher:     &audit.Watcher{Reader: a.Store, Verifier: a, Now: time.Now, Logger: a.Log}}, err
}

// Intervals of the jobs.
const (
	refusalsEvery    = 10 * time.Second
	checkpointsEvery = 15 * time.Second
	watchEvery       = time.Minute
)

// start runs each job until ctx ends.
func (j jobs) start(ctx context.Context, working *sync.WaitGroup) {
	every(ctx, working, keyring.ReloadInterval, j.keyring.Run)
	every(ctx, working, refusalsEvery, j.refusals.Run)
	every(ctx, working, checkpointsEvery, j.checkpoints.Run)
	every(ctx, working, watchEvery, j.watcher.Run)
	every(ctx, working, j.cleansEvery, j.cleaner.Run)
	working.Go(func() { j.signIn.Run(ctx) })
}

// every runs a job that wants a tick at each interval, until ctx ends.
func every(ctx context.Context, working *sync.WaitGroup, interval time.Duration, run func(context.Context, <-chan time.Time)) {
	working.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		run(ctx, ticker.C)
	})
}

// handler is the front door with everything behind it.
func (a *App) handler(issuer *issuance.Exchanger, proofs wire.KeyProofs, examiner *issuance.Examiner, subjects *delegation.SubjectExaminer,
	recalls oauthapi.Recalls, watcher *audit.Watcher, metrics *telemetry.Metrics, version string) (http.Handler, error) {
	publicURL, err := url.Parse(a.Config.Issuer())
	if err != nil {
		return nil, fmt.Errorf("public-url: %w", err)
	}
	files, err := web.Files()
	if err != nil {
		return nil, err
	}
	cookie := wire.SessionCookie{Secure: publicURL.Scheme == "https"}
	pages, err := console.Console{Files: files, PublicURL: a.Config.Issuer(), Cookie: cookie, Random: rand.Reader, Log: a.Log}.Endpoints()
	if err != nil {
		return nil, err
	}
	admin, err := adminapi.API{
		Directory: a.Directory, Delegation: a.Delegation, SignIn: a.SignIn, Keyring: a.Keyring, Minter: a.Minter, Examiner: examiner, Subjects: subjects,
		Audit: audit.Query{Store: a.Store, Watcher: watcher, Now: time.Now}, Recalls: &revocation.Progress{Recalls: a.Store, Hub: recalls.Hub},
		Cookie: cookie, PublicURL: strings.TrimSuffix(publicURL.String(), "/"), Policy: a.Policy, Version: version, Now: time.Now,
	}.Endpoints()
	if err != nil {
		return nil, err
	}
	endpoints := wakes(admin, recalls.Hub)
	for _, more := range [][]wire.Endpoint{
		sdkapi.API{Issuer: issuer, Keys: proofs}.Endpoints(),
		oauthapi.API{Issuer: a.Config.Issuer(), Keys: a.Keyring, Tokens: issuer, Proofs: proofs, MutualTLS: a.Config.ListenMTLS != "", MutualTLSURL: a.Config.MTLSOrigin(), Now: time.Now}.Endpoints(),
		recalls.Endpoints(),
		adminapi.SignInPages{SignIn: a.SignIn, Cookie: cookie}.Endpoints(),
		pages,
		httpapi.Operations{Metrics: metrics.Handler(), Checks: a.checks()}.Endpoints(),
	} {
		endpoints = append(endpoints, more...)
	}
	return httpapi.New(httpapi.Config{PublicURL: publicURL, Endpoints: endpoints, Authenticator: authenticator{a.SignIn},
		Cookie: cookie, Metrics: metrics, Log: a.Log, Now: time.Now, Random: rand.Reader})
}

// checks are what readiness means.
func (a *App) checks() []httpapi.Check {
	return []httpapi.Check{
		{Name: "database", Run: a.Store.Ping},
		{Name: "signing_key", Run: func(context.Context) error {
			_, err := a.Keyring.Current(time.Now())
			return err
		}},
	}
}

// authenticator is signin as the front door needs it.
type authenticator struct{ signIn *signin.Service }

func (s authenticator) Session(ctx context.Context, ip, requestID string, secret domain.Secret) (httpapi.Identity, error) {
	got, err := s.signIn.Authenticate(ctx, signin.Peer{IP: ip, RequestID: requestID}, secret)
	return httpapi.Identity{Caller: got.Caller, Session: got.Session, Renewed: got.Secret}, err
}

func (s authenticator) APIToken(ctx context.Context, ip, requestID string, secret domain.Secret) (httpapi.Identity, error) {
	got, err := s.signIn.AuthenticateAPIToken(ctx, signin.Peer{IP: ip, RequestID: requestID}, secret)
	return httpapi.Identity{Caller: got.Caller}, err
}
