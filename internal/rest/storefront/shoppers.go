package storefront

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/limit"
	"clientele/internal/recaptcha"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/visit"
)

// How often subscriptions may be written from one address.
const (
	writesPerPeer = 100
	writesWindow  = 15 * time.Minute
	writingPeers  = 100_000
)

// client tells the domain who asks, but for the language.
func (c *Call) client() account.Client {
	return account.Client{Peer: c.Peer, UserAgent: c.R.UserAgent(), Previous: c.Token(), Shown: subscriber.Shown{Place: c.Asks()}}
}

// speaker is client with the language in which a store speaks to who asks.
func (c *Call) speaker(settings *store.Settings) account.Client {
	out := c.client()
	out.Language = c.Wish("").Choose(settings.Languages())
	return out
}

// speaker is the call's, of the store that is asked. Where its languages cannot
// be read, neither can what the operation needs, which says so.
func (s *Surface) speaker(c *Call) account.Client {
	settings, err := s.Stores.Settings(c.Ctx(), c.Site.StoreID)
	if err != nil {
		return c.client()
	}
	return c.speaker(settings)
}

// session returns who is signed in on this site, or nil.
func (s *Surface) session(c *Call) (*account.Session, error) {
	if c.Token() == "" {
		return nil, nil
	}
	return s.Accounts.AuthenticateOn(c.Ctx(), c.Site, c.Token())
}

// createCustomer registers a shopper and, as there is nothing left to prove,
// signs them in where the request comes from their browser.
func (s *Surface) createCustomer(c *Call) error {
	v, err := c.Object()
	if err != nil {
		return err
	}
	settings, err := s.Stores.Settings(c.Ctx(), c.Site.StoreID)
	if err != nil {
		return err
	}
	col := fault.Collector{}
	o := dialect.Object(v, &col)
	o.Only([]string{"firstName", "lastName", "email", "password", "acceptsMarketingEmails", "token", "company", "phone", "customFields"}, nil)
	in := account.Registration{}
	for _, f := range []struct {
		name string
		to   *string
	}{{"firstName", &in.FirstName}, {"lastName", &in.LastName}, {"email", &in.Email}, {"password", &in.Password}} {
		*f.to = o.Text(f.name).Value
		if v := o.Value.Get(f.name); !v.Present() || v.IsNull() || v.Kind() == jsonx.String && strings.TrimSpace(*f.to) == "" {
			col.Add(f.name, fault.Required, "", f.name+" is required")
		}
	}
	in.AcceptsMarketing = o.Flag("acceptsMarketingEmails").Value
	token := o.Text("token").Value
	in.Company = o.Text("company").Value
	in.Phone = o.Text("phone").Value
	in.FormFields = customFields(o)
	client := c.speaker(settings)
	// A form that is refused must not use up the proof of a person, and all its
	// faults are told together. Otherwise Register looks for them anyway.
	if settings.Storefront.ReCaptcha.Enabled || len(col.Items) > 0 {
		if err := together(&col, s.Accounts.CheckRegistration(c.Ctx(), c.Site, in, client)); err != nil {
			return err
		}
	}
	if err := s.Robots.Check(c.Ctx(), &settings.Storefront.ReCaptcha, token, c.Peer.Address); err != nil {
		if errors.Is(err, recaptcha.ErrRefused) {
			err = fault.New(fault.TooMany, recaptcha.ErrRefused.Message)
		}
		return err
	}
	id, err := s.Accounts.Register(c.Ctx(), c.Site, in, client)
	if err != nil {
		return toShopper(err)
	}
	if !c.guest && !settings.Storefront.ConfirmEmail {
		// The account is made: to refuse the request now would invite to repeat it.
		if err := s.signIn(c, id, client); err != nil {
			c.Log.Warn("no session after a registration", "error", err, "store", c.Site.StoreHash, "request_id", c.RequestID)
		}
	}
	c.SendEmpty(http.StatusNoContent)
	return nil
}

// together makes one error of what was found in a body and what the service
// says of it. Of each field the first fault counts.
func together(found *fault.Collector, err error) error {
	err = toShopper(err)
	f := fault.As(err)
	if err != nil && (f == nil || f.Kind != fault.Invalid) {
		return err
	}
	if f != nil {
		for _, it := range f.Items {
			if !slices.ContainsFunc(found.Items, func(have fault.Item) bool { return pathOf(&have) == pathOf(&it) }) {
				found.AddItem(it)
			}
		}
	}
	return found.Err(fault.Invalid)
}

