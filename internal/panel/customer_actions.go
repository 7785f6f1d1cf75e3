package panel

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/html"
	"clientele/internal/opt"
	persons "clientele/internal/person"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// customerActions are what can be done with a customer, by who looks at the page.
func (c *call) customerActions(p *recordView, s *shopper) {
	at := func(path string) string { return c.customerAt(s.ID, path) }
	more := func(may staff.Permission, key, path string, danger bool) {
		if c.can(may) {
			p.More = append(p.More, Action{Label: c.look.Text("customer.do." + key), URL: at(path), Dialog: true, Danger: danger})
		}
	}
	if c.can(staff.EditCustomers) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("customer.do.edit"), URL: at("/edit"), Primary: true})
	}
	if c.can(staff.SignInAs) {
		p.Actions = append(p.Actions, Action{Label: c.look.Text("customer.do.sign_in"), URL: at("/sign-in-as")})
	}
	p.More = append(p.More, Action{Label: c.look.Text("api.title"), URL: at("/api")})
	more(staff.Access, "reset", "/reset-email", false)
	more(staff.Access, "password", "/password", false)
	if !s.ForcePasswordReset {
		more(staff.Access, "require", "/require-password", false)
	}
	if s.state.Locked {
		more(staff.Access, "unlock", "/unlock", false)
	}
	more(staff.Access, "end", "/end-sessions", false)
	if c.can(staff.Merge) {
		p.More = append(p.More, Action{Label: c.look.Text("customer.do.merge"), URL: at("/merge")})
	}
	if c.can(staff.PersonalData) {
		p.More = append(p.More, Action{Label: c.look.Text("customer.do.download"), URL: at("/data")}, Action{Label: c.look.Text("customer.do.erase"), URL: at("/erase"), Danger: true})
	}
	if c.can(staff.DeleteCustomers) {
		p.More = append(p.More, Action{Label: c.look.Text("customer.do.delete"), URL: at("/delete"), Danger: true})
	}
}

// customerQuestion is a question about the customer of the address. Its texts are
// below "customer.{key}".
func (c *call) customerQuestion(key, path string, danger bool) (*questionPage, *customer.Customer, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, err
	}
	return c.questionAbout(k, key, path, danger), k, nil
}

// questionAbout is customerQuestion about a customer who was read.
func (c *call) questionAbout(k *customer.Customer, key, path string, danger bool) *questionPage {
	p := c.ask("customer."+key, c.customerAt(k.ID, path), danger, c.customerAt(k.ID, ""), customer.FullName(k.FirstName, k.LastName), k.Email)
	p.Crumbs = c.belowCustomer(k)
	return p
}

// askOf shows a question about the customer of the address.
func (c *call) askOf(key, path string, danger bool) error {
	p, _, err := c.customerQuestion(key, path, danger)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// refusedQuestion shows a question again with what is wrong, or passes the error
// on.
func (c *call) refusedQuestion(key, path string, danger bool, err error) error {
	p, _, other := c.customerQuestion(key, path, danger)
	if other != nil {
		return other
	}
	return c.again(p, p.Dialog.Form, err)
}

// siteOf is a storefront on which a customer may sign in: that of the default
// channel if it is one, with its address.
func (c *call) siteOf(k *customer.Customer) (store.Site, bool, error) {
	channel := int64(store.DefaultChannel)
	if len(k.ChannelIDs) > 0 {
		channel = k.ChannelIDs[0]
	}
	site, ok, err := c.visits.Hosts.SiteOf(c.R.Context(), c.store.Hash, channel, "")
	if err != nil || !ok {
		return site, false, err
	}
	site.URL, err = c.visits.Hosts.LinkTo(c.R.Context(), site.StoreHash, site.ChannelID)
	return site, err == nil, err
}

func (c *call) resetEmailPage() error { return c.askOf("reset", "/reset-email", false) }

func (c *call) sendResetEmail() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	site, ok, err := c.siteOf(k)
	if err != nil {
		return err
	}
	if !ok {
		return c.refusedQuestion("reset", "/reset-email", false, account.ErrNoChannel)
	}
	if err := c.Accounts.RequestReset(c.R.Context(), site, k.Email, "", account.Client{Peer: c.client.Peer}); err != nil {
		return c.refusedQuestion("reset", "/reset-email", false, err)
	}
	return c.done(c.customerAt(k.ID, ""), "reset_sent", k.Email)
}

