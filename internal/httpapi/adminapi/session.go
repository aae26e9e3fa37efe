package adminapi

import (
	"context"

	"authsec/internal/domain"
	"authsec/internal/httpapi/adminapi/api"
	"authsec/internal/httpapi/wire"
	"authsec/internal/signin"
)

func peerOf(ctx context.Context) signin.Peer {
	info := wire.FromContext(ctx)
	return signin.Peer{IP: info.IP, RequestID: info.ID}
}

func (s server) CreateSession(ctx context.Context, r api.CreateSessionRequestObject) (api.CreateSessionResponseObject, error) {
	got, err := s.SignIn.SignIn(ctx, peerOf(ctx), r.Body.Email, domain.Secret(r.Body.Password))
	if err != nil {
		return nil, err
	}
	return api.CreateSession200JSONResponse{SignedInJSONResponse: s.signedIn(got)}, nil
}

func (s server) CompleteSetup(ctx context.Context, r api.CompleteSetupRequestObject) (api.CompleteSetupResponseObject, error) {
	got, err := s.SignIn.RedeemSetupLink(ctx, peerOf(ctx), domain.Secret(r.Body.Token), domain.SetupSpec{
		Password: domain.Secret(r.Body.Password), Email: valueOf(r.Body.Email), Name: valueOf(r.Body.Name)})
	if err != nil {
		return nil, err
	}
	return api.CompleteSetup200JSONResponse{SignedInJSONResponse: s.signedIn(got)}, nil
}

func (s server) GetSession(ctx context.Context, _ api.GetSessionRequestObject) (api.GetSessionResponseObject, error) {
	user, err := s.Directory.User(ctx, callerOf(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return api.GetSession200JSONResponse(toSession(user, wire.FromContext(ctx).Session)), nil
}

func (s server) DeleteSession(ctx context.Context, _ api.DeleteSessionRequestObject) (api.DeleteSessionResponseObject, error) {
	if err := s.SignIn.SignOut(ctx, callerOf(ctx), wire.FromContext(ctx).Session); err != nil {
		return nil, err
	}
	return api.DeleteSession204Response{Headers: api.DeleteSession204ResponseHeaders{SetCookie: s.Cookie.Clear().String()}}, nil
}

// signedIn is the answer that begins a session.
func (s server) signedIn(a signin.Authenticated) api.SignedInJSONResponse {
	return api.SignedInJSONResponse{Body: toSession(a.User, a.Session),
		Headers: api.SignedInResponseHeaders{SetCookie: s.Cookie.Set(a.Secret, a.Session.ExpiresAt).String()}}
}

func toSession(u domain.User, session domain.Session) api.Session {
	return api.Session{User: toUser(u), Level: api.Level(u.Level), Permissions: permissions(u.Level), ExpiresAt: session.EndsAt().UTC()}
}

// permissions is what the console may offer a level. It grants nothing: the
// table of routes and the services decide.
func permissions(l domain.Level) []api.ConsolePermission {
	switch l {
	case domain.LevelAdmin:
		return []api.ConsolePermission{
			api.ConsolePermissionAgentsWrite, api.ConsolePermissionResourcesWrite, api.ConsolePermissionActionsWrite,
			api.ConsolePermissionRolesWrite, api.ConsolePermissionUsersRead, api.ConsolePermissionUsersWrite,
			api.ConsolePermissionDelegationsCreate, api.ConsolePermissionDelegationsReadAll, api.ConsolePermissionDelegationsWriteAll,
			api.ConsolePermissionKeysRead, api.ConsolePermissionKeysRotate, api.ConsolePermissionAPITokensCreate,
			api.ConsolePermissionAPITokensReadAll, api.ConsolePermissionAuditReadAll,
			api.ConsolePermissionWorkloadSourcesRead, api.ConsolePermissionWorkloadSourcesWrite,
			api.ConsolePermissionIdentityProvidersRead, api.ConsolePermissionIdentityProvidersWrite,
			api.ConsolePermissionDelegationTemplatesRead, api.ConsolePermissionDelegationTemplatesWrite}
	case domain.LevelMember:
		return []api.ConsolePermission{api.ConsolePermissionDelegationsCreate, api.ConsolePermissionAPITokensCreate}
	case domain.LevelAuditor:
		return []api.ConsolePermission{api.ConsolePermissionUsersRead, api.ConsolePermissionDelegationsReadAll,
			api.ConsolePermissionKeysRead, api.ConsolePermissionAPITokensReadAll, api.ConsolePermissionAuditReadAll,
			api.ConsolePermissionWorkloadSourcesRead, api.ConsolePermissionIdentityProvidersRead, api.ConsolePermissionDelegationTemplatesRead}
	}
	return []api.ConsolePermission{}
}
