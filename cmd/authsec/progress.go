package main

import (
	"fmt"
	"io"
	"time"
)

// progress tells a person at a terminal how far a long step is. It stays silent
// for steps under two seconds, and where nobody looks.
type progress struct {
	out    io.Writer
	verb   string
	unit   string
	start  time.Time
	last   time.Time
	shown  bool
	silent bool
	count  int64
}

const (
	progressAfter = 2 * time.Second
	progressEvery = 200 * time.Millisecond
)

func newProgress(out io.Writer, verb, unit string) *progress {
	return &progress{out: out, verb: verb, unit: unit, start: time.Now(), silent: !terminal(out)}
}

// show tells that n of total are done; total 0 is unknown.
func (p *progress) show(n, total int64) {
	now := time.Now()
	if p.silent || now.Sub(p.start) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	if total > 0 {
		fmt.Fprintf(p.out, "\r%s %d of %d %s (%d %%)\x1b[K", p.verb, n, total, p.unit, 100*n/total)
		return
	}
	fmt.Fprintf(p.out, "\r%s %d %s\x1b[K", p.verb, n, p.unit)
}

// done takes the line away.
func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// writer counts what passes through.
func (p *progress) writer(w io.Writer) io.Writer { return &progressWriter{w, p} }

type progressWriter struct {
	io.Writer
	progress *progress
}

// Write implements io.Writer.
func (w *progressWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.progress.count += int64(n)
	w.progress.show(w.progress.count, 0)
	return n, err
}
