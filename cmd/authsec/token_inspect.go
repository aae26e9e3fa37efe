package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"authsec/internal/app"
	"authsec/internal/domain"
)

type tokenInspectCmd struct {
	settings
	output
	Token     string `arg:"" optional:"" placeholder:"FILE" help:"The file that holds the token; - or nothing reads standard input."`
	IssuerURL string `name:"issuer" placeholder:"URL" help:"Judge by what this server publishes, instead of by the database here."`
	Audience  string `placeholder:"URI" help:"Also hold it to this audience."`
}

// Help is the command's example.
func (tokenInspectCmd) Help() string {
	return `Example:
  authsec token get | authsec token inspect
  authsec token inspect token.jwt --issuer https://authsec.example.com --audience https://billing.example.com

It ends with status 0 if the token is good now, and with 1 if it would be refused. The token comes
from a file or from standard input: on the command line, it would stay in the shell's history.`
}

// inspectView is what came of it, as JSON shows it.
type inspectView struct {
	Good    bool            `json:"good"`
	Proven  bool            `json:"proven"` // signature and issuer hold; else anybody could have written the claims
	Header  json.RawMessage `json:"header"`
	Claims  json.RawMessage `json:"claims"`
	Expires *int64          `json:"expires_in"` // seconds; below 0: it has expired
	Actors  []actorView     `json:"actors"`     // who asked for it first, the delegation's agent last
	Reasons []reasonView    `json:"reasons"`
	Unknown []string        `json:"not_checked"`
}

type actorView struct {
	Subject  string `json:"sub"`
	ClientID string `json:"client_id"`
	Name     string `json:"name,omitempty"`
}

type reasonView struct {
	By      string `json:"by"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Run inspects the token.
func (c *tokenInspectCmd) Run(ctx context.Context, p *program) (err error) {
	compact, err := c.read(p)
	if err != nil {
		return err
	}
	got, unknown, err := c.inspect(ctx, p, compact)
	if err != nil {
		return err
	}
	now := time.Now()
	if c.json() {
		err = p.printJSON(viewInspection(got, unknown, now))
	} else {
		p.printInspection(got, unknown, now)
	}
	if err == nil && len(got.Reasons) > 0 {
		err = errors.New("the token would be refused now")
	}
	return err
}

func (c *tokenInspectCmd) read(p *program) (domain.Secret, error) {
	if looksLikeToken(c.Token) {
		fmt.Fprintln(p.stderr, "Warning: the shell's history and the list of processes now hold this token. Give it in a file, or on standard input.")
		return domain.Secret(c.Token), nil
	}
	compact, err := p.tokenFrom(c.Token)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return compact, nil
}

func (c *tokenInspectCmd) inspect(ctx context.Context, p *program, compact domain.Secret) (got app.TokenInspection, unknown []string, err error) {
	unknown = []string{}
	if c.Audience == "" {
		unknown = append(unknown, "whether it is for the API that gets it: give --audience")
	}
	if c.IssuerURL != "" {
		unknown = append(unknown, "whether it was revoked by itself, and whether what it rests on still holds: the issuer publishes neither")
		got, err = app.InspectRemoteToken(ctx, c.IssuerURL, compact.Reveal(), c.Audience)
	} else {
		var a *app.App
		if a, err = c.quietWithKeys(ctx, p); err != nil {
			return got, nil, err
		}
		defer closing(&err, a, a.Log)
		got, err = a.InspectToken(ctx, compact.Reveal(), c.Audience)
	}
	switch {
	case err == nil && !got.Proven:
		unknown = append(unknown, "whether it was recalled: what it says is not proven")
	case err == nil && got.Claims.Confirmation != nil:
		unknown = append(unknown, "whether who presents it has its key")
	}
	return got, unknown, err
}

func viewInspection(got app.TokenInspection, unknown []string, now time.Time) inspectView {
	v := inspectView{Good: len(got.Reasons) == 0, Proven: got.Proven, Header: got.Header, Claims: got.Payload, Actors: []actorView{}, Reasons: []reasonView{}, Unknown: unknown}
	if got.Claims != nil {
		left := got.Claims.ExpiresAt - now.Unix()
		v.Expires = &left
	}
	for _, a := range got.Actors {
		v.Actors = append(v.Actors, actorView{a.Subject, a.ClientID, a.Name})
	}
	for _, r := range got.Reasons {
		v.Reasons = append(v.Reasons, reasonView{r.By, r.Code, r.Message})
	}
	return v
}

// printInspection prints it for people.
func (p *program) printInspection(got app.TokenInspection, unknown []string, now time.Time) {
	if !got.Proven {
		fmt.Fprint(p.stdout, "Nothing of this is proven: anybody could have written it.\n\n")
	}
	row := func(name, format string, args ...any) {
		fmt.Fprintf(p.stdout, "  %-12s %s\n", name, oneLine(fmt.Sprintf(format, args...)))
	}
	if got.Header != nil {
		row("Header", "%s", got.Header)
	}
	switch c := got.Claims; {
	case c != nil:
		row("Issuer", "%s", c.Issuer)
		row("Subject", "%s %s", c.Subject, c.Email)
		for i, a := range got.Actors {
			row([]string{"Actor", "which got it"}[min(i, 1)], "%s%s", from(i), actorText(a))
		}
		row("Audience", "%s", strings.Join(c.Audience, ", "))
		row("Actions", "%s", c.Scope)
		row("Delegation", "%s of %s, workload proof: %s", c.DelegationID, c.Role, c.Attestation)
		row("Token ID", "%s", c.ID)
		row("Issued", "%s", moment(c.IssuedAt, now))
		if c.NotBefore != c.IssuedAt {
			row("Not before", "%s", moment(c.NotBefore, now))
		}
		row("Expires", "%s", moment(c.ExpiresAt, now))
		switch k := c.Confirmation; {
		case k == nil:
			row("Bound to", "nothing: whoever has it can use it")
		case k.KeyThumbprint != "":
			row("Bound to", "the DPoP key %s", k.KeyThumbprint)
		default:
			row("Bound to", "the client certificate %s", k.CertThumbprint)
		}
		if c.Status != nil {
			row("Status", "place %d of %s", c.Status.StatusList.Index, c.Status.StatusList.URI)
		}
	case got.Payload != nil:
		row("Claims", "%s", got.Payload)
	}
	if len(got.Reasons) == 0 {
		fmt.Fprintln(p.stdout, "\nIt is good now.")
	} else {
		fmt.Fprintln(p.stdout, "\nIt would be refused now:")
		rows := make([][]string, 0, len(got.Reasons))
		for _, r := range got.Reasons {
			rows = append(rows, []string{r.By, r.Code, r.Message})
		}
		p.printTable([]string{"by", "reason", "what it means"}, rows)
	}
	if len(unknown) > 0 {
		fmt.Fprintf(p.stdout, "\nNot checked:\n  - %s\n", strings.Join(unknown, "\n  - "))
	}
}

func from(i int) string {
	if i == 0 {
		return ""
	}
	return "from "
}

func actorText(a app.TokenActor) string {
	if a.Name == "" {
		return a.Subject
	}
	return a.Name + ", " + a.Subject
}

// moment prints whole seconds since 1970, and how far that is from now.
func moment(seconds int64, now time.Time) string {
	at := time.Unix(seconds, 0)
	distance := at.Sub(now).Round(time.Second)
	switch {
	case distance > 0:
		return fmt.Sprintf("%s, in %s", when(at, ""), distance)
	case distance < 0:
		return fmt.Sprintf("%s, %s ago", when(at, ""), -distance)
	}
	return when(at, "") + ", now"
}
