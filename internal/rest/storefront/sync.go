package storefront

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"clientele/internal/account"
	"clientele/internal/sso"
)

// syncSession takes the session that a token carries here from another
// storefront of the store. A guest's token carries that nobody is signed in:
// whoever was led here is signed out.
func (s *Surface) syncSession(c *Call) error {
	if done := c.private(); done {
		return nil
	}
	client := s.speaker(c)
	got, err := s.Sync.Take(c.Ctx(), c.Site, account.Browser, c.R.URL.Query().Get("jwt"), client)
	if why := sso.Reason(""); errors.As(err, &why) {
		s.Accounts.SyncToken(c.Ctx(), c.Site, client, account.Vouched{CustomerID: got.CustomerID, Refused: string(why)}, c.RequestID)
		return c.toSignIn(why)
	}
	switch {
	case err != nil:
		return err
	case got.Grant != nil:
		s.Accounts.SyncToken(c.Ctx(), c.Site, client, account.Vouched{CustomerID: got.CustomerID}, c.RequestID)
		s.enter(c, *got.Grant)
	case c.Token() != "" && c.LedHere():
		if err := s.Accounts.SignOut(c.Ctx(), c.Site.StoreID, c.Token()); err != nil {
			return err
		}
		c.ClearToken()
	}
	c.W.Header().Set("Location", c.reach(got.RedirectTo))
	c.SendEmpty(http.StatusFound)
	return nil
}

// reach returns a path for an address at the host that was asked. Others are
// addresses of the store's storefronts, which were checked as the token was
// made.
func (c *Call) reach(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Host, c.Host) {
		return address
	}
	return strings.TrimPrefix(address, u.Scheme+"://"+u.Host)
}
