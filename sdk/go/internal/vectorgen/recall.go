package main

import (
	"bytes"
	"compress/zlib"
	"fmt"
)

// Further reasons to refuse, of status lists and recall events.
const (
	subject  = "subject"
	tooLarge = "too_large"

	listURI = issuer + "/oauth2/status-lists/1"
)

// recallFiles returns the files of testdata/vectors/revocation.
func (m minter) recallFiles() (map[string][]byte, error) {
	files := map[string][]byte{}
	add := func(name string, v any) error {
		text, err := encode(v)
		files["revocation/"+name] = text
		return err
	}
	head := recallHead{Now: now, Issuer: issuer, LeewaySeconds: leeway}
	if err := add("lists.json", listFile{head, m.listCases()}); err != nil {
		return nil, err
	}
	if err := add("events.json", eventFile{head, m.eventCases()}); err != nil {
		return nil, err
	}
	if err := add("tokens.json", statusFile{head, audience, m.statusCases()}); err != nil {
		return nil, err
	}
	return files, add("streams.json", streamFile{streamCases()})
}

type recallHead struct {
	Now           int64  `json:"now"`
	Issuer        string `json:"issuer"`
	LeewaySeconds int64  `json:"leeway_seconds"`
}

type listFile struct {
	recallHead
	Cases []listVector `json:"cases"`
}

type eventFile struct {
	recallHead
	Cases []eventVector `json:"cases"`
}

type statusFile struct {
	recallHead
	Audience string         `json:"audience"`
	Cases    []statusVector `json:"cases"`
}

// about says what a case is, and whether it is to be accepted.
type about struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Source      string `json:"source"`
	Token       string `json:"token"`
	Valid       bool   `json:"valid"`
	Error       string `json:"error,omitempty"`
}

func good(name, source, description string, d draft) about {
	return about{Name: name, Description: description, Source: source, Token: d.token(), Valid: true}
}

func bad(code, name, source, description string, d draft) about {
	return about{Name: name, Description: description, Source: source, Token: d.token(), Error: code}
}

// listBase is a status list token with what AuthSec writes into it.
func (m minter) listBase(bits int, lst string) draft {
	return draft{
		header: []member{{"alg", `"RS256"`}, {"typ", `"statuslist+jwt"`}, {"kid", `"vector-a"`}},
		payload: []member{
			{"sub", quote(listURI)},
			{"iat", fmt.Sprint(now - 10)},
			{"exp", fmt.Sprint(now + 290)},
			{"ttl", "10"},
			{"status_list", listObject(bits, lst)},
		},
		sign: m.rs256("vector-a"),
	}
}

func listObject(bits int, lst string) string {
	return fmt.Sprintf(`{"bits":%d,"lst":%s}`, bits, quote(lst))
}

// deflate returns base64url(zlib(statuses)). At level 0 the bytes depend on no
// version of the compressor.
func deflate(level int, statuses []byte) string {
	var b bytes.Buffer
	w := must(zlib.NewWriterLevel(&b, level))
	must(w.Write(statuses))
	must(0, w.Close())
	return b64(b.String())
}
