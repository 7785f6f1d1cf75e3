package pages

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/channel"
	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/jsonx"
	"clientele/internal/serve"
	"clientele/internal/visit"
)

// home is the storefront's first page, or leads to the shop where that is
// elsewhere. It goes by the store's settings alone.
func (c *call) home() error {
	if c.elsewhere() {
		return c.redirect(c.shop())
	}
	p := &homePage{}
	if c.session != nil {
		me, err := c.Customers.Get(c.R.Context(), c.Site.StoreID, c.session.CustomerID)
		if err != nil {
			return err
		}
		p.Name = me.FirstName
	}
	p.Title = c.look.Text("home.title", c.storeName())
	return c.show(http.StatusOK, p)
}

// after is where signing in leads to.
func (c *call) after() string {
	from := c.R.URL.Query().Get("from")
	if c.form != nil {
		from = c.form.Get("from")
	}
	// BigCommerce's own links leave the slash out.
	if strings.HasPrefix(from, "account.php") {
		from = "/" + from
	}
	return visit.SafeRedirect(from, "/account.php")
}

func (c *call) signInView() *signInView {
	p := &signInView{}
	p.Title = c.look.Text("sign_in.title")
	p.Form = c.newForm("/login.php?action=check_login", "sign_in.submit",
		&html.Field{Name: "login_email", Label: c.look.Text("field.email"), Type: "email", Autocomplete: "username", Required: true, MaxLength: 255},
		&html.Field{Name: "login_pass", Label: c.look.Text("field.password"), Type: "password", Autocomplete: "current-password", Required: true},
	).Hide("from", c.after())
	p.Link = c.guardForm(c.newForm("/login.php?action=passwordless_login", "sign_in.link.submit",
		&html.Field{Name: "email", Label: c.look.Text("field.email"), Type: "email", Autocomplete: "email", Required: true, MaxLength: 255},
	).Hide("redirect_url", c.after()))
	p.Link.Quiet = true
	p.Reasons = []string{c.look.Text("sign_in.why.addresses"), c.look.Text("sign_in.why.details"), c.look.Text("sign_in.why.news")}
	return p
}

func (c *call) signInPage() error {
	if c.session != nil {
		return c.redirect(c.after())
	}
	return c.show(http.StatusOK, c.signInView())
}

func (c *call) signIn() error {
	p := c.signInView()
	c.at = "/login.php?from=" + url.QueryEscape(c.after())
	p.Form.Enter(c.form)
	if p.Form.Require(c.form, c.look.Catalogue); p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Accounts.SignIn(c.R.Context(), c.Site, account.Browser, c.trimmed("login_email"), c.form.Get("login_pass"), c.client())
	status := http.StatusUnprocessableEntity
	switch f := fault.As(err); {
	case err == nil:
		return c.enter(g, c.after())
	case errors.Is(err, account.ErrCredentials):
		p.Form.Problem = c.look.Text("sign_in.wrong")
	case errors.Is(err, account.ErrResetRequired):
		c.Flash("reset_required", err.Error())
		return c.redirect("/login.php?action=reset_password")
	case errors.Is(err, account.ErrUnconfirmed):
		p.Form.Problem = c.look.Text("sign_in.unconfirmed")
	case f != nil && f.Kind == fault.TooMany:
		status = http.StatusTooManyRequests
		c.exchange.SetRetry(f)
		p.Form.Problem = c.wait(f)
	case f != nil && f.Kind == fault.Unavailable:
		status = http.StatusServiceUnavailable
		c.exchange.SetRetry(f)
		p.Form.Problem = c.look.Text("sign_in.later")
	default:
		return err
	}
	return c.show(status, p)
}

// enter keeps a new session in the browser and leads on.
func (c *call) enter(g account.Grant, to string) error {
	c.SetToken(g.Token, c.settings.Storefront.SessionSeconds)
	c.CarryConsent(c.Customers, g.Session.CustomerID, g.Consent)
	return c.redirect(to)
}

// justNow is for how many seconds a session is new: long enough for a redirect.
const justNow = 60

