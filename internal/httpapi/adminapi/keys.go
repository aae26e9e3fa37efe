package adminapi

import (
	"context"
	"fmt"

	"authsec/internal/httpapi/adminapi/api"
)

func (s server) ListKeys(context.Context, api.ListKeysRequestObject) (api.ListKeysResponseObject, error) {
	list, err := s.keys()
	return api.ListKeys200JSONResponse(list), err
}

func (s server) RotateKeys(ctx context.Context, _ api.RotateKeysRequestObject) (api.RotateKeysResponseObject, error) {
	if _, err := s.Keyring.Rotate(ctx, callerOf(ctx)); err != nil {
		return nil, err
	}
	list, err := s.keys()
	return api.RotateKeys200JSONResponse(list), err
}

func (s server) keys() (api.SigningKeyList, error) {
	infos := s.Keyring.Keys(s.Now())
	list := api.SigningKeyList{Items: make([]api.SigningKey, len(infos))}
	for i, k := range infos {
		public, err := k.Public.MarshalJSON()
		if err != nil {
			return list, fmt.Errorf("encode the public key %s: %w", k.KID, err)
		}
		list.Items[i] = api.SigningKey{Kid: k.KID, Alg: k.Alg, State: api.SigningKeyState(k.State), PublishedAt: k.PublishedAt.UTC(),
			ActiveAt: k.ActiveAt.UTC(), RetiresAt: optionalTime(k.RetiresAt), PublicJWK: public}
	}
	return list, nil
}