// signIn opens a session in the browser. Somebody who may not sign in has an
// account all the same.
func (s *Surface) signIn(c *Call, customerID int64, client account.Client) error {
	g, err := s.Accounts.SignInAs(c.Ctx(), c.Site, account.Browser, account.Proof{CustomerID: customerID, By: account.ByRegistration}, client)
	if f := fault.As(err); f != nil && (f.Kind == fault.Forbidden || f.Kind == fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	s.enter(c, g)
	return nil
}

// toShopper tells that a store takes nobody as documented: by a bad request.
func toShopper(err error) error {
	if errors.Is(err, account.ErrClosed) {
		return &fault.Error{Kind: fault.BadInput, Message: account.ErrClosed.Message}
	}
	return err
}

// subscribe keeps what somebody says about emails to an address. Anybody may
// say it of any address, so nothing is told that only its owner may know:
// neither names nor whether the address was known before.
func (s *Surface) subscribe(c *Call) error {
	v, err := c.Object()
	if err != nil {
		return err
	}
	col := fault.Collector{}
	o := dialect.Object(v, &col)
	o.Only([]string{"email", "acceptsMarketingNewsletter", "acceptsAbandonedCartEmails"}, nil)
	address := o.Text("email").Value
	if v := o.Value.Get("email"); !v.Present() || v.IsNull() || v.Kind() == jsonx.String && strings.TrimSpace(address) == "" {
		col.Add("email", fault.Required, "", "email is required")
	}
	w := subscriber.Wish{
		Email: address, ChannelID: c.Site.ChannelID,
		Newsletter: o.Flag("acceptsMarketingNewsletter"), AbandonedCart: o.Flag("acceptsAbandonedCartEmails"),
	}
	if len(col.Items) == 0 {
		if f := fault.As(subscriber.Create{Email: address}.Check()); f != nil {
			col.Items = append(col.Items, f.Items...)
		}
	}
	if err := col.Err(fault.Invalid); err != nil {
		return err
	}
	if wait := s.writes.Take(fmt.Sprint(c.Site.StoreID, "\x00", c.Peer.Network())); wait > 0 {
		return limit.TooMany(wait)
	}
	who, err := s.session(c)
	if err != nil {
		return err
	}
	own, err := s.owns(c, who, address)
	if err != nil {
		return err
	}
	sub, err := s.Accounts.Say(c.Ctx(), c.Site, w, s.speaker(c))
	if err != nil {
		return toShopper(err)
	}
	if !own {
		sub = nil
	}
	return sendSubscription(c, &w, sub)
}

// owns reports whether an address is that of the customer who is signed in.
func (s *Surface) owns(c *Call, who *account.Session, address string) (bool, error) {
	if who == nil {
		return false, nil
	}
	got, err := s.Customers.Get(c.Ctx(), c.Site.StoreID, who.CustomerID)
	if f := fault.As(err); f != nil && f.Kind == fault.NotFound {
		return false, nil
	}
	return err == nil && email.Same(got.Email, address), err
}

// sendSubscription answers with what is stored to the address's owner, and to
// anybody else with what they said themselves.
func sendSubscription(c *Call, w *subscriber.Wish, sub *subscriber.Subscriber) error {
	b := []byte{'{'}
	if sub == nil {
		sub = &subscriber.Subscriber{Email: w.Email, Source: subscriber.FromStorefront}
		if w.Newsletter.Value {
			sub.Consents = append(sub.Consents, subscriber.MarketingNewsletter)
		}
		if w.AbandonedCart.Value {
			sub.Consents = append(sub.Consents, subscriber.AbandonedCart)
		}
	} else {
		b = append(strconv.AppendInt(append(b, `"id":`...), sub.ID, 10), ',')
	}
	b = jsonx.AppendString(append(b, `"email":`...), sub.Email)
	b = jsonx.AppendString(append(b, `,"firstName":`...), sub.FirstName)
	b = jsonx.AppendString(append(b, `,"lastName":`...), sub.LastName)
	b = jsonx.AppendString(append(b, `,"source":`...), sub.Source)
	b = append(b, `,"orderId":`...)
	if sub.OrderID > 0 {
		b = strconv.AppendInt(b, sub.OrderID, 10)
	} else {
		b = append(b, "null"...)
	}
	b = jsonx.AppendStrings(append(b, `,"consents":`...), sub.Consents)
	c.Send(http.StatusOK, append(b, '}'))
	return nil
}

// consent keeps what a shopper agreed to: in the browser, and on the account
// of one who is signed in.
func (s *Surface) consent(c *Call) error {
	if c.guest {
		return errForeign // there is no cookie to keep it in
	}
	v, err := c.Object()
	if err != nil {
		return err
	}
	col := fault.Collector{}
	dialect.Object(v, &col).Only([]string{"allow", "deny"}, nil)
	in := decodeConsent(&col, v)
	if err := col.Err(fault.Malformed); err != nil {
		return err
	}
	settings, err := s.Settings.Effective(c.Ctx(), c.Site.StoreID, c.Site.ChannelID)
	if err != nil {
		return err
	}
	if !*settings.AskConsent {
		return &fault.Error{Kind: fault.BadInput, Message: "This store does not ask shoppers for their consent to cookies."}
	}
	in.DateModified = c.System.Now()
	who, err := s.session(c)
	if err != nil {
		return err
	}
	if who != nil {
		_, err := s.Customers.AdoptConsent(c.Ctx(), c.Site.StoreID, who.CustomerID, in)
		if f := fault.As(err); err != nil && (f == nil || f.Kind != fault.NotFound) {
			return err
		}
	}
	c.SetConsent(in)
	c.SendEmpty(http.StatusOK)
	return nil
}

// decodeConsent reads a complete set: each category is allowed or denied.
func decodeConsent(c *fault.Collector, v jsonx.Value) customer.Consent {
	var out customer.Consent
	last := int64(len(visit.ConsentCategories))
	given := map[int64]bool{}
	for _, l := range []struct {
		name string
		to   *[]string
	}{{"allow", &out.Allow}, {"deny", &out.Deny}} {
		list := v.Get(l.name)
		if list.Kind() != jsonx.Array {
			c.Add(l.name, fault.WrongType, "array", l.name+" must be an array of categories")
			continue
		}
		for _, e := range list.Elems() {
			n, ok := e.Int()
			switch {
			case !ok || n < 1 || n > last:
				c.Add(l.name, fault.NotAccepted, "", fmt.Sprintf("%s may hold the categories 1 to %d", l.name, last))
			case given[n]:
				c.Add(l.name, fault.Duplicate, "", fmt.Sprintf("category %d is given twice", n))
			default:
				given[n] = true
				*l.to = append(*l.to, visit.ConsentCategories[n-1])
			}
		}
	}
	if len(c.Items) == 0 && len(given) < int(last) {
		c.Add("deny", fault.Required, "", "each category must be in allow or in deny")
	}
	return out
}