func (c *call) customerPasswordForm() (*questionPage, *customer.Customer, error) {
	p, k, err := c.customerQuestion("password", "/password", false)
	if err != nil {
		return nil, nil, err
	}
	first := c.passwordField("password", "field.new_password", "new-password")
	first.Hint = c.look.Text("customer.password.hint")
	p.Dialog.Form.Sections[0].Fields = []*html.Field{first, {Name: "force_password_reset", Label: c.look.Text("customer.password.once"), Type: "check"}}
	return p, k, nil
}

func (c *call) customerPasswordPage() error {
	p, _, err := c.customerPasswordForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) setCustomerPassword() error {
	p, k, err := c.customerPasswordForm()
	if err != nil {
		return err
	}
	if !c.filled(p.Dialog.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	u := customer.Update{ID: k.ID, NewPassword: opt.Some(c.form.Get("password")), ForcePasswordReset: opt.Some(c.form.Get("force_password_reset") != "")}
	if _, err := c.Customers.UpdateOne(c.R.Context(), c.party(), u); err != nil {
		return c.again(p, p.Dialog.Form, err)
	}
	return c.done(c.customerAt(k.ID, ""), "customer_password", customer.FullName(k.FirstName, k.LastName))
}

func (c *call) requirePasswordPage() error { return c.askOf("require", "/require-password", false) }

// requirePassword has the customer choose another password, or with "undo" not.
func (c *call) requirePassword() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	on := c.form.Get("undo") == ""
	if _, err := c.Customers.UpdateOne(c.R.Context(), c.party(), customer.Update{ID: k.ID, ForcePasswordReset: opt.Some(on)}); err != nil {
		return c.refusedQuestion("require", "/require-password", false, err)
	}
	name := customer.FullName(k.FirstName, k.LastName)
	if !on {
		return c.done(c.customerAt(k.ID, ""), "password_free", name)
	}
	return c.doneUndo(c.customerAt(k.ID, ""), &Undo{Action: c.customerAt(k.ID, "/require-password"), Fields: []string{"undo", "1"}}, "password_required", name)
}

func (c *call) unlockPage() error { return c.askOf("unlock", "/unlock", false) }

func (c *call) unlock() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	// What nothing holds back any more is what was wanted.
	if _, err := c.Accounts.Unlock(c.R.Context(), c.store.ID, account.Whose{CustomerID: k.ID}); err != nil && !isNotFound(err) {
		return err
	}
	return c.done(c.customerAt(k.ID, ""), "unlocked", customer.FullName(k.FirstName, k.LastName))
}

func (c *call) endSessionsPage() error { return c.askOf("end", "/end-sessions", false) }

// endSessions ends all sessions of the customer, or the one that is named.
func (c *call) endSessions() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	if text := c.form.Get("session"); text != "" {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return errBad
		}
		// One that has ended by itself is what was wanted.
		if err := c.Accounts.EndSession(c.R.Context(), c.store.ID, k.ID, id); err != nil && err != account.ErrNoSession {
			return err
		}
		return c.done(c.customerAt(k.ID, "")+"#sessions", "session_ended")
	}
	if err := c.Accounts.EndSessions(c.R.Context(), c.store.ID, k.ID); err != nil {
		return err
	}
	return c.done(c.customerAt(k.ID, ""), "sessions_ended", customer.FullName(k.FirstName, k.LastName))
}

// deleteQuestion says what goes along with the customer.
func (c *call) deleteQuestion() (*questionPage, error) {
	s, err := c.shopper()
	if err != nil {
		return nil, err
	}
	p := c.questionAbout(&s.Customer, "delete", "/delete", true)
	line := func(key string, n int64) {
		if n > 0 {
			p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("customer.delete."+key, c.look.number(n)))
		}
	}
	line("addresses", s.AddressCount)
	line("attributes", s.AttributeCount)
	line("wishlists", int64(len(s.wishlists)))
	line("metafields", int64(len(s.metafields)))
	line("instruments", int64(len(s.instruments)))
	line("sessions", int64(len(s.sessions)))
	if s.StoreCredit != 0 {
		p.Dialog.Lines = append(p.Dialog.Lines, c.look.Text("customer.delete.credit", s.settings.Price(s.StoreCredit, customer.CreditScale)))
	}
	return p, nil
}

