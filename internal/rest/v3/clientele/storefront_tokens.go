package clientele

import (
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
)

func (s *Surface) storefrontTokenRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/storefront-tokens", Need: auth.ManageIssuedTokens, List: auth.StorefrontTokenList,
			Handle: v3.List(shape.ScopedPage(s.Tokens.List), appendStorefrontToken)},
		{Method: "DELETE", Pattern: "/storefront-tokens/{token_id}", Need: auth.ManageIssuedTokens,
			Handle: shape.Do(shape.ID("token_id"), shape.ScopedDo(s.Tokens.RevokeID))},
	}
}

func appendStorefrontToken(b []byte, t *auth.IssuedToken) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), t.ID, 10)
	b = jsonx.AppendString(append(b, `,"kind":`...), t.Kind.String())
	b = jsonx.AppendString(append(b, `,"status":`...), string(t.Status))
	b = jsonx.AppendString(append(b, `,"client_id":`...), t.ClientID)
	b = strconv.AppendInt(append(b, `,"key_id":`...), t.KeyID, 10)
	b = append(b, `,"channel_ids":[`...)
	for i, id := range t.Channels {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	b = append(b, `],"scopes":[`...)
	for i, scope := range t.Scopes {
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(b, string(scope))
	}
	b = jsonx.AppendStrings(append(b, `],"allowed_cors_origins":`...), t.Origins)
	b = strconv.AppendInt(append(b, `,"created_at":`...), t.Issued, 10)
	b = strconv.AppendInt(append(b, `,"expires_at":`...), t.Expires, 10)
	b = v3.AppendIDOrNull(append(b, `,"last_used_at":`...), t.Used)
	b = v3.AppendIDOrNull(append(b, `,"revoked_at":`...), t.Revoked)
	return append(b, '}')
}
