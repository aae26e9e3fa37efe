package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"authsec/internal/attest"
	"authsec/internal/audit"
	"authsec/internal/config"
	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/store"
)

// newSources are the workload sources that the database names. Nothing is read
// or built before the first proof comes.
func newSources(cfg config.Config, s *store.Store, log *slog.Logger) *attest.Sources {
	verifiers := attest.Environment{TrustDomain: cfg.TrustDomain, Now: time.Now, Log: log}
	return &attest.Sources{Reader: s, Build: verifiers.Build, Log: log}
}

// attestors are the kinds of workload proof that are verified, in order.
func (a *App) attestors() attest.Chain {
	issuer := a.Config.Issuer()
	return attest.Chain{
		attest.ClientSecret{},
		// What a client may call this server in aud (RFC 7523 §3 item 3).
		attest.PrivateKey{Audiences: []string{issuer, issuer + "/oauth2/token", issuer + "/authsec/uflow/sdk/delegation-token"}, Used: a.Store},
		a.Sources,
	}
}

func (a *App) examiner(recorder issuance.Recorder) (*issuance.Examiner, error) {
	limiter, err := issuance.NewTokenBuckets(issuance.ExamineRates())
	if err != nil {
		return nil, err
	}
	return &issuance.Examiner{Sources: a.Sources, Agents: a.Store, Recorder: recorder, Limiter: limiter,
		TrustDomain: a.Config.TrustDomain, Now: time.Now}, nil
}

// ExamineSource shows what a workload source makes of a proof, from this
// process: for the command line.
func (a *App) ExamineSource(ctx context.Context, caller domain.Caller, source domain.WorkloadSource, proof domain.Secret) (got issuance.Examination, err error) {
	recorder := audit.NewRecorder(audit.RecorderOptions{Store: a.Store})
	defer func() { err = errors.Join(err, finally(ctx, recorder.Close)) }()
	examiner, err := a.examiner(recorder)
	if err != nil {
		return got, err
	}
	return examiner.Examine(ctx, caller, source, proof)
}
