package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// ProjectedToken is where our manifests mount the projected service-account token.
const ProjectedToken = "/var/run/secrets/authsec/token"

const (
	tokenFileVariable = "AUTHSEC_WORKLOAD_TOKEN_FILE"
	endpointVariable  = "SPIFFE_ENDPOINT_SOCKET" // SPIFFE Workload Endpoint §4
	maxProofBytes     = 16 << 10
)

// ErrProof says that a place which is set up to hold the workload's proof
// cannot be used. No other place is tried then: a workload that is meant to
// prove itself in one way must not silently become another.
var ErrProof = errors.New("the workload's proof cannot be had")

var b64token = regexp.MustCompile(`^[A-Za-z0-9\-._~+/]+=*$`) // RFC 6750 §2.1

// finder finds the proof for each fetch anew, so that a rotated one is never missed.
type finder struct {
	config    Config
	projected string
	getenv    func(string) string
}

// prove adds the proof to the request. tried says, for each place without one,
// what it lacks.
func (f finder) prove(ctx context.Context, header http.Header) (tried []string, err error) {
	if f.config.ClientCertificate != nil {
		return nil, nil // the connection is the proof, and there is to be one
	}
	if f.config.ClientSecret != "" {
		// Both halves are form-encoded first (RFC 6749 §2.3.1).
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(f.config.ClientID), url.QueryEscape(f.config.ClientSecret))
		return nil, nil
	}
	var token string
	named := strings.TrimSpace(f.getenv(tokenFileVariable))
	endpoint := strings.TrimSpace(f.getenv(endpointVariable))
	switch _, missing := os.Lstat(f.projected); {
	case f.config.WorkloadTokenFile != "":
		token, err = readSmallFile(f.config.WorkloadTokenFile)
	case named != "":
		token, err = readSmallFile(named)
	case !errors.Is(missing, fs.ErrNotExist) && !errors.Is(missing, syscall.ENOTDIR):
		token, err = readSmallFile(f.projected)
	case endpoint != "" && f.audience() != "":
		token, err = f.jwtSVID(ctx, endpoint)
	default:
		return f.nowhere(endpoint), nil
	}
	if err == nil && !b64token.MatchString(token) {
		err = errors.New("what is there has characters that no token has")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	header.Set("Authorization", "Bearer "+token)
	return nil, nil
}

func (f finder) nowhere(endpoint string) []string {
	spiffe := endpointVariable + " (not set)"
	if endpoint != "" {
		spiffe = endpointVariable + " (WorkloadAudience is not set, and a unix:// BaseURL names none)"
	}
	socket := "a unix:// BaseURL (not set)"
	if strings.HasPrefix(f.config.BaseURL, socketScheme) {
		socket = "the Unix socket of BaseURL (it shows the server this process)"
	}
	return []string{"ClientSecret and WorkloadTokenFile (not set)", tokenFileVariable + " (not set)", f.projected + " (no such file)", spiffe, socket}
}

func (f finder) audience() string {
	if f.config.WorkloadAudience == "" && !strings.HasPrefix(f.config.BaseURL, socketScheme) {
		return f.config.BaseURL
	}
	return f.config.WorkloadAudience
}

// jwtSVID asks the node's agent, which keeps and renews SVIDs.
func (f finder) jwtSVID(ctx context.Context, endpoint string) (string, error) {
	svid, err := workloadapi.FetchJWTSVID(ctx, jwtsvid.Params{Audience: f.audience()}, workloadapi.WithAddr(endpoint))
	if err != nil {
		return "", fmt.Errorf("the Workload API at %s gives no JWT-SVID: %w", endpointVariable, err)
	}
	return svid.Marshal(), nil
}

// readSmallFile returns a file's text without surrounding blanks. Its errors
// hold nothing of the content.
func readSmallFile(path string) (string, error) {
	// O_NONBLOCK: opening a pipe would otherwise wait for its writer.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator's own setting names it
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // only read
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxProofBytes+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(content))
	switch {
	case len(content) > maxProofBytes:
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxProofBytes)
	case text == "":
		return "", fmt.Errorf("%s is empty", path)
	case strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e }):
		return "", fmt.Errorf("%s holds something other than one line of printable ASCII", path)
	}
	return text, nil
}
