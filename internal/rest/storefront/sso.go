package storefront

import (
	"errors"
	"net/http"
	"strings"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/sso"
)

func (s *Surface) ssoRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/login/token/{jwt_token}", Linked: true, AnyQuery: true, Handle: s.redeemLogin},
		{Method: "GET", Pattern: sso.SyncPath, Linked: true, Query: []string{"jwt"}, AnyQuery: true, Handle: s.syncSession},
		{Method: "GET", Pattern: "/customer/current.jwt", Query: []string{"app_client_id"}, AnyQuery: true, Handle: s.currentCustomer},
	}
}

// signInPage is where shoppers are told that a login token was refused, under
// the code invalidLogin of flash messages.
const (
	signInPage   = "/login.php"
	invalidLogin = "invalid_login_token"
)

// redeemLogin signs in whom an app vouches for.
func (s *Surface) redeemLogin(c *Call) error {
	if done := c.private(); done {
		return nil
	}
	who, grant, err := s.SSO.SignIn(c.Ctx(), c.Site, account.Browser, c.Param("jwt_token"), s.speaker(c))
	if err != nil {
		return s.refuseLogin(c, &who, err)
	}
	s.Accounts.LoginToken(c.Ctx(), c.Site, c.client(), who.Vouched(""), c.RequestID)
	s.enter(c, grant)
	c.Redirect(who.RedirectTo, sso.DefaultRedirect)
	return nil
}

// private begins the answer of an address that holds a token. Whoever looks at
// a link before it is followed must not use it up: then it is done.
func (c *Call) private() (done bool) {
	h := c.W.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex")
	if c.R.Method != http.MethodHead {
		return false
	}
	h.Set("Allow", http.MethodGet)
	c.SendEmpty(http.StatusMethodNotAllowed)
	return true
}

// enter keeps a session in the browser.
func (s *Surface) enter(c *Call, g account.Grant) {
	c.SetToken(g.Token, g.Session.Expires-c.System.Now())
	c.CarryConsent(s.Customers, g.Session.CustomerID, g.Consent)
}

// refuseLogin sends a shopper to the sign-in page and tells the operator why.
// An outage is not a refusal.
func (s *Surface) refuseLogin(c *Call, who *sso.Login, err error) error {
	why := sso.Reason("")
	if !errors.As(err, &why) {
		return err
	}
	s.Accounts.LoginToken(c.Ctx(), c.Site, c.client(), who.Vouched(string(why)), c.RequestID)
	return c.toSignIn(why)
}

// toSignIn tells on the sign-in page that a token was refused.
func (c *Call) toSignIn(why sso.Reason) error {
	c.Flash(invalidLogin, string(why))
	c.Redirect(signInPage, signInPage)
	return nil
}

var (
	errNoClientID = &fault.Error{Kind: fault.Malformed, Items: []fault.Item{{Path: "app_client_id", Code: fault.Required, Message: "app_client_id is needed"}}}
	errNoApp      = &fault.Error{Kind: fault.Forbidden, Items: []fault.Item{{Path: "app_client_id", Code: fault.Unknown, Message: "there is no app with this client id"}}}
	errGuest      = &fault.Error{Kind: fault.NotFound, Items: []fault.Item{{Path: "customer", Code: fault.Unknown, Message: "no customer is signed in"}}}
)

// currentCustomer tells an app who is signed in.
func (s *Surface) currentCustomer(c *Call) error {
	h := c.W.Header()
	h.Add("Vary", "Accept")
	h.Set("X-Content-Type-Options", "nosniff")
	clientID := c.R.URL.Query().Get("app_client_id")
	if clientID == "" {
		return errNoClientID
	}
	if ok, err := s.SSO.KnowsApp(c.Ctx(), c.Site.StoreID, clientID); err != nil || !ok {
		if err == nil {
			err = errNoApp
		}
		return err
	}
	session, err := s.session(c)
	if err != nil {
		return err
	}
	if session == nil {
		return errGuest
	}
	token, err := s.SSO.CurrentCustomer(c.Ctx(), c.Site, session, clientID)
	if errors.Is(err, sso.ErrNoApp) {
		return errNoApp
	}
	if err != nil {
		return err
	}
	// Scripts that ask for JSON get an object, all others the bare token.
	if strings.Contains(c.R.Header.Get("Accept"), "application/json") {
		c.Send(http.StatusOK, append(jsonx.AppendString([]byte(`{"token":`), token), '}'))
		return nil
	}
	c.SendText(http.StatusOK, "text/plain; charset=utf-8", []byte(token))
	return nil
}
