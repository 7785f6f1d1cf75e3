package pages

import (
	"cmp"
	"errors"
	"net/http"

	"clientele/internal/account"
	"clientele/internal/html"
)

// impersonatePage is where the link of an impersonation leads. It asks for a
// click: programs that look at links must not use it up, and nobody is to be
// signed in unseen.
func (c *call) impersonatePage() error {
	c.private = true
	token := c.R.URL.Query().Get("token")
	as, err := c.Accounts.CheckImpersonation(c.R.Context(), c.Site, token)
	if errors.Is(err, account.ErrLink) {
		return c.badImpersonation(err)
	}
	if err != nil {
		return err
	}
	p := &confirmView{Text: c.look.Text("impersonate.text", cmp.Or(as.Name, as.Email), as.By, as.Reason), Button: c.look.Text("impersonate.submit"), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: c.shop()}}
	p.Title = c.look.Text("impersonate.title")
	p.Form = c.newForm("/login.php?action=impersonate", "impersonate.submit").Hide("token", token)
	return c.show(http.StatusOK, p)
}

func (c *call) badImpersonation(err error) error {
	c.Flash("invalid_link", err.Error())
	return c.redirect("/login.php")
}

// impersonate signs in as a customer. What the browser has consented to is not
// the customer's consent.
func (c *call) impersonate() error {
	g, err := c.Accounts.FollowImpersonation(c.R.Context(), c.Site, c.form.Get("token"), c.client())
	if errors.Is(err, account.ErrLink) {
		return c.badImpersonation(err)
	}
	if err != nil {
		return err
	}
	c.SetToken(g.Token, g.Session.Expires-c.visits.System.Now())
	return c.redirect("/account.php")
}

// endImpersonation ends the session of who acts as a customer, and no other.
func (c *call) endImpersonation() error {
	if c.session != nil && c.session.Acting != nil {
		if err := c.Accounts.SignOut(c.R.Context(), c.Site.StoreID, c.Token()); err != nil {
			return err
		}
		c.ClearToken()
	}
	c.Flash("impersonation_ended", "")
	return c.redirect("/login.php")
}
