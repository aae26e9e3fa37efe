package app

import (
	"context"
	"io"
	"log/slog"

	"authsec/internal/audit"
	"authsec/internal/config"
	"authsec/internal/domain"
	"authsec/internal/telemetry"
)

// VerifyAudit recomputes the audit chain; see audit.Verify. OpenKeys comes first.
func (a *App) VerifyAudit(ctx context.Context, supplied []domain.Checkpoint, progress func(done, total int64)) (audit.Report, error) {
	return audit.Verify(ctx, a.Store, a, supplied, progress)
}

// ExportAudit writes the log as JSON lines, the last one a signed checkpoint.
// OpenKeys comes first.
func (a *App) ExportAudit(ctx context.Context, w io.Writer, f domain.EventFilter) error {
	return audit.Exporter{Store: a.Store, Checkpoints: a.Checkpoints()}.Export(ctx, w, f)
}

// ReadCheckpoints reads the checkpoints of an export.
func ReadCheckpoints(r io.Reader) ([]domain.Checkpoint, error) { return audit.ReadCheckpoints(r) }

// Logger returns the log that the configuration asks for.
func Logger(w io.Writer, cfg config.Config) (*slog.Logger, error) {
	return telemetry.NewLogger(w, cfg.LogFormat, cfg.LogLevel)
}
