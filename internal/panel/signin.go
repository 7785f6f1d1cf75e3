package panel

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/staff"
)

// start leads to the first page, or says how the panel is claimed.
func (c *call) start() error {
	if c.staff == nil {
		some, err := c.Staff.Any(c.R.Context())
		if err != nil {
			return err
		}
		if some {
			return c.askWho()
		}
		p := &messagePage{Text: c.look.Text("unclaimed.text"), Hint: c.look.Text("unclaimed.hint")}
		p.Title = c.look.Text("unclaimed.title")
		return c.show(http.StatusOK, p)
	}
	switch c.staff.Session.Stage {
	case staff.NeedsFactor:
		return c.redirect(Base + "/second-factor")
	case staff.NeedsEnroll:
		return c.redirect(Base + "/profile/security")
	}
	mine, err := c.storesOf()
	if err != nil {
		return err
	}
	switch {
	case len(mine) == 1 && mine[0].DateArchived == 0:
		return c.redirect(Base + "/store/" + mine[0].Hash)
	case len(mine) == 0 && c.staff.Rights.Can(staff.Settings, staff.AllStores):
		return c.redirect(Base + "/setup/store")
	}
	return c.redirect(Base + "/stores")
}

func (c *call) signInView(to string) *signInView {
	p := &signInView{Passkey: c.namedIn(), To: to}
	p.Title = c.look.Text("sign_in.title")
	if c.SignOn != nil {
		p.SignOn = c.SignOn.Name()
	}
	p.Form = c.newForm(Base+"/sign-in", "sign_in.submit", c.emailField("username"), c.passwordField("password", "field.password", "current-password"))
	p.Form.Hide("to", to)
	return p
}

func (c *call) signInPage() error {
	switch {
	case c.staff != nil && c.staff.Session.Stage != staff.NeedsFactor:
		return c.redirect(c.to())
	case c.staff == nil:
		if some, err := c.Staff.Any(c.R.Context()); err != nil || !some {
			if err != nil {
				return err
			}
			return c.redirect(Base)
		}
	}
	return c.show(http.StatusOK, c.signInView(c.to()))
}

func (c *call) signIn() error {
	p := c.signInView(c.to())
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Staff.SignIn(c.R.Context(), c.value("email"), c.form.Get("password"), c.client)
	if errors.Is(err, staff.ErrCredentials) {
		p.Form.Problem = c.look.Text("sign_in.wrong")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		c.staff = nil
		return c.again(p, p.Form, err)
	}
	c.enter(g)
	if g.Stage == staff.NeedsFactor {
		return c.redirect(c.with(Base+"/second-factor", "to", c.to()))
	}
	return c.redirect(c.to())
}

func (c *call) factorView(to string) *signInView {
	p := &signInView{To: to, Passkey: c.staff.Passkeys > 0 && c.namedIn()}
	p.Title, p.Text = c.look.Text("factor.title"), c.look.Text("factor.text")
	if !c.staff.HasTOTP {
		p.Text = c.look.Text("factor.passkey_text")
	}
	code := &html.Field{Name: "code", Label: c.look.Text("field.code"), Type: "text", InputMode: "text", Autocomplete: "one-time-code", Required: true, MaxLength: 24, Hint: c.look.Text("factor.hint")}
	fields := []*html.Field{code}
	if !c.staff.Rights.Owns(staff.AllStores) && !slices.ContainsFunc(c.staff.Rights, func(m staff.Membership) bool { return m.Role == staff.Owner }) {
		fields = append(fields, &html.Field{Name: "remember", Label: c.look.Text("factor.remember"), Type: "check"})
	}
	p.Form = c.newForm(Base+"/second-factor", "factor.submit", fields...)
	p.Form.Hide("to", to)
	return p
}

func (c *call) factorPage() error { return c.show(http.StatusOK, c.factorView(c.to())) }

