package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"authsec/internal/domain"
)

type sourceAddCmd struct {
	Kubernetes sourceAddKubernetesCmd `cmd:"" help:"A cluster's projected service-account tokens."`
	SPIFFE     sourceAddSPIFFECmd     `cmd:"" name:"spiffe" help:"A SPIFFE trust domain's SVIDs."`
	OIDC       sourceAddOIDCCmd       `cmd:"" name:"oidc" help:"An OpenID Connect issuer's tokens: GitHub Actions, GitLab, clouds."`
	Unix       sourceAddUnixCmd       `cmd:"" help:"The processes on the server's own machine."`
}

// newSource are the flags of every kind.
type newSource struct {
	settings
	output
	Name     string `required:"" help:"What it is called."`
	Disabled bool   `help:"Do not believe it yet."`
}

// issuerKeys say where an issuer's keys are. Without any they are discovered.
type issuerKeys struct {
	JWKSFile     string        `name:"jwks-file" type:"path" help:"The issuer's key set, where the issuer cannot be asked."`
	JWKSURL      string        `name:"jwks-url" help:"Where the key set is, without discovery."`
	CAFile       string        `type:"path" help:"Certificates in PEM of a private CA."`
	MaxTokenLife time.Duration `help:"The longest life of a token that is taken (default 1h1m)."`
}

func (k issuerKeys) read() (jwks, ca string, err error) {
	if jwks, err = readText(k.JWKSFile, domain.MaxJWKSBytes); err != nil {
		return "", "", fmt.Errorf("--jwks-file: %w", err)
	}
	if ca, err = readText(k.CAFile, domain.MaxCABundleBytes); err != nil {
		return "", "", fmt.Errorf("--ca-file: %w", err)
	}
	return jwks, ca, nil
}

// readText reads a file that is not larger than most. No name is no text.
func readText(name string, most int64) (string, error) {
	if name == "" {
		return "", nil
	}
	file, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return "", err
	}
	defer file.Close() //nolint:errcheck // only read
	raw, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(raw)) > most {
		err = fmt.Errorf("%s has more than %d KiB", name, most>>10)
	}
	return string(raw), err
}

// add stores the source.
func (c newSource) add(ctx context.Context, p *program, kind domain.SourceKind, s domain.SourceSettings) (err error) {
	a, err := c.quiet(ctx, p)
	if err != nil {
		return err
	}
	defer closing(&err, a, a.Log)
	src, err := a.Directory.CreateWorkloadSource(ctx, operator(), domain.WorkloadSourceSpec{Name: c.Name, Kind: kind, Settings: s, Enabled: !c.Disabled})
	if err != nil {
		return err
	}
	v := viewSource(src, a.Config.TrustDomain)
	if c.json() {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.stdout, "Added %s (%s), which is %s.\nIt proves workloads on: %s.\n", oneLine(v.Name), v.ID, v.state(), strings.Join(v.Proves, ", "))
	if kind != domain.SourceUnix {
		fmt.Fprintf(p.stdout, "Try it: authsec source test %s --token-file FILE\n", v.ID)
	}
	return nil
}

type sourceAddKubernetesCmd struct {
	newSource
	issuerKeys
	Issuer      string `required:"" placeholder:"URL" help:"The tokens' issuer: kubectl get --raw /.well-known/openid-configuration shows it."`
	Audience    string `required:"" help:"The audience of the projected tokens, for this server alone."`
	Kubeconfig  string `type:"path" xor:"api" help:"A kubeconfig on the server, to look pods up."`
	KubeContext string `help:"The context in it; without, its current one."`
	InCluster   bool   `xor:"api" help:"Look pods up by the server's own service account."`
	TokenReview bool   `help:"Have the cluster verify the tokens."`
}

// Help is the command's example.
func (sourceAddKubernetesCmd) Help() string {
	return `Example:
  authsec source add kubernetes --name "Production cluster" --issuer https://kubernetes.default.svc \
    --audience authsec --in-cluster --token-review`
}

// Run adds a cluster.
func (c *sourceAddKubernetesCmd) Run(ctx context.Context, p *program) error {
	jwks, ca, err := c.read()
	if err != nil {
		return err
	}
	k := domain.KubernetesSource{Issuer: c.Issuer, Audience: c.Audience, JWKS: jwks, JWKSURL: c.JWKSURL, CABundle: ca,
		TokenReview: c.TokenReview, MaxTokenSeconds: int64(c.MaxTokenLife / time.Second)}
	if c.Kubeconfig != "" || c.InCluster || c.KubeContext != "" {
		k.API = &domain.KubernetesAPI{Kubeconfig: c.Kubeconfig, Context: c.KubeContext, InCluster: c.InCluster}
	}
	return c.add(ctx, p, domain.SourceKubernetes, domain.SourceSettings{Kubernetes: &k})
}

