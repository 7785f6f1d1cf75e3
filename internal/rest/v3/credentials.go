package v3

import (
	"strconv"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
)

func (s *Surface) credentialRoutes() []rest.Route {
	return []rest.Route{
		{Method: "POST", Pattern: "/customers/validate-credentials", Need: auth.ModifyCustomers, Titles: validateCredentials,
			Handle: shape.Call(object(decodeCredentials), s.validateCredentials, bare(appendValidity))},
	}
}

// validateCredentials returns the customer's id, or 0.
func (s *Surface) validateCredentials(c *rest.Call, in account.Credentials) (*int64, error) {
	in.Peer = c.Peer()
	return shape.Ref(s.Accounts.Validate(c.Ctx(), c.StoreID(), in))
}

func decodeCredentials(o decode.Object) account.Credentials {
	o.Only([]string{"email", "password", "channel_id"}, nil)
	o.Required("email", "password")
	return account.Credentials{
		Email:     o.Text("email").Value,
		Password:  o.Text("password").Value,
		ChannelID: o.Int("channel_id").Value,
	}
}

func appendValidity(b []byte, id *int64) []byte {
	b = strconv.AppendBool(append(b, `{"is_valid":`...), *id != 0)
	return append(AppendIDOrNull(append(b, `,"customer_id":`...), *id), '}')
}
