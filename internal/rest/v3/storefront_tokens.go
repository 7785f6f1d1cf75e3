package v3

import (
	"net/http"

	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

func (s *Surface) storefrontTokenRoutes() []rest.Route {
	return []rest.Route{
		{Method: "POST", Pattern: "/storefront/api-token", Need: auth.CreateStorefrontTokens, Handle: s.createToken(auth.BrowserToken), Titles: createStorefrontToken},
		{Method: "DELETE", Pattern: "/storefront/api-token", Need: auth.ManageStorefrontTokens, Handle: s.revokeToken, Titles: revokeStorefrontToken},
		{Method: "POST", Pattern: "/storefront/api-token-private", Need: auth.CreateStorefrontTokens, Handle: s.createToken(auth.PrivateToken), Titles: createStorefrontToken},
		{Method: "POST", Pattern: "/storefront/api-token-customer-impersonation", Need: auth.CreateImpersonationTokens, Handle: s.createToken(auth.ImpersonationToken), Titles: createStorefrontToken},
	}
}

func (s *Surface) createToken(kind auth.TokenKind) func(*rest.Call) error {
	return func(c *rest.Call) error {
		d, err := single(c)
		if err != nil {
			return err
		}
		in := auth.NewToken{Kind: kind, ClientID: c.Account.ClientID, ChannelID: d.integer("channel_id")}
		if in.ChannelIDs = d.channels(); in.ChannelIDs.Null {
			in.ChannelIDs = opt.Field[[]int64]{}
		}
		d.requiredNumber("expires_at")
		in.Expires = d.integer("expires_at").Value
		switch kind {
		case auth.BrowserToken:
			in.Origins = d.texts("allowed_cors_origins")
		case auth.PrivateToken:
			scopes := d.v.Get("scopes")
			if !scopes.Present() {
				d.c.Add("scopes", fault.Required, "", "")
			} else if scopes.IsNull() {
				d.wrong("scopes", jsArray)
			}
			in.Scopes = d.texts("scopes").Value
		}
		if err := malformed(d.c.Items); err != nil {
			return err
		}
		token, err := s.Tokens.Create(c.Ctx(), c.StoreID(), in)
		if err != nil {
			return err
		}
		c.W.Header()["Cache-Control"] = []string{"no-store"}
		b := rest.Buffer()
		b.B = jsonx.AppendString(append(b.B, `{"data":{"token":`...), token)
		b.B = append(b.B, `},"meta":{}}`...)
		c.Send(http.StatusOK, b.B)
		b.Free()
		return nil
	}
}

func (s *Surface) revokeToken(c *rest.Call) error {
	if err := s.Tokens.Revoke(c.Ctx(), c.StoreID(), c.R.Header.Get("Sf-Api-Token")); err != nil {
		return err
	}
	c.Send(http.StatusOK, []byte(`{"meta":{}}`))
	return nil
}