type sourceAddSPIFFECmd struct {
	newSource
	Domain           string `required:"" placeholder:"NAME" help:"The trust domain whose SVIDs it takes, such as example.org."`
	Audience         string `required:"" help:"The audience of JWT-SVIDs."`
	BundleURL        string `help:"A bundle endpoint."`
	EndpointSPIFFEID string `name:"endpoint-spiffe-id" help:"The endpoint's own ID, for the profile https_spiffe."`
	BundleFile       string `type:"path" help:"The bundle in a file on the server; with --endpoint-spiffe-id, the one to begin with."`
	WorkloadAPI      string `name:"workload-api" placeholder:"unix:///PATH" help:"The Workload API's socket on the server."`
	CAFile           string `type:"path" help:"Certificates in PEM of a private CA, for --bundle-url."`
}

// Help is the command's example.
func (sourceAddSPIFFECmd) Help() string {
	return `Example:
  authsec source add spiffe --name SPIRE --domain example.org --audience authsec \
    --workload-api unix:///run/spire/sockets/agent.sock`
}

// Run adds a trust domain.
func (c *sourceAddSPIFFECmd) Run(ctx context.Context, p *program) error {
	ca, err := readText(c.CAFile, domain.MaxCABundleBytes)
	if err != nil {
		return fmt.Errorf("--ca-file: %w", err)
	}
	return c.add(ctx, p, domain.SourceSPIFFE, domain.SourceSettings{SPIFFE: &domain.SPIFFESource{TrustDomain: c.Domain, Audience: c.Audience,
		BundleURL: c.BundleURL, EndpointSPIFFEID: c.EndpointSPIFFEID, BundleFile: c.BundleFile, WorkloadAPI: c.WorkloadAPI, CABundle: ca}})
}

type sourceAddOIDCCmd struct {
	newSource
	issuerKeys
	Preset   string   `help:"What is the same for everybody: github-actions, gitlab, google-cloud, azure or aws."`
	Platform string   `help:"Whose selectors it attests; the preset's, without it."`
	Issuer   string   `placeholder:"URL" help:"The tokens' issuer; the preset's, without it."`
	Audience string   `required:"" help:"The audience of the tokens, for this server alone."`
	Claim    []string `sep:"none" placeholder:"CLAIM=SELECTOR" help:"Which claim is which selector; repeatable. The preset's, without any."`
}

// Help is the command's example.
func (sourceAddOIDCCmd) Help() string {
	return `Example:
  authsec source add oidc --name "GitHub Actions" --preset github-actions --audience https://auth.example.com`
}

// Run adds an issuer.
func (c *sourceAddOIDCCmd) Run(ctx context.Context, p *program) error {
	jwks, ca, err := c.read()
	if err != nil {
		return err
	}
	o := domain.OIDCSource{Preset: c.Preset, Platform: c.Platform, Issuer: c.Issuer, Audience: c.Audience, JWKS: jwks, JWKSURL: c.JWKSURL,
		CABundle: ca, MaxTokenSeconds: int64(c.MaxTokenLife / time.Second)}
	if err := fillFromPreset(&o); err != nil {
		return err
	}
	if len(c.Claim) > 0 {
		o.Claims = nil
	}
	for _, text := range c.Claim {
		i := strings.LastIndex(text, "=") // a claim's name may hold one, a selector's key does not
		if i < 0 {
			return fmt.Errorf("--claim %s: write CLAIM=SELECTOR, such as repository=github:repository", text)
		}
		o.Claims = append(o.Claims, domain.ClaimMapping{Claim: text[:i], Selector: text[i+1:]})
	}
	return c.add(ctx, p, domain.SourceOIDC, domain.SourceSettings{OIDC: &o})
}

// fillFromPreset takes from the preset what is not given.
func fillFromPreset(o *domain.OIDCSource) error {
	if o.Preset == "" {
		return nil
	}
	presets := domain.Presets()
	i := slices.IndexFunc(presets, func(p domain.Preset) bool { return p.Name == o.Preset })
	if i < 0 {
		var names []string
		for _, p := range presets {
			names = append(names, p.Name)
		}
		return fmt.Errorf("--preset %s: there is none; choose one of %s", o.Preset, strings.Join(names, ", "))
	}
	preset := presets[i]
	if o.Platform == "" {
		o.Platform = preset.Platform
	}
	if o.Issuer == "" {
		if o.Issuer = preset.Issuer; strings.Contains(o.Issuer, "<") {
			return fmt.Errorf("--issuer is needed with --preset %s: %s", o.Preset, o.Issuer)
		}
	}
	if o.MaxTokenSeconds == 0 {
		o.MaxTokenSeconds = preset.MaxTokenSeconds
	}
	o.Claims = preset.Claims
	return nil
}

type sourceAddUnixCmd struct {
	newSource
	DockerHost string `placeholder:"unix:///PATH" help:"The Docker API that knows the containers of processes."`
}

// Help is the command's example.
func (sourceAddUnixCmd) Help() string {
	return `Example:
  authsec source add unix --name "This machine's containers" --docker-host unix:///var/run/docker.sock`
}

// Run adds this machine.
func (c *sourceAddUnixCmd) Run(ctx context.Context, p *program) error {
	return c.add(ctx, p, domain.SourceUnix, domain.SourceSettings{Unix: &domain.UnixSource{DockerHost: c.DockerHost}})
}
