package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"authsec/internal/domain"
)

// EventReader reads lines as they are stored.
type EventReader interface {
	// EventRows returns up to limit lines above after, oldest first.
	EventRows(ctx context.Context, f domain.EventFilter, after int64, limit int) ([]domain.EventRow, error)
}

// Exporter writes the log as JSON lines.
type Exporter struct {
	Store       EventReader
	Checkpoints *Checkpoints
}

// exportLine is one event: exactly the bytes that the chain links, so that
// whoever has every line can recompute it.
type exportLine struct {
	Seq   int64           `json:"seq"`
	Hash  string          `json:"hash"`
	Event json.RawMessage `json:"event,omitempty"`
	// BrokenBody is the line's bytes (base64) where they are not one line of
	// JSON, which only somebody else can have written: evidence is kept as it is.
	BrokenBody []byte `json:"broken_body,omitempty"`
}

type checkpointLine struct {
	Checkpoint string `json:"checkpoint"`
}

// Prefixes of an export's two kinds of lines.
const (
	eventPrefix      = `{"seq":`
	checkpointPrefix = `{"checkpoint":`
)

// Export writes the events that the filter leaves, oldest first, one JSON
// object per line, and then {"checkpoint": "<JWS>"}: a signed statement of the
// chain's head, made before the first line was read, which no line lies beyond.
// Keep it where the database's owner cannot change it, and give it to Verify later.
func (e Exporter) Export(ctx context.Context, w io.Writer, f domain.EventFilter) error {
	if err := f.Check(); err != nil {
		return err
	}
	cp, err := e.Checkpoints.Make(ctx)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for after := int64(0); after < cp.Seq; {
		rows, err := e.Store.EventRows(ctx, f, after, rowsPerRead)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			if after = row.Seq; after > cp.Seq {
				break
			}
			if err := writeLine(out, row); err != nil {
				return fmt.Errorf("write export: %w", err)
			}
		}
	}
	last, err := json.Marshal(checkpointLine{cp.JWS})
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	if _, err = out.Write(append(last, '\n')); err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func writeLine(w *bufio.Writer, row domain.EventRow) error {
	whole := json.Valid(row.Body) && !bytes.ContainsAny(row.Body, "\r\n")
	line := exportLine{Seq: row.Seq, Hash: row.Hash}
	if !whole {
		line.BrokenBody = row.Body
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	if whole {
		// By hand: Marshal would rewrite the bytes that the hash is over.
		b = append(append(append(b[:len(b)-1], `,"event":`...), row.Body...), '}')
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// Bounds of what ReadCheckpoints keeps. Event lines may have any length: they
// are passed over unread, in pieces.
const (
	maxCheckpointLine = 2 * maxCheckpoint
	maxCheckpointsGot = 10_000
)

// ReadCheckpoints returns the checkpoints of one or several exports, one after
// the other, with the line that each claims to be about. Their signatures are
// Verify's to check. Anything that is not an export, a checkpoint of more than
// 8 KiB, and more than 10,000 checkpoints are Invalid.
func ReadCheckpoints(r io.Reader) ([]domain.Checkpoint, error) {
	var out []domain.Checkpoint
	in := bufio.NewReaderSize(r, maxCheckpointLine)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		ended := errors.Is(err, io.EOF)
		long := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !ended && !long {
			return nil, fmt.Errorf("read export: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
		case bytes.HasPrefix(line, []byte(eventPrefix)):
			for long {
				_, err = in.ReadSlice('\n')
				ended, long = errors.Is(err, io.EOF), errors.Is(err, bufio.ErrBufferFull)
				if err != nil && !ended && !long {
					return nil, fmt.Errorf("read export: %w", err)
				}
			}
		case long:
			return nil, invalidExport(n, errors.New("too long"))
		default:
			cp, err := parseCheckpointLine(line)
			if err != nil {
				return nil, invalidExport(n, err)
			}
			if out = append(out, cp); len(out) > maxCheckpointsGot {
				return nil, invalidExport(n, fmt.Errorf("more than %d checkpoints", maxCheckpointsGot))
			}
		}
		if ended {
			return out, nil
		}
	}
}

func parseCheckpointLine(line []byte) (domain.Checkpoint, error) {
	if !bytes.HasPrefix(line, []byte(checkpointPrefix)) {
		return domain.Checkpoint{}, errors.New("neither an event nor a checkpoint")
	}
	var c checkpointLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return domain.Checkpoint{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return domain.Checkpoint{}, errors.New("something follows the checkpoint")
	}
	s, err := claimOf(c.Checkpoint)
	return domain.Checkpoint{Seq: s.Seq, JWS: c.Checkpoint}, err
}

func invalidExport(line int, cause error) error {
	e := domain.Errorf(domain.Invalid, "invalid_export", "Line %d is not a line of an audit export.", line)
	e.Err = cause
	return e
}
