package adminapi

import (
	"context"
	"encoding/json"
	"fmt"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
)

func (s server) SetAgentKeys(ctx context.Context, r api.SetAgentKeysRequestObject) (api.SetAgentKeysResponseObject, error) {
	raw := make([]json.RawMessage, 0, len(r.Body.Keys))
	for _, k := range r.Body.Keys {
		text, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("a key of the body: %w", err)
		}
		raw = append(raw, text)
	}
	keys, err := domain.ParseAgentKeys(raw)
	if err != nil {
		return nil, err
	}
	agent, err := s.Directory.SetAgentKeys(ctx, callerOf(ctx), r.ClientID, keys)
	if err != nil {
		return nil, err
	}
	return api.SetAgentKeys200JSONResponse(s.toAgent(agent)), nil
}

func (s server) ClearAgentKeys(ctx context.Context, r api.ClearAgentKeysRequestObject) (api.ClearAgentKeysResponseObject, error) {
	if _, err := s.Directory.SetAgentKeys(ctx, callerOf(ctx), r.ClientID, nil); err != nil {
		return nil, err
	}
	return api.ClearAgentKeys204Response{}, nil
}

func toAgentKey(k domain.AgentKey) api.AgentKey {
	return api.AgentKey{Kid: optional(k.ID), Kty: k.Type, Alg: optional(k.Algorithm)}
}
