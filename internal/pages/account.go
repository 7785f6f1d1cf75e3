package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/subscriber"
)

// signedIn returns the customer whose pages these are. Without one the visitor
// is led to sign in first, and done is true.
func (c *call) signedIn() (me *customer.Customer, done bool, err error) {
	if c.session == nil {
		return nil, true, c.signInFirst()
	}
	me, err = c.Customers.Get(c.R.Context(), c.Site.StoreID, c.session.CustomerID)
	return me, false, err
}

func (c *call) signInFirst() error {
	c.Flash("sign_in_first", "")
	return c.redirect("/login.php?from=" + url.QueryEscape(c.returnTo()))
}

// returnTo is the page to come back to after signing in: of a post, the page
// that its form is on.
func (c *call) returnTo() string { return c.R.URL.RequestURI() }

func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

func (c *call) overview() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	facts, err := c.facts(me)
	if err != nil {
		return err
	}
	p := &overviewPage{Name: me.FirstName, Email: me.Email}
	if me.StoreCredit > 0 {
		p.Credit = c.settings.Price(me.StoreCredit, customer.CreditScale)
	}
	p.Title = c.look.Text("menu.overview")
	for _, m := range c.menu()[1:] {
		p.Cards = append(p.Cards, card{Title: c.look.Text("menu." + m), URL: menuURL(m), Facts: facts[m]})
		if one := &p.Cards[len(p.Cards)-1]; one.Facts == nil {
			one.Text = c.look.Text("card." + m)
		}
	}
	if of := facts[ordersMenu]; of != nil {
		p.Cards = append(p.Cards, card{Title: c.look.Text("empty.order_status.title"), URL: menuURL(ordersMenu), Facts: of})
	}
	return c.show(http.StatusOK, p)
}

// empty is a page of the original's account about what this service keeps
// nothing of, such as returns: there is never anything on it.
func (c *call) empty() error {
	if _, done, err := c.signedIn(); done || err != nil {
		return err
	}
	return c.show(http.StatusOK, c.emptyPage(c.R.URL.Query().Get("action")))
}

// emptyPage says of an action that there is nothing.
func (c *call) emptyPage(key string) *messagePage {
	p := &messagePage{Text: c.look.Text("empty." + key + ".text"), Next: &html.Link{Label: c.look.Text("nav.account"), URL: "/account.php"}}
	p.Title = c.look.Text("empty." + key + ".title")
	return p
}

// facts are what is known of a customer, by the entry of the menu that it is
// found at.
func (c *call) facts(me *customer.Customer) (map[string][]string, error) {
	out := map[string][]string{}
	for _, line := range []string{fullName(me.FirstName, me.LastName), me.Company, me.Phone} {
		if strings.TrimSpace(line) != "" {
			out["account_details"] = append(out["account_details"], line)
		}
	}
	// The oldest address is the default one: it came with the account.
	q := customer.AddressBook.New()
	q.Limit = 1
	first, err := c.Customers.Book(c.R.Context(), c.Site.StoreID, me.ID, q)
	if err != nil {
		return nil, err
	}
	out["address_book"] = []string{c.look.Text("book.empty")}
	if len(first) > 0 {
		out["address_book"] = c.lines(&first[0])
	}
	s, err := c.subscription(me.Email)
	if err != nil {
		return nil, err
	}
	key := "overview.newsletter.off"
	if s != nil && slices.Contains(s.Consents, subscriber.MarketingNewsletter) {
		key = "overview.newsletter.on"
	}
	out["newsletter"] = []string{c.look.Text(key)}
	if out[ordersMenu], err = c.orderFacts(me.ID); err != nil {
		return nil, err
	}
	out[wishlistsMenu], err = c.listNames(me.ID)
	return out, err
}

