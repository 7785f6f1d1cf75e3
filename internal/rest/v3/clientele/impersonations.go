package clientele

import (
	"strconv"

	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/store"
)

var makeImpersonation = &rest.Titles{Failed: "Create impersonation failed."}

func (s *Surface) impersonationRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/impersonations", Need: auth.Impersonate, List: account.Impersonations,
			Handle: v3.List(shape.ScopedPage(s.Accounts.ListImpersonations), appendImpersonation)},
		{Method: "POST", Pattern: "/impersonations", Need: auth.Impersonate, Class: rest.Creating, Titles: makeImpersonation,
			Handle: shape.Call(v3.Object(decodeImpersonation), s.impersonate, v3.Created(appendLeave))},
		{Method: "DELETE", Pattern: "/impersonations/{impersonation_id}", Need: auth.Impersonate,
			Handle: shape.Do(shape.ID("impersonation_id"), shape.ScopedDo(s.Accounts.EndImpersonation))},
	}
}

// leave is an impersonation that was made, with its address.
type leave struct {
	account.Impersonation
	url string
}

// impersonateAt is the command to impersonate on a channel.
type impersonateAt struct {
	account.Impersonate
	channel int64
}

func decodeImpersonation(o decode.Object) impersonateAt {
	o.Only([]string{"customer_id", "reason", "minutes", "channel_id"},
		[]string{"id", "status", "url", "actor", "expires_at", "date_created", "date_used", "date_ended", "end_reason"})
	o.RequiredAs(jsonx.Number, "customer_id", "minutes")
	o.Required("reason")
	in := impersonateAt{channel: store.DefaultChannel}
	in.CustomerID, in.Minutes, in.Reason = o.Int("customer_id").Value, o.Int("minutes").Value, o.Text("reason").Value
	if id := o.Int("channel_id"); id.Set && !id.Null {
		in.channel = id.Value
	}
	return in
}

func (s *Surface) impersonate(c *rest.Call, in impersonateAt) (*leave, error) {
	site, ok, err := s.Hosts.SiteOf(c.Ctx(), c.Account.StoreHash, in.channel, "")
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, account.ErrNoChannel
	}
	if site.URL, err = s.Hosts.LinkTo(c.Ctx(), site.StoreHash, site.ChannelID); err != nil {
		return nil, err
	}
	by := history.APIAccountActor(c.Account.ID)
	by.Name = c.Account.Name
	in.By = by
	made, url, err := s.Accounts.Impersonate(c.Ctx(), site, in.Impersonate)
	return &leave{made, url}, err
}

func appendLeave(b []byte, l *leave) []byte {
	b = appendImpersonation(b, &l.Impersonation)
	b = jsonx.AppendString(append(b[:len(b)-1], `,"url":`...), l.url)
	return append(b, '}')
}

func appendImpersonation(b []byte, i *account.Impersonation) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), i.ID, 10)
	b = strconv.AppendInt(append(b, `,"customer_id":`...), i.CustomerID, 10)
	b = strconv.AppendInt(append(b, `,"channel_id":`...), i.ChannelID, 10)
	b = jsonx.AppendString(append(b, `,"status":`...), i.Status())
	b = jsonx.AppendString(append(b, `,"reason":`...), i.Reason)
	b = jsonx.AppendString(append(b, `,"actor":{"kind":`...), i.By.Kind.String())
	b = v3.AppendIDOrNull(append(b, `,"id":`...), i.By.ID)
	b = jsonx.AppendString(append(b, `,"name":`...), i.By.Name)
	b = jsonx.AppendTime(append(b, `},"date_created":`...), i.Created)
	b = jsonx.AppendTime(append(b, `,"expires_at":`...), i.Expires)
	b = appendTimeOrNull(append(b, `,"date_used":`...), i.Used)
	b = appendTimeOrNull(append(b, `,"date_ended":`...), i.Ended)
	b = append(b, `,"end_reason":`...)
	if i.How == "" {
		return append(b, "null}"...)
	}
	return append(jsonx.AppendString(b, string(i.How)), '}')
}

func appendTimeOrNull(b []byte, at int64) []byte {
	if at == 0 {
		return append(b, "null"...)
	}
	return jsonx.AppendTime(b, at)
}
