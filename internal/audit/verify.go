package audit

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strings"

	"authsec/internal/domain"
)

// Report is what a verification found.
type Report struct {
	Events      int64            // lines that verify, from the first
	Head        domain.ChainHead // as the database has it
	Checkpoints int              // that verify, supplied ones included
	FirstBroken *Break           // nil: the log is intact
}

// Verify recomputes the whole chain as it was when Verify began, line by line
// in constant memory. It compares the head's row, every stored checkpoint, and
// those supplied from earlier exports (ReadCheckpoints), which alone show a log
// whose stored checkpoints were removed or signed anew. It stops at the first
// break. progress may be nil; it is told how many of total lines are done.
//
// The error is about reading the log. That the log is broken is no error but
// the Report's FirstBroken.
func Verify(ctx context.Context, reader ChainReader, verifier Verifier, supplied []domain.Checkpoint,
	progress func(done, total int64)) (Report, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	head, err := reader.ChainHead(ctx)
	if err != nil {
		return Report{}, err
	}
	v := verification{reader: reader, verifier: verifier, report: Report{Head: head}, stored: math.MinInt64,
		marks: slices.Clone(supplied)}
	slices.SortStableFunc(v.marks, func(a, b domain.Checkpoint) int { return cmp.Compare(a.Seq, b.Seq) })
	b, err := v.walk(ctx, progress)
	if err != nil {
		return Report{}, err
	}
	if b == nil {
		b, err = v.beyond(ctx)
	}
	v.report.Events, v.report.FirstBroken = v.chain.seq, b
	return v.report, err
}

type verification struct {
	reader   ChainReader
	verifier Verifier
	report   Report
	chain    chain

	marks  []domain.Checkpoint // supplied, not yet reached, in order
	buffer []domain.Checkpoint // stored, read ahead
	stored int64               // sequence number of the last one read
	read   bool                // all stored ones are read
}

// walk recomputes the lines up to the head.
func (v *verification) walk(ctx context.Context, progress func(done, total int64)) (*Break, error) {
	total := v.report.Head.Seq
	if b, err := v.checkpoints(ctx); b != nil || err != nil {
		return b, err
	}
	for v.chain.seq < total {
		progress(v.chain.seq, total)
		rows, err := v.reader.EventRows(ctx, domain.EventFilter{}, v.chain.above(), int(min(rowsPerRead, total-v.chain.seq)))
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return broken(v.chain.seq+1, "The log ends at line %d, but its head says %d: lines were cut off.", v.chain.seq, total), nil
		}
		for _, row := range rows {
			if b := v.chain.add(row); b != nil {
				return b, nil
			}
			if b, err := v.checkpoints(ctx); b != nil || err != nil {
				return b, err
			}
		}
	}
	progress(total, total)
	if v.chain.hash != v.report.Head.Hash {
		return broken(max(total, 1), "The head's hash is not that of the last line."), nil
	}
	return nil, nil
}

// checkpoints checks those that are about the line just recomputed, or about
// one before it, which no intact log has left over.
func (v *verification) checkpoints(ctx context.Context) (*Break, error) {
	for len(v.marks) > 0 && v.marks[0].Seq <= v.chain.seq {
		if b := v.check(v.marks[0], "supplied"); b != nil {
			return b, nil
		}
		v.marks = v.marks[1:]
	}
	for {
		next, ok, err := v.peek(ctx)
		if err != nil || !ok || next.Seq > v.chain.seq {
			return nil, err
		}
		if b := v.check(next, "stored"); b != nil {
			return b, nil
		}
		v.buffer = v.buffer[1:]
	}
}

// peek returns the next stored checkpoint.
func (v *verification) peek(ctx context.Context) (domain.Checkpoint, bool, error) {
	if len(v.buffer) == 0 && !v.read {
		var err error
		if v.buffer, err = v.reader.Checkpoints(ctx, v.stored, rowsPerRead); err != nil {
			return domain.Checkpoint{}, false, err
		}
		if v.read = len(v.buffer) < rowsPerRead; len(v.buffer) > 0 {
			v.stored = v.buffer[len(v.buffer)-1].Seq
		}
	}
	if len(v.buffer) == 0 {
		return domain.Checkpoint{}, false, nil
	}
	return v.buffer[0], true, nil
}

func (v *verification) check(cp domain.Checkpoint, origin string) *Break {
	if b := checkCheckpoint(v.verifier, cp, v.chain, origin); b != nil {
		return b
	}
	v.report.Checkpoints++
	return nil
}

// checkCheckpoint compares a checkpoint with the chain up to its line.
func checkCheckpoint(verifier Verifier, cp domain.Checkpoint, at chain, origin string) *Break {
	payload, err := verifier.VerifyPayload(TypCheckpoint, cp.JWS)
	if err != nil {
		return broken(cp.Seq, "The %s checkpoint of the line has no valid signature of this deployment: %v.", origin, err)
	}
	s, err := parseStatement(payload)
	switch {
	case err != nil:
		return broken(cp.Seq, "The %s checkpoint of the line is signed, but %v.", origin, err)
	case s.Seq != cp.Seq || s.Seq != at.seq:
		return broken(cp.Seq, "The %s checkpoint of the line was signed for line %d.", origin, s.Seq)
	case s.Hash != at.hash.String():
		return broken(cp.Seq, "The %s checkpoint of the line was signed over another log: this line or one before it was rewritten, and the chain recomputed.", origin)
	}
	return nil
}

// beyond looks at what lies after the head. Lines and checkpoints that were
// added since Verify began have moved the head; any others say that it was set back.
func (v *verification) beyond(ctx context.Context) (*Break, error) {
	if len(v.marks) > 0 {
		// Supplied before we began, so the head has reached it, or once had.
		return cutBelow(v.verifier, v.marks[0], "supplied", v.report.Head.Seq), nil
	}
	rows, err := v.reader.EventRows(ctx, domain.EventFilter{}, v.chain.above(), 1)
	if err != nil {
		return nil, err
	}
	next, more, err := v.peek(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 && !more {
		return nil, nil
	}
	now, err := v.reader.ChainHead(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) > 0 && rows[0].Seq > now.Seq {
		return broken(rows[0].Seq, "The line lies beyond the log's head, which says %d: the head was set back.", now.Seq), nil
	}
	if more && next.Seq > now.Seq {
		return cutBelow(v.verifier, next, "stored", now.Seq), nil
	}
	return nil, nil
}

// cutBelow reports a checkpoint beyond the head: with a valid signature, lines
// were cut off; without one, somebody put it there.
func cutBelow(verifier Verifier, cp domain.Checkpoint, origin string, head int64) *Break {
	payload, err := verifier.VerifyPayload(TypCheckpoint, cp.JWS)
	if err == nil {
		if s, err := parseStatement(payload); err == nil && s.Seq == cp.Seq {
			return broken(head+1, "The log ends at line %d, but a %s checkpoint was signed for line %d: lines were cut off.", head, origin, s.Seq)
		}
		err = errors.New("it was signed for something else")
	}
	return broken(head+1, "The %s checkpoint of line %d, beyond the log's end at %d, does not hold: %v.", origin, cp.Seq, head, err)
}

// claimOf reads what a JWS says without checking its signature.
func claimOf(jws string) (statement, error) {
	parts := strings.Split(jws, ".")
	if len(jws) > maxCheckpoint || len(parts) != 3 {
		return statement{}, errors.New("not a compact JWS")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return statement{}, errors.New("not a compact JWS")
	}
	return parseStatement(payload)
}