// details is the page of who a customer is.
func (c *call) details(me *customer.Customer) (*formPage, form.Form, error) {
	defs, err := c.Forms.Form(c.R.Context(), c.Site.StoreID, form.Customer, c.language.Locale)
	if err != nil {
		return nil, nil, err
	}
	address, err := c.Forms.Form(c.R.Context(), c.Site.StoreID, form.Address, c.language.Locale)
	if err != nil {
		return nil, nil, err
	}
	text := func(id int64, value string) *html.Field {
		label := ""
		for _, f := range []form.Form{defs, address} {
			if d := f.BuiltIn(id); d != nil {
				label = d.Options.Label
			}
		}
		x := c.builtIn(form.BuiltInOf(id), label, id == form.Email || address.Requires(id))
		x.Value = value
		return x
	}
	p := &formPage{}
	p.Title = c.look.Text("menu.account_details")
	f := c.newForm("/account.php?action=account_details", "save",
		text(form.FirstName, me.FirstName), text(form.LastName, me.LastName), text(form.Company, me.Company), text(form.Phone, me.Phone))
	for i := range defs {
		if !defs[i].BuiltIn() {
			x := c.ask(&defs[i])
			x.Value = ""
			for j := range x.Options {
				x.Options[j].Selected = false
			}
			f.Sections[0].Fields = append(f.Sections[0].Fields, x)
		}
	}
	enterStored(f, me.FormFields)
	if !c.session.OnBehalf() {
		email := text(form.Email, me.Email)
		current := text(form.CurrentPassword, "")
		current.Hint = c.look.Text("details.current_password")
		f.Sections = append(f.Sections, &html.Section{Legend: c.look.Text("details.email"), Fields: []*html.Field{email, current}})
	}
	f.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: "/account.php"}
	p.Form = f
	return p, defs, nil
}

func (c *call) detailsPage() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	p, _, err := c.details(me)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveDetails() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	p, defs, err := c.details(me)
	if err != nil {
		return err
	}
	p.Form.Enter(c.form)
	for _, x := range p.Form.Fields() { // what is kept of a password need not be given again
		x.Required = x.Required && !x.Secret()
	}
	if p.Form.Require(c.form, c.look.Catalogue); p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	in := account.Details{
		FirstName: opt.Some(c.trimmed("first_name")), LastName: opt.Some(c.trimmed("last_name")), Company: opt.Some(c.trimmed("company")),
		Phone: opt.Some(c.trimmed("phone")), FormFields: c.inputs(defs, true), Careful: true,
	}
	if c.form.Has("email") {
		in.Email = opt.Some(c.trimmed("email"))
	}
	if current := c.form.Get("current_password"); current != "" {
		in.CurrentPassword = opt.Some(current)
	}
	now, err := c.Accounts.UpdateDetails(c.R.Context(), c.Site, *c.session, in, c.client())
	if err == nil {
		if c.settings.Storefront.ConfirmEmail && !email.Same(now.Email, me.Email) {
			c.Flash("confirm_email", "")
		} else {
			c.Flash("details_saved", "")
		}
		return c.redirect("/account.php?action=account_details")
	}
	return c.refused(p, err)
}

// refused shows a form of the account again with why it was not accepted.
func (c *call) refused(p *formPage, err error) error {
	switch {
	case errors.Is(err, account.ErrNoSession):
		return c.signInFirst()
	case errors.Is(err, account.ErrWrongPassword):
		p.Form.Field("current_password").Error = c.look.Text("wrong.current_password")
		return c.show(http.StatusUnprocessableEntity, p)
	case c.explain(p.Form, err):
		return c.show(problemStatus(err), p)
	}
	return err
}

// bookLength is how many addresses are on a page.
const bookLength = 20