// leave ends the session by a link. Another site may lead a browser here, but
// then only a session made a moment ago ends without a question: that is how
// the sign-in by JWT signs out. Otherwise any site could sign shoppers out, and
// with a picture of this address even unseen.
func (c *call) leave() error {
	if c.session == nil {
		return c.redirect("/login.php")
	}
	foreign := !c.SameOrigin() || c.R.Header.Get("Sec-Fetch-Site") == "" && c.foreignReferer()
	if c.R.Method == http.MethodHead || !c.LedHere() || foreign && c.visits.System.Now()-c.session.Created > justNow {
		p := &confirmView{Text: c.look.Text("sign_out.text"), Button: c.look.Text("sign_out.submit"), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: "/account.php"}}
		p.Title = c.look.Text("sign_out.title")
		p.Form = c.newForm("/login.php?action=logout", "sign_out.submit")
		return c.show(http.StatusOK, p)
	}
	return c.signOut()
}

// foreignReferer reports whether the page that led here is another site's.
func (c *call) foreignReferer() bool {
	referer := c.R.Referer()
	if referer == "" {
		return false
	}
	u, err := url.Parse(referer)
	return err != nil || !strings.EqualFold(u.Host, c.Host)
}

// signOut ends the session. Where shoppers sign in at the channel's own
// storefront, that is to sign them out as well.
func (c *call) signOut() error {
	to, err := c.away(channel.RouteLogout)
	if err != nil {
		return err
	}
	if err := c.Accounts.SignOut(c.R.Context(), c.Site.StoreID, c.Token()); err != nil {
		return err
	}
	c.ClearToken()
	if to != "" {
		return c.redirect(to)
	}
	c.Flash("signed_out", "")
	return c.redirect("/login.php")
}

// linkCookie marks the browser that asked for a sign-in link.
const linkCookie = "clientele_link"

// asking is the client with the mark of its browser, which linkCookie keeps.
func (c *call) asking() account.Client {
	who := c.client()
	if cookie, err := c.R.Cookie(linkCookie); err == nil && len(cookie.Value) == 32 {
		who.Mark = cookie.Value
	} else {
		who.Mark = c.visits.System.Hex(16)
	}
	return who
}

func (c *call) markLink(value string, age int) {
	http.SetCookie(c.W, &http.Cookie{Name: linkCookie, Value: value, Path: "/login.php", MaxAge: age, HttpOnly: true, Secure: c.Secure, SameSite: http.SameSiteLaxMode})
}

// passwordless emails a link that signs in: to a form, or to a storefront's own
// script that posts JSON and gets JSON.
func (c *call) passwordless() error {
	if c.isJSON() {
		return c.passwordlessJSON()
	}
	p := c.signInView()
	p.Link.Enter(c.form)
	p.Link.Require(c.form, c.look.Catalogue)
	if human, err := c.human(p.Link); err != nil {
		return err
	} else if !human || p.Link.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	redirect, who := visit.SafeRedirect(c.form.Get("redirect_url"), "/account.php"), c.asking()
	_, err := c.Accounts.RequestSignInLink(c.R.Context(), c.Site, c.trimmed("email"), redirect, who)
	// Here nobody learns whether the email is a customer's.
	if err != nil && !errors.Is(err, account.ErrNobody) {
		if f := fault.As(err); f == nil || f.Kind != fault.TooMany || !c.explain(p.Link, err) {
			return err
		}
		return c.show(http.StatusTooManyRequests, p)
	}
	c.markLink(who.Mark, account.SignInLinkLife)
	return c.mailed(c.look.Text("link_sent.title"), c.look.Text("link_sent.text", p.Link.Field("email").Value))
}

// mailed tells a shopper to look for an email.
func (c *call) mailed(title, text string) error {
	m := &messagePage{Text: text, Hint: c.look.Text("mailed.hint"), Mailed: true, Outbox: c.Outbox, Next: &html.Link{Label: c.look.Text("sign_in.back"), URL: "/login.php"}}
	m.Title = title
	return c.show(http.StatusOK, m)
}

