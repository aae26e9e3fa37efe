package oauthapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"authsec/internal/domain"
	"authsec/internal/issuance"
	"authsec/internal/policy"
)

const good = "grant_type=" + grantTokenExchange + "&client_id=" + agentID + "&subject_token=a.b.c&subject_token_type="

// RFC 8693 §2.1 and §3: each type that is exchanged, and what else is read.
func TestAnExchangeIsReadWhole(t *testing.T) {
	for name, kind := range map[string]issuance.TokenKind{"access_token": issuance.AccessToken, "id_token": issuance.IDToken, "jwt": issuance.JWT} {
		got, err := parseTokenRequest(httptest.NewRecorder(), tokenRequest(t, good+tokenTypes+name+"&scope=a:b&resource=urn:x&audience=y&role=support&ttl=90&requested_token_type="))
		if err != nil || got.subject == nil || got.subject.kind != kind || got.subject.token != "a.b.c" || got.ClientID != agentID || got.Role != "support" ||
			len(got.Actions) != 1 || len(got.Audience) != 2 || got.TTL == 0 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	got, err := parseTokenRequest(httptest.NewRecorder(), tokenRequest(t, "grant_type=client_credentials&client_id="+agentID+"&subject_token=a&subject_token_type=b&actor_token=c"))
	if err != nil || got.subject != nil { // RFC 6749 §3.2: they mean nothing there
		t.Errorf("%+v %v", got, err)
	}
}

// RFC 8693 §2.1: what an actor_token may be.
func TestTheActorTokenIsTheClientsOwn(t *testing.T) {
	proven := good + typeAccessToken + "&client_assertion_type=" + assertionJWT + "&client_assertion=own"
	for more, ok := range map[string]bool{
		"&actor_token=own&actor_token_type=" + tokenTypes + "jwt":      true,
		"&actor_token=own&actor_token_type=" + typeAccessToken:         true,
		"&actor_token=own&actor_token_type=" + tokenTypes + "id_token": true,
		"&actor_token=&actor_token_type=":                              true,
		"&actor_token=other&actor_token_type=" + tokenTypes + "jwt":    false,
		"&actor_token=own":                                                  false,
		"&actor_token_type=" + tokenTypes + "jwt":                           false,
		"&actor_token=own&actor_token_type=jwt":                             false,
		"&actor_token=own&actor_token_type=" + tokenTypes + "refresh_token": false,
		"&actor_token=a.b.c&actor_token_type=" + tokenTypes + "jwt":         false, // the subject's
	} {
		_, err := parseTokenRequest(httptest.NewRecorder(), tokenRequest(t, proven+more))
		if (err == nil) != ok || (err != nil && domain.CodeOf(err) != invalidRequest) {
			t.Errorf("%s: %v", more, err)
		}
	}
	// With a secret there is no token that it could repeat.
	if _, err := parseTokenRequest(httptest.NewRecorder(), tokenRequest(t, good+typeAccessToken+"&client_secret=own&actor_token=own&actor_token_type="+tokenTypes+"jwt")); domain.CodeOf(err) != invalidRequest {
		t.Errorf("%v", err)
	}
}

// RFC 8693 §2.2.2: a subject token, or whose it is, is the request's fault; RFC 6749
// §5.2 has another name for that of another grant.
func TestRFC8693_2_2_2_ErrorNames(t *testing.T) {
	for code, names := range map[string][2]string{ // of an exchange, and else
		policy.CodeDelegationEnded:    {invalidRequest, invalidGrant},
		policy.CodeNoDelegation:       {invalidRequest, invalidGrant},
		policy.CodeDelegatorInactive:  {invalidRequest, invalidGrant},
		policy.CodeRoleNotHeld:        {invalidRequest, invalidGrant},
		policy.CodePresenceRequired:   {invalidRequest, invalidGrant},
		policy.CodeTemplate:           {invalidRequest, invalidGrant},
		policy.CodeChain:              {invalidRequest, invalidGrant},
		policy.CodeAudienceNotAllowed: {invalidTarget, invalidTarget},
		policy.CodeActionNotDelegated: {invalidScope, invalidScope},
		policy.CodeAgentSuspended:     {unauthorizedClient, unauthorizedClient},
		policy.CodeInvalidProof:       {invalidClient, invalidClient},
	} {
		denial := policy.Denial{Reasons: []domain.Reason{{Code: code, Message: "why"}}}
		for i, err := range []error{&failedExchange{denial.Err()}, denial.Err()} {
			w, r := httptest.NewRecorder(), tokenRequest(t, "")
			failToken()(w, r, err)
			if body := w.Body.String(); !strings.Contains(body, `"error":"`+names[i]+`"`) || !strings.Contains(body, `"authsec_error":"`+code+`"`) ||
				(w.Code == http.StatusUnauthorized) != (names[i] == invalidClient) {
				t.Errorf("%s: %d %s, want %s", code, w.Code, body, names[i])
			}
		}
	}
}
