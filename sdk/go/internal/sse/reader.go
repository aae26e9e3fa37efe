// Package sse reads server-sent events (HTML Living Standard §9.2).
package sse

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Event is one event of a stream. Type is "message" where the stream names none.
type Event struct {
	Type, ID, Data string
}

// ErrTooLong refuses an event longer than the reader's limit.
var ErrTooLong = errors.New("an event of the stream is too long")

// Reader reads events as they come.
type Reader struct {
	in     *bufio.Reader
	limit  int
	id     string // holds until the stream sets another
	begun  bool
	afterR bool // the last line ended in CR: an LF now belongs to it
}

// NewReader reads events of at most limit bytes each, comments included.
func NewReader(in io.Reader, limit int) *Reader {
	return &Reader{in: bufio.NewReader(in), limit: limit}
}

// Next waits for the next whole event. It returns io.EOF where the stream ends,
// whatever of an event came before that.
func (r *Reader) Next() (Event, error) {
	var data []string
	kind, room := "", r.limit
	for {
		line, err := r.line(&room)
		if err != nil {
			return Event{}, err
		}
		if line == "" {
			if data == nil {
				kind, room = "", r.limit
				continue
			}
			if kind == "" {
				kind = "message"
			}
			return Event{Type: kind, ID: r.id, Data: strings.Join(data, "\n")}, nil
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			kind = value
		case "data":
			data = append(data, value)
		case "id":
			if !strings.Contains(value, "\x00") {
				r.id = value
			}
		}
	}
}

// line reads up to CR, LF or CR LF. It never waits for what may follow a CR.
func (r *Reader) line(room *int) (string, error) {
	var line []byte
	for {
		c, err := r.in.ReadByte()
		if err != nil {
			return "", err
		}
		afterR := r.afterR
		r.afterR = c == '\r'
		switch {
		case c == '\n' && afterR:
			continue
		case c == '\n' || c == '\r':
			text := string(line)
			if !r.begun {
				text = strings.TrimPrefix(text, "\ufeff")
			}
			r.begun = true
			return text, nil
		}
		if *room--; *room < 0 {
			return "", ErrTooLong
		}
		line = append(line, c)
	}
}