func (c *call) passwordlessJSON() error {
	c.asJSON = true
	if !c.SameOrigin() {
		return errForged
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	var in struct {
		Email    string `json:"email"`
		Redirect string `json:"redirect_url"`
	}
	// Half a character is refused, where encoding/json would put another.
	if _, err = jsonx.Parse(body.B, jsonx.Limits{}); err == nil {
		err = json.Unmarshal(body.B, &in)
	}
	body.Free()
	if err != nil {
		return errNoJSON
	}
	redirect, who := c.local(in.Redirect), c.asking()
	sent, err := c.Accounts.RequestSignInLink(c.R.Context(), c.Site, in.Email, redirect, who)
	if err != nil {
		return err
	}
	c.markLink(who.Mark, account.SignInLinkLife)
	c.json(http.StatusOK, `{"expiry":`+strconv.Itoa(account.SignInLinkLife)+`,"sent_email":"`+sent+`"}`)
	return nil
}

// refuseJSON is Refuse for a script that asks for a sign-in link.
func (c *call) refuseJSON(f *fault.Error) {
	status, title := serve.StatusOf(f.Kind), ""
	switch f.Kind {
	case fault.Malformed:
		title = errNoJSON.Message
	case fault.NotFound:
		title = "Provided email does not belong to a customer"
	case fault.TooMany:
		title = "Too many requests"
	case fault.Forbidden, fault.TooLarge, fault.TooSlow, fault.WrongMedia, fault.Unavailable, fault.Internal:
		// The status says it all.
	default:
		status, title = http.StatusUnprocessableEntity, f.Message
		if len(f.Items) > 0 {
			title = speech.Sentence(&f.Items[0])
		}
	}
	title = cmp.Or(title, http.StatusText(status))
	c.json(status, `{"status":`+strconv.Itoa(status)+`,"title":`+string(jsonx.AppendString(nil, title))+`}`)
}

// local turns an address on the storefront's own host into its path.
func (c *call) local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !strings.EqualFold(u.Host, c.Host) || u.Scheme != "http" && u.Scheme != "https" {
		return address
	}
	u.Scheme, u.Host, u.User = "", "", nil
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

func (c *call) json(status int, body string) {
	c.headers()
	c.W.Header().Set("Content-Type", "application/json")
	c.W.WriteHeader(status)
	// A client that hung up is of no interest here.
	_, _ = io.WriteString(c.W, body)
}

// followSignInLink is where an emailed link leads. The browser that asked for
// it is signed in at once. Any other gets a page with a button: programs that
// look at what is in an email must not use the link up, and a link that
// somebody else asked for must not sign a shopper in unseen.
func (c *call) followSignInLink() error {
	c.private = true
	token := c.R.URL.Query().Get("token")
	if cookie, err := c.R.Cookie(linkCookie); err == nil && c.R.Method == http.MethodGet && c.R.Header.Get("Sec-Purpose") == "" && c.R.Header.Get("Purpose") == "" {
		asked, err := c.Accounts.Asked(c.R.Context(), c.Site, token, cookie.Value)
		if err != nil {
			return err
		}
		if asked {
			return c.redeem(token, c.R.URL.Query().Get("redirectUrl"))
		}
	}
	p := &confirmView{Text: c.look.Text("follow.text", c.storeName()), Button: c.look.Text("follow.submit"), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: "/login.php"}}
	p.Title = c.look.Text("follow.title")
	p.Form = c.newForm("/login.php?action=check_passwordless_login", "follow.submit").
		Hide("token", token).Hide("redirectUrl", c.R.URL.Query().Get("redirectUrl"))
	return c.show(http.StatusOK, p)
}

func (c *call) redeemSignInLink() error {
	return c.redeem(c.form.Get("token"), c.form.Get("redirectUrl"))
}

func (c *call) redeem(token, fallback string) error {
	g, redirect, err := c.Accounts.RedeemSignInLink(c.R.Context(), c.Site, token, c.client())
	switch {
	case err == nil:
		c.markLink("", -1)
		if redirect == "" {
			redirect = fallback
		}
		return c.enter(g, visit.SafeRedirect(redirect, "/account.php"))
	case errors.Is(err, account.ErrResetRequired):
		c.Flash("reset_required", err.Error())
		return c.redirect("/login.php?action=reset_password")
	case errors.Is(err, account.ErrLink), errors.Is(err, account.ErrNoAccess):
		c.Flash("invalid_link", err.Error())
		return c.redirect("/login.php")
	}
	return err
}

// confirmAccountPage is where the emailed link of a new account leads. It asks
// for a click, so that programs that look into emails confirm nothing.
func (c *call) confirmAccountPage() error {
	return c.confirm("/login.php?action=confirm_account", "confirm_account.title", "confirm_account.text", "confirm_account.submit")
}

func (c *call) confirmAccount() error {
	err := c.Accounts.ConfirmAccount(c.R.Context(), c.Site, c.form.Get("token"), c.client())
	switch {
	case err == nil:
		c.Flash("account_confirmed", "")
	case errors.Is(err, account.ErrLink):
		c.Flash("invalid_link", err.Error())
	default:
		return err
	}
	return c.redirect("/login.php")
}