func (c *call) giveFactor() error {
	p := c.factorView(c.to())
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Staff.GiveCode(c.R.Context(), c.staff, c.value("code"), c.form.Get("remember") != "", c.client)
	switch {
	case errors.Is(err, staff.ErrCode):
		p.Form.Field("code").Error = c.look.Text("factor.wrong")
		return c.show(http.StatusUnprocessableEntity, p)
	case errors.Is(err, staff.ErrSession):
		return c.redirect(c.with(Base+"/sign-in", "to", c.to()))
	case err != nil:
		return c.again(p, p.Form, err)
	}
	c.enter(g)
	return c.redirect(c.to())
}

func (c *call) signOut() error {
	if err := c.Staff.SignOut(c.R.Context(), c.staff); err != nil {
		return err
	}
	c.setCookie(sessionCookie, "", -1)
	return c.done(Base+"/sign-in", "signed_out")
}

// site is what passkeys are bound to.
func (c *call) site() staff.Site {
	host := c.visits.Host(c.R)
	return staff.Site{Host: hostname(host), Origin: c.visits.Scheme(c.R) + "://" + host}
}

// named reports whether the panel is at a host's name: browsers bind passkeys to
// names, and not to addresses.
func (c *call) namedIn() bool {
	_, err := netip.ParseAddr(c.site().Host)
	return err != nil
}

// passkeyOptions begins a ceremony for the script: to make a passkey, or to ask
// for one.
func (c *call) passkeyOptions() error {
	var in struct {
		For string `json:"for"`
	}
	if c.body == nil || json.Unmarshal(c.body, &in) != nil {
		return errBad
	}
	who := c.staff
	var made *staff.Ceremony
	var err error
	switch {
	case in.For == "make" && who != nil && who.Session.Stage != staff.NeedsFactor && c.mayAdd():
		made, err = c.Staff.BeginPasskey(c.R.Context(), who, c.site())
	case in.For == "answer":
		made, err = c.Staff.BeginAnswer(c.R.Context(), who, c.site())
	default:
		return errDenied
	}
	if err != nil {
		return err
	}
	c.json(http.StatusOK, map[string]any{"token": made.Token, "options": json.RawMessage(made.Options)})
	return nil
}

// mayAdd reports whether who is signed in may add a second factor now: with a
// proof, or as the first one.
func (c *call) mayAdd() bool { return c.Staff.Proved(c.staff) || !c.staff.SecondFactor() }

// passkeyAnswer ends a ceremony, and tells the script where to go on.
func (c *call) passkeyAnswer() error {
	var in struct {
		For, Token, Name, To string
		Answer               json.RawMessage
	}
	if c.body == nil || json.Unmarshal(c.body, &in) != nil || len(in.Answer) == 0 {
		return errBad
	}
	ctx, who := c.R.Context(), c.staff
	if in.For == "make" {
		if who == nil || who.Session.Stage == staff.NeedsFactor || !c.mayAdd() {
			return errDenied
		}
		codes, g, err := c.Staff.FinishPasskey(ctx, who, c.site(), in.Token, in.Name, in.Answer, c.client)
		if err != nil {
			return err
		}
		c.enter(g)
		to := Base + "/profile/security"
		if len(codes) > 0 {
			c.json(http.StatusOK, map[string]any{"to": to, "codes": strings.Join(codes, " ")})
			return nil
		}
		c.json(http.StatusOK, map[string]any{"to": to})
		return nil
	}
	g, err := c.Staff.SignInByPasskey(ctx, who, c.site(), in.Token, in.Answer, c.client)
	if err != nil {
		return err
	}
	c.enter(g)
	c.json(http.StatusOK, map[string]any{"to": safe(in.To)})
	return nil
}

// invitationForm takes who was invited in.
func (c *call) invitationForm(token string, who *staff.Person) *formPage {
	c.private = true
	p := &formPage{Intro: c.look.Text("invitation.text", who.Email)}
	p.Title = c.look.Text("invitation.title")
	name := c.textField("name", "field.name")
	name.Value, name.Autocomplete = who.Name, "name"
	p.Form = c.newForm(staff.InvitationPath, "invitation.submit", append([]*html.Field{name}, c.newPassword()...)...)
	p.Form.Username = who.Email
	p.Form.Hide("token", token)
	return p
}

