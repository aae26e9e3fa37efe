package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"
)

// output is the flag of every command that prints something.
type output struct {
	Output string `short:"o" enum:"text,json" default:"text" help:"How to print: text or json."`
}

func (o output) json() bool { return o.Output == "json" }

// printJSON prints v, indented, on one stream.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTable prints rows under a header, aligned, without frame. A cell never
// breaks out of its line.
func (p *program) printTable(header []string, rows [][]string) {
	if len(rows) == 0 {
		fmt.Fprintln(p.stdout, "None.")
		return
	}
	t := table.NewWriter()
	t.SetOutputMirror(p.stdout)
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatUpper
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.AppendHeader(cells(header))
	for _, row := range rows {
		t.AppendRow(cells(row))
	}
	t.SuppressTrailingSpaces()
	t.Render()
}

func cells(values []string) table.Row {
	row := make(table.Row, len(values))
	for i, v := range values {
		row[i] = oneLine(v)
	}
	return row
}

// oneLine keeps control characters, which could drive a terminal, out of a table.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}

// when prints a time for people; never means it has not happened.
func when(t time.Time, never string) string {
	if t.IsZero() {
		return never
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// optional is a time for JSON: null when there is none.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// terminal reports whether w shows to a person.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
