package pages

import (
	"errors"
	"net/http"

	"clientele/internal/account"
	"clientele/internal/customer"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/html"
)

// registration is the page of a new account and what its fields mean.
type registration struct {
	*formPage
	account, address form.Form
}

func (c *call) registration(country string) (*registration, error) {
	ctx := c.R.Context()
	r := &registration{formPage: &formPage{Intro: c.look.Text("register.intro"), Links: []html.Link{{Label: c.look.Text("register.have_one"), URL: "/login.php"}}}}
	r.Title = c.look.Text("register.title")
	var err error
	if r.account, err = c.Forms.Form(ctx, c.Site.StoreID, form.Customer, c.language.Locale); err != nil {
		return nil, err
	}
	if r.address, err = c.Forms.Form(ctx, c.Site.StoreID, form.Address, c.language.Locale); err != nil {
		return nil, err
	}
	f := c.guardForm(c.newForm("/login.php?action=save_new_account", "register.submit"))
	own := &html.Section{Legend: c.look.Text("register.account")}
	var last []*html.Field
	for i := range r.account {
		d := &r.account[i]
		if d.ID == form.CurrentPassword { // there is none yet
			continue
		}
		x := c.ask(d)
		switch d.ID {
		case form.Password:
			x.Hint = c.look.Text("password.hint", c.passwordRules())
		case form.Offers: // below everything else
			x.Checked = c.settings.Storefront.NewsletterChecked
			last = append(last, x)
			continue
		}
		own.Fields = append(own.Fields, x)
	}
	f.Sections = []*html.Section{own}
	if c.asksAddress() {
		address := c.addressSection(r.address, country)
		address.Legend = c.look.Text("register.address")
		f.Sections = append(f.Sections, address)
		f.Refresh, r.Scripts = true, addressScripts
	} else {
		own.Fields = append(own.Fields, c.person(r.address)...)
	}
	if len(last) > 0 {
		f.Sections = append(f.Sections, &html.Section{Fields: last})
	}
	r.Form = f
	return r, nil
}

// offers is the text of the wish for the newsletter.
func (r *registration) offers() string {
	if d := r.account.BuiltIn(form.Offers); d != nil {
		return d.Options.Label
	}
	return ""
}

// asksAddress reports whether who registers is asked for an address.
func (c *call) asksAddress() bool {
	asks := c.settings.Storefront.RegistrationAddress
	return asks == nil || *asks
}

// person asks for what the address form has of a person: the name, and what
// else of it the store requires.
func (c *call) person(defs form.Form) []*html.Field {
	var out []*html.Field
	for i := range defs {
		switch d := &defs[i]; d.ID {
		case form.FirstName, form.LastName:
			out = append(out, c.ask(d))
		case form.Company, form.Phone:
			if d.Required {
				out = append(out, c.ask(d))
			}
		}
	}
	return out
}

// addressSection asks for an address in a country.
func (c *call) addressSection(defs form.Form, code string) *html.Section {
	out := &html.Section{}
	country, _ := geo.ByCode(code)
	for i := range defs {
		x := c.ask(&defs[i])
		switch x.Name {
		case "country":
			x.Options = append([]html.Option{{Label: c.look.Text("choose")}}, c.look.countries()...)
			for j := range x.Options {
				x.Options[j].Selected = x.Options[j].Value == code
			}
			x.Refresh = true
		case "state":
			x.Required = country != nil && country.StateRequired
			if country != nil && len(country.States) > 0 {
				x.Type, x.Options = "select", []html.Option{{Label: c.look.Text("choose")}}
				for _, s := range country.States {
					x.Options = append(x.Options, html.Option{Value: s.Name, Label: s.Name})
				}
			}
		case "postal_code":
			x.Required = country != nil && country.PostalRequired
		}
		out.Fields = append(out.Fields, x)
	}
	return out
}

// writtenAddress reads an address that was posted.
func (c *call) writtenAddress() customer.AddressFields {
	return customer.AddressFields{
		FirstName: c.trimmed("first_name"), LastName: c.trimmed("last_name"), Company: c.trimmed("company"), Phone: c.trimmed("phone"),
		Address1: c.trimmed("address1"), Address2: c.trimmed("address2"), City: c.trimmed("city"), StateOrProvince: c.trimmed("state"),
		PostalCode: c.trimmed("postal_code"), CountryCode: c.trimmed("country"),
	}
}

func (c *call) registerPage() error {
	if c.session != nil {
		return c.redirect("/account.php")
	}
	if s := c.settings.Storefront.Registration; s != nil && !*s {
		c.Flash("registration_closed", "")
		return c.redirect("/login.php")
	}
	r, err := c.registration(c.likelyCountry())
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, r.formPage)
}

func (c *call) register() error {
	if s := c.settings.Storefront.Registration; s != nil && !*s {
		c.Flash("registration_closed", "")
		return c.redirect("/login.php")
	}
	r, err := c.registration(c.form.Get("country"))
	if err != nil {
		return err
	}
	f := r.Form
	f.Enter(c.form)
	if c.form.Get("refresh") != "" {
		return c.show(http.StatusOK, r.formPage)
	}
	f.Require(c.form, c.look.Catalogue)
	if err := c.matching(f); err != nil {
		return err
	}
	if human, err := c.human(f); err != nil {
		return err
	} else if !human || f.Bad() {
		return c.show(http.StatusUnprocessableEntity, r.formPage)
	}
	var address *customer.AddressCreate
	if c.asksAddress() {
		address = &customer.AddressCreate{AddressFields: c.writtenAddress(), FormFields: c.inputs(r.address, false)}
	}
	_, err = c.Accounts.Register(c.R.Context(), c.Site, account.Registration{
		Email: c.trimmed("email"), Password: c.form.Get("password"), FirstName: c.trimmed("first_name"), LastName: c.trimmed("last_name"),
		Phone: c.trimmed("phone"), Company: c.trimmed("company"), Address: address,
		FormFields:       c.inputs(r.account, false),
		AcceptsMarketing: c.form.Get("accepts_marketing_emails") != "",
	}, c.shown("/login.php?action=create_account", r.offers()))
	switch {
	case err == nil:
	case errors.Is(err, account.ErrClosed):
		c.Flash("registration_closed", err.Error())
		return c.redirect("/login.php")
	case c.explain(f, err):
		return c.show(problemStatus(err), r.formPage)
	default:
		return err
	}
	g, err := c.Accounts.SignIn(c.R.Context(), c.Site, account.Browser, c.trimmed("email"), c.form.Get("password"), c.client())
	switch {
	case err == nil:
	case errors.Is(err, account.ErrUnconfirmed):
		return c.mailed(c.look.Text("registered.title"), c.look.Text("registered.text", c.trimmed("email")))
	default: // the account is there all the same
		c.Flash("account_created", "")
		c.visits.Log.Debug("sign in after registration", "request_id", c.RequestID, "error", err)
		return c.redirect("/login.php")
	}
	c.Flash("account_created", "")
	return c.enter(g, "/account.php")
}
