package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Recompute the log's chain and name the first broken line."`
	Export auditExportCmd `cmd:"" help:"Write the log as JSON lines."`
}

type auditVerifyCmd struct {
	settings
	output
	Checkpoints []string `type:"existingfile" placeholder:"FILE" help:"An earlier export: it shows a log that was cut off or computed anew since. Repeatable."`
}

// Help is the command's example.
func (auditVerifyCmd) Help() string {
	return `Example:
  authsec audit verify --checkpoints /offsite/audit-2026-11-01.jsonl`
}

// errBroken is the exit of a verification that found a break; the report says where.
var errBroken = errors.New("the audit log is broken")

// Run verifies.
func (c *auditVerifyCmd) Run(ctx context.Context, p *program) (err error) {
	supplied, err := readCheckpoints(c.Checkpoints)
	if err != nil {
		return err
	}
	a, err := c.quietWithKeys(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	progress := newProgress(p.stderr, "verifying", "events")
	report, err := a.VerifyAudit(ctx, supplied, progress.show)
	progress.done()
	if err != nil {
		return err
	}
	view := struct {
		Intact      bool   `json:"intact"`
		Events      int64  `json:"events"`
		Head        string `json:"head"`
		Checkpoints int    `json:"checkpoints"`
		BrokenSeq   int64  `json:"broken_seq,omitempty"`
		Problem     string `json:"problem,omitempty"`
	}{report.FirstBroken == nil, report.Events, report.Head.Hash.String(), report.Checkpoints, 0, ""}
	if b := report.FirstBroken; b != nil {
		view.BrokenSeq, view.Problem = b.Seq, b.Problem
	}
	switch {
	case c.json():
		err = p.printJSON(view)
	case view.Intact:
		fmt.Fprintf(p.stdout, "Intact: %d events and %d checkpoints verify.\nHead: %s\n", view.Events, view.Checkpoints, view.Head)
	default:
		fmt.Fprintf(p.stdout, "Broken at event %d: %s\n%d events before it verify.\n", view.BrokenSeq, view.Problem, view.Events)
	}
	if err == nil && !view.Intact {
		err = errBroken
	}
	return err
}

func readCheckpoints(files []string) ([]domain.Checkpoint, error) {
	var out []domain.Checkpoint
	for _, name := range files {
		f, err := os.Open(name) //nolint:gosec // the operator names their own file
		if err != nil {
			return nil, err
		}
		got, err := app.ReadCheckpoints(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(got) == 0 {
			return nil, fmt.Errorf("%s holds no checkpoint: give an export made by authsec audit export", name)
		}
		out = append(out, got...)
	}
	return out, nil
}

type auditExportCmd struct {
	settings
	output
	File  string    `short:"f" type:"path" help:"Where to write; standard output without it. An existing file is replaced."`
	From  time.Time `format:"2006-01-02T15:04:05Z07:00" help:"Not before this time (RFC 3339)."`
	To    time.Time `format:"2006-01-02T15:04:05Z07:00" help:"Before this time (RFC 3339)."`
	Agent string    `help:"Only what concerns this client ID."`
}

// Help is the command's example.
func (auditExportCmd) Help() string {
	return `Example:
  authsec audit export --file /offsite/audit-2026-11-01.jsonl

The last line is a signed checkpoint. Keep the file where the database's owner
cannot change it, and give it to authsec audit verify --checkpoints later.`
}

// Run exports.
func (c *auditExportCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := c.quietWithKeys(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	filter := domain.EventFilter{From: c.From, To: c.To, ClientID: c.Agent}
	if c.File == "" {
		return a.ExportAudit(ctx, p.stdout, filter)
	}
	progress := newProgress(p.stderr, "exporting", "bytes")
	err = replaceFile(c.File, func(w io.Writer) error { return a.ExportAudit(ctx, progress.writer(w), filter) })
	progress.done()
	if err != nil {
		return err
	}
	if c.json() {
		return p.printJSON(map[string]any{"file": c.File, "bytes": progress.count})
	}
	fmt.Fprintf(p.stdout, "Exported %d bytes to %s.\n", progress.count, c.File)
	return nil
}

// replaceFile writes a file whole or not at all: what was there before stays
// until the new content is on disk.
func replaceFile(name string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".authsec-export-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
		}
	}()
	out := bufio.NewWriter(tmp)
	if err := write(out); err != nil {
		return err
	}
	if err := errors.Join(out.Flush(), tmp.Sync()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), name)
}
