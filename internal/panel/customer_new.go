package panel

import (
	"cmp"
	"net/http"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/form"
	"clientele/internal/html"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/store"
)

// The ways in which a new customer gets a password.
const (
	passwordInvited   = "invite"
	passwordSet       = "set"
	passwordGenerated = "generate"
)

// newCustomerForm has the fields of the sign-up form and what the store adds.
func (c *call) newCustomerForm() (*formPage, *rule.Names, form.Form, error) {
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	defs, err := c.Forms.Form(c.R.Context(), c.store.ID, form.Customer, c.look.Lang)
	if err != nil {
		return nil, nil, nil, err
	}
	p := &formPage{}
	p.Title = c.look.Text("customer.new.title")
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	fields := c.ownFields(&customer.Customer{}, names)
	p.Form = c.newForm(c.customersAt("/new"), "customer.new.submit", append(fields[:len(fields):len(fields)], c.customFields(defs)...)...)
	p.Form.Sections[0].Legend = c.look.Text("customer.details")
	if x := p.Form.Field("email"); x != nil {
		x.Check = c.customersAt("/check")
	}
	store := []*html.Field{c.groupField(0, names), {Name: "store_credit", Label: c.look.Text("customer.credit"), Type: "text", InputMode: "decimal", MaxLength: 20, Narrow: true, Plain: true, Autocomplete: "off"}}
	for _, n := range names.Attributes {
		store = append(store, c.attributeField(n, ""))
	}
	store[0].Narrow = true
	c.section(p.Form, "customer.new.store", store...)
	how := &html.Field{Name: "how", Label: c.look.Text("customer.new.password"), Type: "radio", Required: true}
	for _, v := range []string{passwordInvited, passwordSet, passwordGenerated} {
		how.Options = append(how.Options, html.Option{Value: v, Label: c.look.Text("customer.new.password." + v), Selected: v == passwordInvited})
	}
	secret := &html.Field{Name: "password", Label: c.look.Text("field.new_password"), Hint: c.look.Text("customer.new.password.hint"), Type: "password", Autocomplete: "new-password", Plain: true, Narrow: true}
	c.section(p.Form, "customer.new.access", how, secret,
		&html.Field{Name: "welcome", Label: c.look.Text("customer.new.welcome"), Hint: c.look.Text("customer.new.welcome.hint"), Type: "check"})
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.customersAt("")}
	p.Form.Again = []html.Option{{Value: "another", Label: c.look.Text("customer.new.another")}}
	return p, names, defs, nil
}

func (c *call) newCustomerPage() error {
	p, _, _, err := c.newCustomerForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// taken is who has an email already, as far as a search by it tells; nil: nobody.
func (c *call) taken(address string) (*customer.Customer, error) {
	if !email.Valid(address) {
		return nil, nil
	}
	q := customer.List.New().WithoutTotal().Where("email", "in", nil, []string{email.Key(address)})
	q.Limit = 1
	found, _, err := c.Customers.List(c.R.Context(), c.store.ID, q, nil)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// doubts are what is noticed of an email: that somebody has it, or that it looks
// like a slip.
func (c *call) doubts(address string) (*Message, error) {
	who, err := c.taken(address)
	if err != nil {
		return nil, err
	}
	if who != nil {
		name := customer.FullName(who.FirstName, who.LastName)
		return &Message{Kind: "warning", Text: c.look.Text("customer.new.taken", name), Link: &html.Link{Label: c.look.Text("customer.new.open", name), URL: c.customerAt(who.ID, "")}}, nil
	}
	if likely := email.Likely(address); likely != "" {
		return &Message{Kind: "warning", Text: c.look.Text("customer.new.typo", likely)}, nil
	}
	return nil, nil
}

// checkEmailPage tells the script what is noticed of an email while one types.
func (c *call) checkEmailPage() error {
	m, err := c.doubts(c.R.URL.Query().Get("value"))
	if err != nil {
		return err
	}
	p := &formPage{}
	p.Title = c.look.Text("customer.new.title")
	p.Form = &Form{}
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	if m != nil {
		p.Messages = []Message{*m}
	}
	return c.show(http.StatusOK, p)
}

func (c *call) makeCustomer() error {
	p, names, defs, err := c.newCustomerForm()
	if err != nil {
		return err
	}
	f := p.Form
	ok := c.filled(f)
	channels, fit := c.writtenChannels(names)
	if !fit {
		return errBad
	}
	in := customer.Create{
		Email: c.value("email"), FirstName: c.value("first_name"), LastName: c.value("last_name"), Company: c.value("company"), Phone: c.value("phone"), Notes: c.value("notes"),
		TaxExemptCategory: c.value("tax_exempt_category"), AcceptsEmails: c.form.Get("accepts_emails") != "", OriginChannelID: store.DefaultChannel, ChannelIDs: channels.Value,
		FormFields: html.CustomInputs(c.form, defs, false),
	}
	if in.GroupID, err = strconv.ParseInt(cmp.Or(c.form.Get("customer_group_id"), "0"), 10, 64); err != nil {
		return errBad
	}
	if text := c.value("store_credit"); text != "" {
		if in.StoreCredit, fit = money(text); !fit {
			f.Field("store_credit").Error = c.look.Text("wrong.money")
		}
	}
	for _, n := range names.Attributes {
		x := f.Field(attributeColumn + strconv.FormatInt(n.ID, 10))
		if x.Value == "" {
			continue
		}
		if !customer.ValidAttribute(n.Type, x.Value) {
			x.Error = c.look.Text("wrong.attribute." + n.Type)
		}
		in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: n.ID, Value: x.Value})
	}
	in.Notify = c.form.Get("welcome") != ""
	switch c.form.Get("how") {
	case passwordSet:
		in.NewPassword = opt.Some(c.form.Get("password"))
		if c.form.Get("password") == "" {
			f.Field("password").Error = c.look.Text("wrong.required")
		}
	case passwordGenerated:
		in.GeneratePassword = true
	default: // the welcome has the link to choose one
		in.Notify = true
	}
	doubt, err := c.doubts(in.Email)
	if err != nil {
		return err
	}
	if doubt != nil {
		p.Messages = []Message{*doubt}
	}
	// An address that looks like a slip is taken once it was seen to be meant.
	meant := c.form.Get("meant") == in.Email
	if doubt != nil && doubt.Link == nil && !meant {
		f.Hide("meant", in.Email)
		ok = false
	}
	if !ok || f.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	made, err := c.Customers.CreateFor(c.R.Context(), c.party(), []customer.Create{in})
	if err != nil {
		return c.again(p, f, err)
	}
	to := c.customerAt(made[0].ID, "")
	if c.form.Get("then") == "another" {
		to = c.customersAt("/new")
	}
	return c.done(to, "customer_added", customer.FullName(in.FirstName, in.LastName))
}
