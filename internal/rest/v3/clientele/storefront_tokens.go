package clientele

import (
	"net/http"
	"strconv"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	v3 "clientele/internal/rest/v3"
)

func (s *Surface) storefrontTokenRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/storefront-tokens", Need: auth.ManageStorefrontTokens, Handle: s.listStorefrontTokens},
		{Method: "DELETE", Pattern: "/storefront-tokens/{token_id}", Need: auth.ManageStorefrontTokens, Handle: s.revokeStorefrontToken},
	}
}

func storefrontTokenLists() map[string]*listing.Spec {
	return map[string]*listing.Spec{"GET /storefront-tokens": auth.StorefrontTokenList}
}

func (s *Surface) listStorefrontTokens(c *rest.Call) error {
	q, err := auth.StorefrontTokenList.Parse(c.R.URL.RawQuery)
	if err != nil {
		return err
	}
	rows, res, err := s.Tokens.List(c.Ctx(), c.StoreID(), q)
	if err != nil {
		return err
	}
	v3.SendList(c, q, res, true, rows, appendStorefrontToken)
	return nil
}

func (s *Surface) revokeStorefrontToken(c *rest.Call) error {
	id, err := v3.PathID(c, "token_id")
	if err != nil {
		return err
	}
	if err := s.Tokens.RevokeID(c.Ctx(), c.StoreID(), id); err != nil {
		return err
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
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