func (c *call) addressBook() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	page, err := strconv.ParseInt(c.R.URL.Query().Get("page"), 10, 32)
	if err != nil || page < 1 {
		page = 1
	}
	q := customer.AddressBook.New()
	q.Page, q.Limit = page, bookLength
	rows, err := c.Customers.Book(c.R.Context(), c.Site.StoreID, me.ID, q)
	if err != nil {
		return err
	}
	total, err := c.Customers.BookCount(c.R.Context(), c.Site.StoreID, me.ID)
	if err != nil {
		return err
	}
	p := &bookPage{}
	p.Title = c.look.Text("menu.address_book")
	for i := range rows {
		a := &rows[i]
		p.Addresses = append(p.Addresses, addressCard{ID: a.ID, Name: a.Address1, Lines: c.lines(a)})
	}
	at := func(n int64) string { return "/account.php?action=address_book&page=" + strconv.FormatInt(n, 10) }
	if page > 1 {
		p.Prev = at(page - 1)
	}
	if page*bookLength < total {
		p.Next = at(page + 1)
	}
	return c.show(http.StatusOK, p)
}

// lines are an address as it is written.
func (c *call) lines(a *customer.Address) []string {
	state := a.StateOrProvince
	if country, ok := geo.ByCode(a.CountryCode); ok && !country.StateRequired {
		state = ""
	}
	place := fullName(a.PostalCode, a.City)
	switch a.CountryCode {
	case "US", "CA", "AU":
		place = a.City + ", " + fullName(state, a.PostalCode)
		state = ""
	case "GB", "IE":
		place, state = a.City, a.PostalCode
	}
	var out []string
	for _, line := range []string{fullName(a.FirstName, a.LastName), a.Company, a.Address1, a.Address2, place, state, c.look.country(a.CountryCode), a.Phone} {
		if strings.TrimSpace(line) != "" {
			out = append(out, line)
		}
	}
	return out
}

// addressForm is the page of one address; id 0 is a new one.
func (c *call) addressForm(id int64, country string) (*formPage, form.Form, error) {
	defs, err := c.Forms.Form(c.R.Context(), c.Site.StoreID, form.Address, c.language.Locale)
	if err != nil {
		return nil, nil, err
	}
	p := &formPage{}
	action, title := "add_shipping_address", "address.add"
	if id != 0 {
		action, title = "edit_shipping_address&address_id="+strconv.FormatInt(id, 10), "address.edit"
	}
	p.Title = c.look.Text(title)
	p.Form = c.newForm("/account.php?action="+action, "save")
	s := c.addressSection(defs, country)
	s.Fields = append(s.Fields, &html.Field{Name: "address_type", Label: c.look.Text("field.address_type"), Type: "radio", Required: true, Options: []html.Option{
		{Value: customer.Residential, Label: c.look.Text("address.residential"), Selected: true}, {Value: customer.Commercial, Label: c.look.Text("address.commercial")},
	}})
	p.Form.Sections = []*html.Section{s}
	p.Form.Refresh, p.Scripts = true, addressScripts
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: "/account.php?action=address_book"}
	return p, defs, nil
}

// addressID is the address that a page is about; 0: a new one.
func (c *call) addressID() (int64, error) {
	text := c.R.URL.Query().Get("address_id")
	if c.R.URL.Query().Get("action") == "add_shipping_address" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, errNoPage
	}
	return id, nil
}

func (c *call) addressPage() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := c.addressID()
	if err != nil {
		return err
	}
	a := &customer.Address{AddressFields: customer.AddressFields{CountryCode: c.likelyCountry(), FirstName: me.FirstName, LastName: me.LastName, Type: customer.Residential}}
	if id != 0 {
		if a, err = c.Customers.GetAddress(c.R.Context(), c.Site.StoreID, me.ID, id); err != nil {
			return err
		}
	}
	p, _, err := c.addressForm(id, a.CountryCode)
	if err != nil {
		return err
	}
	if id != 0 {
		for _, x := range p.Form.Fields() { // of a stored address nothing is the default
			if strings.HasPrefix(x.Name, "field_") {
				x.Value = ""
			}
		}
		values, err := c.addressValues(c.R.Context(), id)
		if err != nil {
			return err
		}
		enterStored(p.Form, values)
	}
	for name, value := range map[string]string{
		"first_name": a.FirstName, "last_name": a.LastName, "company": a.Company, "phone": a.Phone, "address1": a.Address1, "address2": a.Address2,
		"city": a.City, "state": a.StateOrProvince, "postal_code": a.PostalCode, "address_type": a.Type,
	} {
		x := p.Form.Field(name)
		if x == nil {
			continue
		}
		x.Value = value
		for i := range x.Options {
			x.Options[i].Selected = x.Options[i].Value == value
		}
	}
	return c.show(http.StatusOK, p)
}