func (c *call) invitationPage() error {
	token := c.R.URL.Query().Get("token")
	who, err := c.Staff.Invited(c.R.Context(), token)
	if err != nil {
		return c.badLink(err)
	}
	c.staff = nil
	return c.show(http.StatusOK, c.invitationForm(token, who))
}

// badLink says that a link is not good.
func (c *call) badLink(err error) error {
	if !errors.Is(err, staff.ErrLink) {
		return err
	}
	c.private, c.staff = true, nil
	p := &messagePage{Text: c.look.Text("link.text"), Next: &html.Link{Label: c.look.Text("link.next"), URL: Base}}
	p.Title = c.look.Text("link.title")
	return c.show(http.StatusGone, p)
}

func (c *call) acceptInvitation() error {
	token := c.form.Get("token")
	who, err := c.Staff.Invited(c.R.Context(), token)
	if err != nil {
		return c.badLink(err)
	}
	c.staff = nil
	p := c.invitationForm(token, who)
	if !c.filled(p.Form) || !c.alike(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Staff.Accept(c.R.Context(), token, c.value("name"), c.form.Get("password"), c.client)
	if errors.Is(err, staff.ErrLink) {
		return c.badLink(err)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	c.enter(g)
	return c.done(Base, "welcome")
}

// proveView asks who is signed in once more for a password or passkey. Sent is a
// form that waits for it.
func (c *call) proveView(to string, sent url.Values) *signInView {
	p := &signInView{To: to, Passkey: c.staff.Passkeys > 0 && c.namedIn(), Text: c.look.Text("prove.text")}
	p.Title = c.look.Text("prove.title")
	p.Form = c.newForm(Base+"/prove", "prove.submit", c.passwordField("current_password", "field.password", "current-password"))
	p.Form.Username = c.staff.Email
	p.Form.Hide("to", to)
	if c.SignOn != nil && sent == nil {
		p.SignOn = c.SignOn.Name()
	}
	if sent != nil {
		p.Passkey = false // its form is sent by the script, which knows nothing of the other one
		p.Form.Hide("sent", sent.Encode())
	}
	return p
}

// askProof asks for a proof and keeps a form that was sent meanwhile.
func (c *call) askProof() error {
	if c.R.Method == http.MethodGet || c.R.Method == http.MethodHead {
		return c.redirect(c.with(Base+"/prove", "to", c.here()))
	}
	sent := url.Values{}
	for name, values := range c.form {
		if !strings.Contains(name, "password") {
			sent[name] = values
		}
	}
	return c.show(http.StatusOK, c.proveView(c.R.URL.RequestURI(), sent))
}

func (c *call) provePage() error {
	if c.Staff.Proved(c.staff) {
		return c.redirect(c.to())
	}
	return c.show(http.StatusOK, c.proveView(c.to(), nil))
}

func (c *call) prove() error {
	var sent url.Values
	if c.form.Has("sent") {
		var err error
		if sent, err = url.ParseQuery(c.form.Get("sent")); err != nil {
			return errBad
		}
	}
	p := c.proveView(c.to(), sent)
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	g, err := c.Staff.Prove(c.R.Context(), c.staff, c.form.Get("current_password"), c.client)
	if errors.Is(err, staff.ErrWrongPassword) {
		p.Form.Field("current_password").Error = c.look.Text("prove.wrong")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	c.enter(g)
	if sent == nil {
		return c.redirect(c.to())
	}
	// The form that waited is sent on, by the script or with one more click.
	next := &againPage{Text: c.look.Text("again.text")}
	next.Title = c.look.Text("again.title")
	next.Form = c.newForm(c.to(), "again.submit")
	for name, values := range sent {
		for _, v := range values {
			next.Form.Hide(name, v)
		}
	}
	return c.show(http.StatusOK, next)
}

// problem is the text for an error of a page that has no form to show it.
func (c *call) problem(err error) (string, bool) {
	f := fault.As(err)
	if f == nil || len(f.Items) == 0 || f.Kind != fault.Invalid && f.Kind != fault.Conflict {
		return "", false
	}
	return c.reason(&f.Items[0]), true
}
