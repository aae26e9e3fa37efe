package adminapi

import (
	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func toPreset(p domain.Preset) api.Preset {
	return api.Preset{Name: p.Name, Label: p.Label, Help: p.Help, Platform: p.Platform, Issuer: p.Issuer, Audience: p.Audience,
		Claims: each(p.Claims, func(m domain.ClaimMapping) api.ClaimMapping {
			return api.ClaimMapping{Claim: m.Claim, Selector: m.Selector, Pattern: optional(m.Pattern)}
		}), MaxTokenSeconds: p.MaxTokenSeconds}
}