func (c *call) addressValues(ctx context.Context, id int64) ([]customer.FormValue, error) {
	q := customer.FormValueList.New().Where("address_id", listing.Eq, []int64{id}, nil)
	q.Limit = listing.MaxLimit
	values, _, err := c.Customers.FormValues(ctx, c.Site.StoreID, q)
	return values, err
}

func (c *call) saveAddress() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := c.addressID()
	if err != nil {
		return err
	}
	p, defs, err := c.addressForm(id, c.form.Get("country"))
	if err != nil {
		return err
	}
	f := p.Form
	f.Enter(c.form)
	if c.form.Get("refresh") != "" {
		return c.show(http.StatusOK, p)
	}
	if id != 0 {
		for _, x := range f.Fields() {
			x.Required = x.Required && !x.Secret()
		}
	}
	if f.Require(c.form, c.look.Catalogue); f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	a := c.writtenAddress()
	a.Type = customer.Residential
	if c.form.Get("address_type") == customer.Commercial {
		a.Type = customer.Commercial
	}
	values := c.inputs(defs, id != 0)
	if id == 0 {
		_, err = c.Accounts.AddAddress(c.R.Context(), c.Site.StoreID, me.ID, customer.AddressCreate{AddressFields: a, FormFields: values})
	} else {
		_, err = c.Accounts.ChangeAddress(c.R.Context(), c.Site.StoreID, me.ID, customer.AddressUpdate{
			ID: id, FirstName: opt.Some(a.FirstName), LastName: opt.Some(a.LastName), Company: opt.Some(a.Company), Phone: opt.Some(a.Phone), Type: opt.Some(a.Type),
			Address1: opt.Some(a.Address1), Address2: opt.Some(a.Address2), City: opt.Some(a.City), StateOrProvince: opt.Some(a.StateOrProvince),
			PostalCode: opt.Some(a.PostalCode), CountryCode: opt.Some(a.CountryCode), FormFields: values,
		})
	}
	if fd := fault.As(err); fd != nil && fd.Kind == fault.Conflict {
		f.Problem = c.look.Text("address.twice")
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if err != nil {
		if c.explain(f, err) {
			return c.show(problemStatus(err), p)
		}
		return err
	}
	c.Flash("address_saved", "")
	return c.redirect("/account.php?action=address_book")
}

func (c *call) deleteAddressPage() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := c.addressID()
	if err != nil {
		return err
	}
	a, err := c.Customers.GetAddress(c.R.Context(), c.Site.StoreID, me.ID, id)
	if err != nil {
		return err
	}
	p := &confirmView{Lines: c.lines(a), Danger: true, Button: c.look.Text("address.delete.submit"), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: "/account.php?action=address_book"}}
	p.Title = c.look.Text("address.delete.title")
	p.Form = c.newForm("/account.php?action=delete_shipping_address&address_id="+strconv.FormatInt(id, 10), "address.delete.submit")
	return c.show(http.StatusOK, p)
}

func (c *call) deleteAddress() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := c.addressID()
	if err != nil {
		return err
	}
	if err := c.Customers.DeleteAddress(c.R.Context(), c.Site.StoreID, me.ID, id); err != nil {
		if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
			return err
		}
	}
	c.Flash("address_deleted", "")
	return c.redirect("/account.php?action=address_book")
}

