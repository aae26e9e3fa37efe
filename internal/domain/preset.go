package domain

import "time"

// Preset is a ready-made OpenID Connect source for a platform: what is the same
// for everybody. The API serves the list; no client hard-codes any of it.
type Preset struct {
	Name  string // stands in OIDCSource.Preset
	Label string
	Help  string // what the tokens are, and what to fill in
	// Issuer is everybody's, or an example in which "<…>" is to be replaced.
	Issuer string
	// Audience says what the audience can be.
	Audience        string
	Platform        string
	Claims          []ClaimMapping
	MaxTokenSeconds int64 // 0: DefaultMaxProofAge
}

// Presets lists the presets in display order.
func Presets() []Preset {
	return []Preset{
		{Name: "github-actions", Label: "GitHub Actions", Platform: "github",
			Help:     "The ID token of a workflow run. On GitHub Enterprise Server the issuer is https://<host>/_services/token.",
			Issuer:   "https://token.actions.githubusercontent.com",
			Audience: "Any name of your choice; the workflow asks for it.",
			Claims: []ClaimMapping{
				{Claim: "repository", Selector: "github:repository"},
				{Claim: "ref", Selector: "github:ref"},
				{Claim: "workflow", Selector: "github:workflow"},
				{Claim: "environment", Selector: "github:environment"},
			}},
		{Name: "gitlab", Label: "GitLab CI/CD", Platform: "gitlab",
			Help:     "The ID token of a CI/CD job. For an instance of your own the issuer is its URL. A token lives as long as its job may run.",
			Issuer:   "https://gitlab.com",
			Audience: "Any name of your choice; the job's id_tokens section asks for it.",
			Claims: []ClaimMapping{
				{Claim: "project_path", Selector: "gitlab:project_path"},
				{Claim: "ref", Selector: "gitlab:ref"},
				{Claim: "ref_protected", Selector: "gitlab:ref_protected"},
				{Claim: "environment", Selector: "gitlab:environment"},
				{Claim: "namespace_path", Selector: "gitlab:namespace_path"},
			}},
		{Name: "google-cloud", Label: "Google Cloud", Platform: "gcp",
			Help:     "The ID token of a service identity, from the metadata server. Only with format=full does it name project, zone and instance.",
			Issuer:   "https://accounts.google.com",
			Audience: "Any URL of your choice; the workload asks for it.",
			Claims: []ClaimMapping{
				{Claim: "email", Selector: "gcp:service_account", Pattern: `([^@]+@[^@]+\.gserviceaccount\.com)`},
				{Claim: "/google/compute_engine/project_id", Selector: "gcp:project_id"},
				{Claim: "/google/compute_engine/instance_id", Selector: "gcp:instance_id"},
				{Claim: "/google/compute_engine/zone", Selector: "gcp:zone"},
			}},
		{Name: "azure", Label: "Azure managed identity", Platform: "azure",
			Help:     "The access token of a managed identity for an app registration that stands for this server. For tokens of version 2 the issuer is https://login.microsoftonline.com/<tenant-id>/v2.0.",
			Issuer:   "https://sts.windows.net/<tenant-id>/",
			Audience: "The app registration's Application ID URI; for tokens of version 2, its client ID.",
			Claims: []ClaimMapping{
				{Claim: "tid", Selector: "azure:tenant_id"},
				{Claim: "oid", Selector: "azure:principal_id"},
				// The resource that the identity belongs to, which for a user-assigned one need
				// not be in the subscription of the machine that uses it.
				{Claim: "xms_mirid", Selector: "azure:subscription_id", Pattern: `(?i:/subscriptions/)([^/]+)/.+`},
			},
			MaxTokenSeconds: int64(maxTokenLife / time.Second)},
		{Name: "aws", Label: "AWS", Platform: "aws",
			Help:     "The web identity token that AWS STS gives to a role (outbound identity federation). The issuer is your account's own.",
			Issuer:   "https://<account's own>.tokens.sts.global.api.aws",
			Audience: "Any name of your choice; the workload asks for it.",
			Claims: []ClaimMapping{
				{Claim: "/https:~1~1sts.amazonaws.com~1/aws_account", Selector: "aws:account_id"},
				{Claim: "sub", Selector: "aws:role_arn", Pattern: `(arn:[^:]+:iam::[0-9]+:role/.+)`},
			}},
	}
}
