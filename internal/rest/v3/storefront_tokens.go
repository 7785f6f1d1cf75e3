package v3

import (
	"net/http"

	"clientele/internal/auth"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) storefrontTokenRoutes() []rest.Route {
	create := func(pattern string, need auth.Requirement, read func(decode.Object) auth.NewToken) rest.Route {
		return rest.Route{Method: "POST", Pattern: pattern, Need: need, Titles: createStorefrontToken,
			Handle: shape.Call(object(read), s.createToken, sendToken)}
	}
	return []rest.Route{
		create("/storefront/api-token", auth.CreateStorefrontTokens, decodeBrowserToken),
		{Method: "DELETE", Pattern: "/storefront/api-token", Need: auth.RevokeStorefrontTokens, Titles: revokeStorefrontToken, Handle: s.revokeToken},
		create("/storefront/api-token-private", auth.CreateStorefrontTokens, decodePrivateToken),
		create("/storefront/api-token-customer-impersonation", auth.CreateImpersonationTokens, decodeImpersonationToken),
	}
}

func (s *Surface) createToken(c *rest.Call, in auth.NewToken) (*string, error) {
	in.ClientID = c.Account.ClientID
	return shape.Ref(s.Tokens.Create(c.Ctx(), c.StoreID(), in))
}

func sendToken(c *rest.Call, token *string) {
	c.W.Header()["Cache-Control"] = []string{"no-store"}
	sendOne(c, http.StatusOK, token, func(b []byte, token *string) []byte {
		return append(jsonx.AppendString(append(b, `{"token":`...), *token), '}')
	})
}

func (s *Surface) revokeToken(c *rest.Call) error {
	if err := s.Tokens.Revoke(c.Ctx(), c.StoreID(), c.R.Header.Get("Sf-Api-Token")); err != nil {
		return err
	}
	c.Send(http.StatusOK, []byte(`{"meta":{}}`))
	return nil
}

// decodeToken reads what all kinds of tokens have, beside other members.
func decodeToken(o decode.Object, kind auth.TokenKind, others ...string) auth.NewToken {
	o.Only(append([]string{"channel_id", "channel_ids", "expires_at"}, others...), nil)
	in := auth.NewToken{Kind: kind, ChannelID: o.Int("channel_id")}
	if in.ChannelIDs = channelIDs(o); in.ChannelIDs.Null {
		in.ChannelIDs = opt.Field[[]int64]{}
	}
	o.RequiredAs(jsonx.Number, "expires_at")
	in.Expires = o.Int("expires_at").Value
	return in
}

func decodeBrowserToken(o decode.Object) auth.NewToken {
	in := decodeToken(o, auth.BrowserToken, "allowed_cors_origins")
	in.Origins = o.Texts("allowed_cors_origins")
	return in
}

func decodePrivateToken(o decode.Object) auth.NewToken {
	in := decodeToken(o, auth.PrivateToken, "scopes")
	o.RequiredAs(jsonx.Array, "scopes")
	in.Scopes = o.Texts("scopes").Value
	return in
}

func decodeImpersonationToken(o decode.Object) auth.NewToken {
	return decodeToken(o, auth.ImpersonationToken)
}