func (c *call) passwordForm(me *customer.Customer) *formPage {
	p := &formPage{Intro: c.look.Text("password.intro")}
	p.Title = c.look.Text("menu.change_password")
	fields := append([]*html.Field{{Name: "current_password", Label: c.look.Text("field.current_password"), Type: "password", Autocomplete: "current-password", Required: true}}, c.newPasswordFields()...)
	p.Form = c.newForm("/account.php?action=change_password", "password.submit", fields...)
	p.Form.Cancel, p.Form.Username = &html.Link{Label: c.look.Text("cancel"), URL: "/account.php"}, me.Email
	return p
}

func (c *call) passwordPage() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	if c.session.OnBehalf() {
		return account.ErrOnBehalf
	}
	return c.show(http.StatusOK, c.passwordForm(me))
}

func (c *call) changePassword() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	if c.session.OnBehalf() {
		return account.ErrOnBehalf
	}
	p := c.passwordForm(me)
	p.Form.Require(c.form, c.look.Catalogue)
	if err := c.matching(p.Form); err != nil {
		return err
	}
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	err = c.Accounts.ChangePassword(c.R.Context(), c.Site, *c.session, c.form.Get("current_password"), c.form.Get("password"), c.client())
	if err == nil {
		c.Flash("password_changed", "")
		return c.redirect("/account.php")
	}
	return c.refused(p, err)
}

func (c *call) sessionsPage() error {
	if _, done, err := c.signedIn(); done || err != nil {
		return err
	}
	rows, err := c.Accounts.Sessions(c.R.Context(), c.Site.StoreID, c.session.CustomerID)
	if err != nil {
		return err
	}
	p := &sessionsView{Others: len(rows) > 1, Own: !c.session.OnBehalf()}
	p.Title = c.look.Text("menu.sessions")
	zone := c.zone()
	for i := range rows {
		s := &rows[i]
		row := sessionRow{ID: s.ID, Device: c.device(s), Peer: s.Peer, Seen: stamp{s.Seen, zone}, Created: stamp{s.Created, zone}, IsCurrent: s.ID == c.session.ID}
		if row.IsCurrent {
			p.Sessions = append([]sessionRow{row}, p.Sessions...)
			continue
		}
		p.Sessions = append(p.Sessions, row)
	}
	return c.show(http.StatusOK, p)
}

// device names a session's browser and system, as far as they tell.
func (c *call) device(s *account.Session) string {
	if s.Kind == account.AccessToken {
		return c.look.Text("sessions.app")
	}
	find := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(s.UserAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := find("Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "FxiOS/", "Firefox", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := find("Windows", "Windows", "Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Mac OS X", "macOS", "CrOS", "ChromeOS", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return c.look.Text("sessions.device", browser, system)
	case browser+system != "":
		return browser + system
	}
	return c.look.Text("sessions.unknown")
}

func (c *call) endSessions() error {
	if _, done, err := c.signedIn(); done || err != nil {
		return err
	}
	if c.form.Get("others") != "" {
		err := c.Accounts.SignOutElsewhere(c.R.Context(), *c.session)
		if errors.Is(err, account.ErrNoSession) { // another device was quicker
			c.ClearToken()
			c.Flash("sign_in_first", "")
			return c.redirect("/login.php?from=" + url.QueryEscape(c.returnTo()))
		}
		if err != nil {
			return err
		}
		c.Flash("sessions_ended", "")
		return c.redirect("/account.php?action=sessions")
	}
	id, err := strconv.ParseInt(c.form.Get("session_id"), 10, 64)
	if err != nil {
		return errNoPage
	}
	if id == c.session.ID {
		return c.signOut()
	}
	if err := c.revoke(id); err != nil {
		return err
	}
	c.Flash("session_ended", "")
	return c.redirect("/account.php?action=sessions")
}

// revoke ends a session; one that has ended already is no error.
func (c *call) revoke(id int64) error {
	err := c.Accounts.Revoke(c.R.Context(), *c.session, id)
	if errors.Is(err, account.ErrNoSession) {
		return nil
	}
	return err
}