func (c *call) deleteCustomerPage() error {
	p, err := c.deleteQuestion()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) deleteCustomer() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	if err := c.Customers.DeleteOne(c.R.Context(), c.store.ID, k.ID); err != nil {
		p, other := c.deleteQuestion()
		if other != nil {
			return other
		}
		return c.again(p, p.Dialog.Form, err)
	}
	return c.done(c.customersAt(""), "customer_deleted", customerName(k))
}

// actingMinutes is for how long somebody signs in as a customer.
const actingMinutes = 30

func (c *call) signInAsForm() (*questionPage, *customer.Customer, error) {
	p, k, err := c.customerQuestion("act", "/sign-in-as", false)
	if err != nil {
		return nil, nil, err
	}
	p.Dialog.Form.Sections[0].Fields = []*html.Field{{Name: "reason", Label: c.look.Text("customer.act.reason"), Hint: c.look.Text("customer.act.reason.hint"), Type: "text", Required: true, MaxLength: 1000, Autocomplete: "off"}}
	return p, k, nil
}

func (c *call) signInAsPage() error {
	p, _, err := c.signInAsForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// signInAs makes the leave to sign in as the customer, once. The answer has the
// link, which opens the storefront in another tab: a redirect from a form to
// another host is nothing that the pages' policy allows.
func (c *call) signInAs() error {
	p, k, err := c.signInAsForm()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	site, ok, err := c.siteOf(k)
	if err != nil {
		return err
	}
	if !ok {
		return c.again(p, f, account.ErrNoChannel)
	}
	_, link, err := c.Accounts.Impersonate(c.R.Context(), site, account.Impersonate{CustomerID: k.ID, Reason: c.value("reason"), Minutes: actingMinutes, By: c.staff.Actor()})
	if err != nil {
		return c.again(p, f, err)
	}
	next := &messagePage{Text: c.look.Text("customer.act.ready.text", strconv.Itoa(actingMinutes)), Hint: c.look.Text("customer.act.ready.hint")}
	name := customer.FullName(k.FirstName, k.LastName)
	next.Title = c.look.Text("customer.act.ready.title", name)
	next.Crumbs = p.Crumbs
	next.Next = &html.Link{Label: c.look.Text("customer.act.open", name), URL: link}
	next.Apart = true
	c.private = true
	return c.show(http.StatusOK, next)
}

// dataPage offers what is kept of the person.
func (c *call) dataPage() error { return c.askOf("data", "/data", false) }

func (c *call) downloadData() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	archive, err := c.Persons.Export(c.R.Context(), c.store, persons.Ask{Email: k.Email})
	if err != nil {
		return c.refusedQuestion("data", "/data", false, err)
	}
	return c.sendArchive(archive)
}

// plainName keeps of a file's name what needs no quotes.
func plainName(r rune) rune {
	if r == '"' || r == '\\' || r < ' ' || r > '~' {
		return -1
	}
	return r
}

// eraseQuestion counts what would be erased.
func (c *call) eraseQuestion() (*questionPage, *customer.Customer, error) {
	p, k, err := c.customerQuestion("erase", "/erase", true)
	if err != nil {
		return nil, nil, err
	}
	counts, err := c.Persons.Preview(c.R.Context(), c.store.ID, k.Email)
	if err != nil {
		return nil, nil, err
	}
	p.Dialog.Table = c.keptTable("erase-table", counts)
	p.Dialog.Form.Sections[0].Fields = []*html.Field{{Name: "email", Label: c.look.Text("customer.erase.confirm"), Type: "text", Required: true, MaxLength: 255, Autocomplete: "off"}}
	return p, k, nil
}

func (c *call) erasePage() error {
	p, _, err := c.eraseQuestion()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) eraseCustomer() error {
	p, k, err := c.eraseQuestion()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	if ok := c.filled(f); ok && !strings.EqualFold(c.value("email"), k.Email) {
		f.Field("email").Error = c.look.Text("wrong.other_email")
	}
	if f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	e, err := c.Persons.Erase(c.R.Context(), c.store.ID, persons.Ask{Email: k.Email})
	if err != nil {
		return c.again(p, f, err)
	}
	return c.redirect(c.privacyAt("/erasures/"+strconv.FormatInt(e.ID, 10), ""))
}

// day reads the first and the last second of a day where the reader is.
func (c *call) day(text string) (first, last int64, ok bool) {
	t, err := time.ParseInLocation(time.DateOnly, text, c.zone())
	if err != nil {
		return 0, 0, false
	}
	return t.Unix(), t.AddDate(0, 0, 1).Unix() - 1, true
}
