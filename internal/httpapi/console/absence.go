package console

import (
	"net/http"
	"strconv"
)

// absence is what a build without the console shows in its place.
type absence struct{ text, setup []byte }

func newAbsence(publicURL string) *absence {
	const lacks = "AuthSec is running. This build has no console.\n\n" +
		"For one that has it, run this where its source is:\n\n  make build\n\n"
	return &absence{
		text: []byte(lacks + "Without it, do everything by the administration API, " + publicURL + "/api/v1,\n" +
			"or by the command line: authsec --help\n"),
		// The password goes by standard input: arguments show in the list of processes.
		setup: []byte(lacks + "To finish set-up without it, run this with the link's token, which is what follows\n" +
			"#token= in the link, and a password of at least 12 characters. Only the first\n" +
			"administrator gives email and name: for anybody else, leave that line out.\n\n" +
			"  curl -X POST " + publicURL + "/api/v1/setup -H 'Content-Type: application/json' -d @- <<'EOF'\n" +
			"  {\"token\": \"…\",\n" +
			"   \"email\": \"you@example.com\", \"name\": \"Your name\",\n" +
			"   \"password\": \"…\"}\n" +
			"EOF\n"),
	}
}

// serve answers 404. The server is well, and waiting brings no console, which is
// what 503 would tell a proxy that watches a page.
func (a *absence) serve(w http.ResponseWriter, r *http.Request) error {
	body := a.text
	if r.URL.Path == "/setup" {
		body = a.setup
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store") // the next build at this address may have it
	w.WriteHeader(http.StatusNotFound)
	write(w, r, body)
	return nil
}
