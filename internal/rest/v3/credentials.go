package v3

import (
	"net/http"
	"strconv"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/rest"
)

func (s *Surface) credentialRoutes() []rest.Route {
	return []rest.Route{
		{Method: "POST", Pattern: "/customers/validate-credentials", Need: auth.ModifyCustomers, Handle: s.validateCredentials, Titles: validateCredentials},
	}
}

func (s *Surface) validateCredentials(c *rest.Call) error {
	d, err := single(c)
	if err != nil {
		return err
	}
	d.required("email", "password")
	in := account.Credentials{
		Email:     d.text("email").Value,
		Password:  d.text("password").Value,
		ChannelID: d.integer("channel_id").Value,
		Peer:      c.Peer(),
	}
	if err := malformed(d.c.Items); err != nil {
		return err
	}
	id, err := s.Accounts.Validate(c.Ctx(), c.StoreID(), in)
	if err != nil {
		return err
	}
	// This answer has no envelope.
	b := rest.Buffer()
	b.B = append(b.B, `{"is_valid":`...)
	b.B = strconv.AppendBool(b.B, id != 0)
	b.B = append(b.B, `,"customer_id":`...)
	if id != 0 {
		b.B = strconv.AppendInt(b.B, id, 10)
	} else {
		b.B = append(b.B, "null"...)
	}
	b.B = append(b.B, '}')
	c.Send(http.StatusOK, b.B)
	b.Free()
	return nil
}