func (c *call) forgotForm() *formPage {
	p := &formPage{Intro: c.look.Text("forgot.intro"), Links: []html.Link{{Label: c.look.Text("sign_in.back"), URL: "/login.php"}}}
	p.Title = c.look.Text("forgot.title")
	p.Form = c.guardForm(c.newForm("/login.php?action=send_password_email", "forgot.submit",
		&html.Field{Name: "email", Label: c.look.Text("field.email"), Type: "email", Autocomplete: "username", Required: true, MaxLength: 255}))
	return p
}

func (c *call) forgotPage() error { return c.show(http.StatusOK, c.forgotForm()) }

func (c *call) forgot() error {
	p := c.forgotForm()
	p.Form.Enter(c.form)
	p.Form.Require(c.form, c.look.Catalogue)
	if human, err := c.human(p.Form); err != nil {
		return err
	} else if !human || p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err := c.Accounts.RequestReset(c.R.Context(), c.Site, c.trimmed("email"), "", c.client()); err != nil {
		if !c.explain(p.Form, err) {
			return err
		}
		return c.show(problemStatus(err), p)
	}
	return c.mailed(c.look.Text("forgot_sent.title"), c.look.Text("forgot_sent.text", p.Form.Field("email").Value))
}

// problemStatus is the status of a form that is shown again.
func problemStatus(err error) int {
	if f := fault.As(err); f != nil && f.Kind == fault.TooMany {
		return http.StatusTooManyRequests
	}
	return http.StatusUnprocessableEntity
}

func (c *call) newPasswordFields() []*html.Field {
	return []*html.Field{
		{Name: "password", Label: c.look.Text("field.new_password"), Type: "password", Autocomplete: "new-password", Required: true, Hint: c.look.Text("password.hint", c.passwordRules())},
		{Name: "confirm_password", Label: c.look.Text("field.confirm_password"), Type: "password", Autocomplete: "new-password", Required: true},
	}
}

// matching notes that a new password is too weak, or was not written twice
// alike.
func (c *call) matching(f *html.Form) error {
	if x := f.Field("password"); x != nil && x.Error == "" {
		if err := c.Accounts.CheckPassword(c.R.Context(), c.Site.StoreID, c.form.Get("password")); err != nil && !c.explain(f, err) {
			return err
		}
	}
	if x := f.Field("confirm_password"); x != nil && x.Error == "" && c.form.Get("password") != c.form.Get("confirm_password") {
		x.Error = c.look.Text("wrong.password_match")
	}
	return nil
}

func (c *call) resetForm(customer, token string) *formPage {
	c.private = true
	p := &formPage{Intro: c.look.Text("reset.intro"), Links: []html.Link{{Label: c.look.Text("sign_in.back"), URL: "/login.php"}}}
	p.Title = c.look.Text("reset.title")
	p.Form = c.newForm("/login.php?action=save_new_password", "reset.submit", c.newPasswordFields()...).Hide("c", customer).Hide("t", token)
	return p
}

func (c *call) resetPage() error {
	q := c.R.URL.Query()
	if q.Get("t") == "" || q.Get("c") == "" {
		return c.redirect("/login.php?action=reset_password")
	}
	return c.show(http.StatusOK, c.resetForm(q.Get("c"), q.Get("t")))
}

// resetPath is the page that the link to reset a password leads to.
const resetPath = "/login.php?action=change_password"

func (c *call) reset() error {
	p := c.resetForm(c.form.Get("c"), c.form.Get("t"))
	c.at = resetPath + "&" + url.Values{"c": {c.form.Get("c")}, "t": {c.form.Get("t")}}.Encode()
	p.Form.Require(c.form, c.look.Catalogue)
	if err := c.matching(p.Form); err != nil {
		return err
	}
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	id, err := strconv.ParseInt(c.form.Get("c"), 10, 64)
	if err != nil {
		id = 0
	}
	err = c.Accounts.Reset(c.R.Context(), c.Site, id, c.form.Get("t"), c.form.Get("password"), c.client())
	switch {
	case err == nil:
		c.ClearToken()
		c.Flash("password_reset", "")
		return c.redirect("/login.php")
	case errors.Is(err, account.ErrLink):
		c.Flash("invalid_link", err.Error())
		return c.redirect("/login.php?action=reset_password")
	case c.explain(p.Form, err):
		return c.show(problemStatus(err), p)
	}
	return err
}
