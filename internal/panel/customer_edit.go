package panel

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/html"
	"clientele/internal/idempotency"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rule"
)

// version tells states of a form's values apart. A form holds it, so that a save
// finds out whether somebody else has changed something meanwhile.
func version(values ...string) string {
	h := sha256.New()
	for _, v := range values {
		h.Write([]byte(strconv.Itoa(len(v)) + ":" + v))
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// seen is the version that the posted form holds.
func (c *call) seen() string { return c.form.Get("version") }

// oneCustomer reads the customer of the address.
func (c *call) oneCustomer() (*customer.Customer, error) {
	id, err := c.customerID()
	if err != nil {
		return nil, err
	}
	return c.Customers.Get(c.R.Context(), c.store.ID, id)
}

// aboutCustomer puts a page below that of a customer.
func (c *call) aboutCustomer(f *frame, title string, k *customer.Customer) {
	f.Title, f.Crumbs = c.look.Text(title), c.belowCustomer(k)
}

// belowCustomer leads back to the page of a customer.
func (c *call) belowCustomer(k *customer.Customer) []html.Link {
	return []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}, {Label: customer.FullName(k.FirstName, k.LastName), URL: c.customerAt(k.ID, "")}}
}

// customerForm returns a page with a form about a customer.
func (c *call) customerForm(k *customer.Customer, title, path string, fields ...*html.Field) *formPage {
	p := &formPage{}
	c.aboutCustomer(&p.frame, title, k)
	p.Form = c.newForm(c.customerAt(k.ID, path), "save", fields...)
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: c.customerAt(k.ID, "")}
	return p
}

// party is who passwords are hashed for.
func (c *call) party() password.Party {
	return password.Party{StoreID: c.store.ID, Name: c.client.Peer.Address, Known: true}
}

// stale shows a form that somebody else was quicker than: with both versions, by
// field.
func (c *call) stale(p *formPage, now *Form) error {
	c.conflict(p.Form, now)
	return c.show(http.StatusConflict, p)
}

// settled reports whether what was posted can be saved: all is filled in, and
// nobody has changed the record since its form was shown. again makes the form
// of the record as it is.
func (c *call) settled(p *formPage, again func() (*formPage, error)) (ok bool, err error) {
	now := p.Form.Hidden[0].Value
	p.Form.Hidden = nil
	p.Form.Hide("version", c.seen())
	if !c.filled(p.Form) {
		return false, c.show(http.StatusUnprocessableEntity, p)
	}
	if now == c.seen() {
		return true, nil
	}
	fresh, err := again()
	if err != nil {
		return false, err
	}
	return false, c.stale(p, fresh.Form)
}

// ownFields are the fields of a customer's details.
func (c *call) ownFields(k *customer.Customer, names *rule.Names) []*html.Field {
	field := func(name, value string, most int64, required bool) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text("customer.field." + name), Type: "text", Value: value, MaxLength: most, Required: required, Narrow: true, Autocomplete: "off"}
	}
	mail := c.emailField("off")
	mail.Value, mail.MaxLength = k.Email, 250
	phone := field("phone", k.Phone, 50, false)
	phone.Type = "tel"
	channels := &html.Field{Name: "channel_ids", Label: c.look.Text("customer.field.channels"), Hint: c.look.Text("customer.field.channels.hint"), Type: "checks"}
	for _, n := range names.Channels {
		channels.Options = append(channels.Options, html.Option{Value: strconv.FormatInt(n.ID, 10), Label: n.Name, Selected: slices.Contains(k.ChannelIDs, n.ID)})
	}
	out := []*html.Field{
		field("first_name", k.FirstName, 100, true), field("last_name", k.LastName, 100, true), mail,
		field("company", k.Company, 255, false), phone,
		{Name: "tax_exempt_category", Label: c.look.Text("customer.field.tax_exempt_category"), Type: "text", Value: k.TaxExemptCategory, MaxLength: 255, Narrow: true, Autocomplete: "off"},
	}
	if len(names.Channels) > 1 {
		out = append(out, channels)
	}
	return append(out,
		&html.Field{Name: "accepts_emails", Label: c.look.Text("customer.field.accepts_emails"), Type: "check", Checked: k.AcceptsEmails},
		&html.Field{Name: "notes", Label: c.look.Text("customer.field.notes"), Hint: c.look.Text("customer.field.notes.hint"), Type: "textarea", Rows: 3, MaxLength: 65535, Value: k.Notes},
	)
}

// detailsVersion tells states of what ownFields show apart.
func detailsVersion(k *customer.Customer) string {
	return version(k.Email, k.FirstName, k.LastName, k.Company, k.Phone, k.Notes, k.TaxExemptCategory, ids(k.ChannelIDs), strconv.FormatBool(k.AcceptsEmails))
}

func (c *call) detailsForm() (*formPage, *customer.Customer, *rule.Names, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, nil, err
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	p := c.customerForm(k, "customer.edit", "/edit", c.ownFields(k, names)...)
	p.Form.Hide("version", detailsVersion(k))
	return p, k, names, nil
}

func (c *call) editPage() error {
	p, _, _, err := c.detailsForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// writtenChannels are the channels that a form names; none is all of them.
func (c *call) writtenChannels(names *rule.Names) (opt.Field[[]int64], bool) {
	if len(names.Channels) < 2 {
		return opt.Field[[]int64]{}, true
	}
	out := opt.Field[[]int64]{Set: true}
	for _, v := range c.form["channel_ids"] {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return out, false
		}
		out.Value = append(out.Value, id)
	}
	out.Null = len(out.Value) == 0
	return out, true
}

func (c *call) saveDetails() error {
	p, k, names, err := c.detailsForm()
	if err != nil {
		return err
	}
	p.Form.Hidden = nil
	p.Form.Hide("version", c.seen())
	channels, ok := c.writtenChannels(names)
	if !c.filled(p.Form) || !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	seen := c.seen()
	notes := strings.ReplaceAll(c.value("notes"), "\r\n", "\n")
	if notes == strings.TrimSpace(strings.ReplaceAll(k.Notes, "\r\n", "\n")) {
		notes = k.Notes // a form does not keep lines' ends and what is around a text
	}
	u := customer.Update{
		ID: k.ID, Email: opt.Some(c.value("email")), FirstName: opt.Some(c.value("first_name")), LastName: opt.Some(c.value("last_name")), Company: opt.Some(c.value("company")),
		Phone: opt.Some(c.value("phone")), Notes: opt.Some(notes), TaxExemptCategory: opt.Some(c.value("tax_exempt_category")),
		AcceptsEmails: opt.Some(c.form.Get("accepts_emails") != ""), ChannelIDs: channels,
		Still: func(now *customer.Customer) bool { return detailsVersion(now) == seen },
	}
	changed, err := c.Customers.UpdateOne(c.R.Context(), c.party(), u)
	if errors.Is(err, customer.ErrStale) {
		now, _, _, err := c.detailsForm()
		if err != nil {
			return err
		}
		return c.stale(p, now.Form)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	undo := &Undo{Action: c.customerAt(k.ID, "/edit"), Fields: []string{
		"email", k.Email, "first_name", k.FirstName, "last_name", k.LastName, "company", k.Company, "phone", k.Phone, "tax_exempt_category", k.TaxExemptCategory, "version", detailsVersion(changed)}}
	if k.AcceptsEmails {
		undo.Fields = append(undo.Fields, "accepts_emails", "1")
	}
	for _, id := range k.ChannelIDs {
		undo.Fields = append(undo.Fields, "channel_ids", strconv.FormatInt(id, 10))
	}
	undo.Fields = append(undo.Fields, "notes", k.Notes)
	if len(strings.Join(undo.Fields, "")) > 1200 { // more than a cookie holds
		undo = nil
	}
	return c.doneUndo(c.customerAt(k.ID, ""), undo, "customer_saved", customer.FullName(changed.FirstName, changed.LastName))
}

// Groups.

func groupVersion(k *customer.Customer) string {
	return version("group", strconv.FormatInt(k.GroupID, 10))
}

// groupField chooses a group.
func (c *call) groupField(chosen int64, names *rule.Names) *html.Field {
	x := &html.Field{Name: "customer_group_id", Label: c.look.Text("customer.group"), Type: "select", Plain: true, Options: []html.Option{{Value: "0", Label: c.look.Text("customer.group.nothing"), Selected: chosen == 0}}}
	for _, n := range names.Groups {
		x.Options = append(x.Options, html.Option{Value: strconv.FormatInt(n.ID, 10), Label: n.Name, Selected: n.ID == chosen})
	}
	return x
}

func (c *call) customerGroupForm() (*questionPage, *customer.Customer, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, err
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("customer.group.change", c.customerAt(k.ID, "/group"), false, c.customerAt(k.ID, ""), customer.FullName(k.FirstName, k.LastName))
	c.aboutCustomer(&p.frame, "customer.group", k)
	p.Dialog.Form.Sections[0].Fields = []*html.Field{c.groupField(k.GroupID, names)}
	p.Dialog.Form.Hide("version", groupVersion(k)).Hide("to", c.back())
	return p, k, nil
}

// back is where a dialog leads back to: the page that it was opened from.
func (c *call) back() string {
	if c.R.Method == http.MethodPost {
		return c.form.Get("to")
	}
	return c.from()
}

// backTo is where to go on after a dialog about a customer.
func (c *call) backTo(id int64) string {
	if to := safe(c.form.Get("to")); to != Base {
		return to
	}
	return c.customerAt(id, "")
}

func (c *call) changeGroupPage() error {
	p, _, err := c.customerGroupForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) changeGroup() error {
	p, k, err := c.customerGroupForm()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	f.Enter(c.form)
	to, err := strconv.ParseInt(c.form.Get("customer_group_id"), 10, 64)
	if err != nil {
		return errBad
	}
	seen := c.seen()
	changed, err := c.Customers.UpdateOne(c.R.Context(), c.party(), customer.Update{ID: k.ID, GroupID: opt.Some(to),
		Still: func(now *customer.Customer) bool { return groupVersion(now) == seen }})
	if errors.Is(err, customer.ErrStale) {
		now, _, err := c.customerGroupForm()
		if err != nil {
			return err
		}
		c.conflict(f, now.Dialog.Form)
		return c.show(http.StatusConflict, p)
	}
	if err != nil {
		return c.again(p, f, err)
	}
	undo := &Undo{Action: c.customerAt(k.ID, "/group"), Fields: []string{"customer_group_id", strconv.FormatInt(k.GroupID, 10), "version", groupVersion(changed), "to", c.backTo(k.ID)}}
	return c.doneUndo(c.backTo(k.ID), undo, "group_changed", customer.FullName(k.FirstName, k.LastName))
}

// Store credit.

func (c *call) creditForm() (*questionPage, *customer.Customer, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, err
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return nil, nil, err
	}
	p := c.ask("customer.credit.give", c.customerAt(k.ID, "/credit"), false, c.customerAt(k.ID, ""), customer.FullName(k.FirstName, k.LastName), settings.Price(k.StoreCredit, customer.CreditScale))
	c.aboutCustomer(&p.frame, "customer.credit", k)
	p.Dialog.Form.Sections[0].Fields = []*html.Field{
		{Name: "kind", Label: c.look.Text("customer.credit.what"), Type: "radio", Required: true, Options: []html.Option{
			{Value: string(credit.Credit), Label: c.look.Text("customer.credit.do.give"), Selected: true}, {Value: string(credit.Debit), Label: c.look.Text("customer.credit.do.take")}}},
		{Name: "amount", Label: c.look.Text("customer.credit.amount"), Type: "text", InputMode: "decimal", Required: true, MaxLength: 20, Narrow: true, Autocomplete: "off"},
		{Name: "expires_at", Label: c.look.Text("customer.credit.until"), Type: "date", Narrow: true},
		{Name: "reason", Label: c.look.Text("customer.credit.reason"), Type: "text", Required: true, MaxLength: 1000, Autocomplete: "off"},
	}
	p.Dialog.Form.Hide("to", c.back()).Hide("once", c.visits.System.Hex(16))
	return p, k, nil
}

func (c *call) creditPage() error {
	p, _, err := c.creditForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

// written is the form of an amount that somebody wrote. Marks between thousands
// are refused, as either mark stands before the cents.
var written = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[+-]?\d{1,15}([.,]\d{1,2})?$`) })

// decimal is an amount that somebody wrote, with a point before the cents.
func decimal(text string) (string, bool) {
	return strings.Replace(text, ",", ".", 1), written().MatchString(text)
}

// money reads an amount that somebody wrote.
func money(text string) (int64, bool) {
	text, ok := decimal(text)
	n, read, exact := jsonx.ParseDecimal(text, customer.CreditScale)
	return n, ok && read && exact
}

// giveCredit moves store credit. What a page sends twice moves it once.
func (c *call) giveCredit() error {
	id, err := c.customerID()
	if err != nil {
		return err
	}
	err = c.once(id, c.moveCredit)
	if f := fault.As(err); f != nil && f.Kind == fault.Repeated { // the other one answers
		return c.redirect(c.backTo(id))
	}
	return err
}

// once does what a form that was made with a key asks for, or answers as before
// where the same form was sent with the same values. customerID is whom it is about.
func (c *call) once(customerID int64, do func() error) error {
	key := c.form.Get("once")
	if !idempotency.Valid(key) {
		return do()
	}
	// Other values from the page, gone back to, are another write.
	in := idempotency.Request{StoreID: c.store.ID, Caller: "staff " + strconv.FormatInt(c.staff.ID, 10) + " " + c.form.Encode(), CustomerID: customerID, Key: key, Parts: []string{c.R.Method, c.R.URL.Path}}
	return c.exchange.Once(c.Answers, in, false, func(r *http.Request) error {
		before := c.R
		defer func() { c.R = before }()
		c.R = r
		return do()
	})
}

func (c *call) moveCredit() error {
	p, k, err := c.creditForm()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	w := credit.Write{CustomerID: k.ID, Kind: credit.Kind(c.form.Get("kind")), Reason: c.value("reason"), By: credit.ByStaff(c.staff.Email)}
	if w.Kind == credit.Revert {
		w.EntryID, err = strconv.ParseInt(c.form.Get("entry"), 10, 64)
		w.Reason = c.look.Text("customer.credit.undone")
		if err != nil {
			return errBad
		}
	} else {
		c.filled(f)
		var ok bool
		if x := f.Field("amount"); x.Error == "" {
			if w.Amount, ok = money(c.value("amount")); !ok {
				x.Error = c.look.Text("wrong.money")
			}
		}
		if day := c.value("expires_at"); day != "" {
			if _, w.ExpiresAt, ok = c.day(day); !ok {
				f.Field("expires_at").Error = c.look.Text("wrong.value")
			}
		}
		if f.Bad() {
			return c.show(http.StatusUnprocessableEntity, p)
		}
	}
	e, err := c.Credit.Write(c.R.Context(), c.store.ID, w)
	if err != nil {
		return c.again(p, f, err)
	}
	settings, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return err
	}
	var undo *Undo
	if w.Kind != credit.Revert {
		undo = &Undo{Action: c.customerAt(k.ID, "/credit"), Fields: []string{"kind", string(credit.Revert), "entry", strconv.FormatInt(e.ID, 10), "to", c.backTo(k.ID)}}
	}
	return c.doneUndo(c.backTo(k.ID), undo, "credit_moved", customer.FullName(k.FirstName, k.LastName), settings.Price(e.Balance, credit.Scale))
}

// Attributes.

// attributeField is the control of an attribute, by its type.
func (c *call) attributeField(n rule.Named, value string) *html.Field {
	x := &html.Field{Name: attributeColumn + strconv.FormatInt(n.ID, 10), Label: n.Name, Type: "text", Value: value, MaxLength: 255, Narrow: true, Plain: true, Autocomplete: "off"}
	switch n.Type {
	case "number":
		x.InputMode = "decimal"
	case "date":
		if value == "" || len(value) == len("2006-01-02") {
			x.Type = "date"
		}
	}
	return x
}

func (c *call) attributesForm() (*formPage, *customer.Profile, *rule.Names, error) {
	id, err := c.customerID()
	if err != nil {
		return nil, nil, nil, err
	}
	k, err := c.Customers.Profile(c.R.Context(), c.store.ID, id, customer.ProfileWant{Attributes: true})
	if err != nil || k == nil {
		return nil, nil, nil, cmp.Or(err, error(errNoPage))
	}
	names, _, err := c.Rules.Ask(c.R.Context(), c.store.ID, nil)
	if err != nil {
		return nil, nil, nil, err
	}
	p := c.customerForm(&k.Customer, "customer.attributes", "/attributes")
	var values []string
	for _, n := range names.Attributes {
		p.Form.Sections[0].Fields = append(p.Form.Sections[0].Fields, c.attributeField(n, k.Noted[n.ID].Value))
		values = append(values, strconv.FormatInt(n.ID, 10), k.Noted[n.ID].Value)
	}
	p.Form.Hide("version", version(values...))
	return p, k, names, nil
}

func (c *call) attributesPage() error {
	p, _, _, err := c.attributesForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveAttributes() error {
	p, k, names, err := c.attributesForm()
	if err != nil {
		return err
	}
	if ok, err := c.settled(p, func() (*formPage, error) { again, _, _, err := c.attributesForm(); return again, err }); !ok {
		return err
	}
	var in []customer.AttributeUpsert
	var gone []int64
	for _, n := range names.Attributes {
		x := p.Form.Field(attributeColumn + strconv.FormatInt(n.ID, 10))
		v, was := strings.TrimSpace(x.Value), k.Noted[n.ID]
		switch {
		case v == was.Value:
		case v == "":
			gone = append(gone, n.ID)
		case !customer.ValidAttribute(n.Type, v):
			x.Error = c.look.Text("wrong.attribute." + n.Type)
		default:
			in = append(in, customer.AttributeUpsert{CustomerID: k.ID, AttributeID: n.ID, Value: v})
		}
	}
	if p.Form.Bad() {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	for _, id := range gone { // of whom none is left, an empty one says the same
		in = append(in, customer.AttributeUpsert{CustomerID: k.ID, AttributeID: id})
	}
	if _, err := c.Customers.PutAttributeValues(c.R.Context(), c.store.ID, in); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.customerAt(k.ID, ""), "customer_saved", customer.FullName(k.FirstName, k.LastName))
}

// Form fields.

// customFields are the controls of a form's custom fields; nothing has to be
// filled in by who works for the store.
func (c *call) customFields(defs form.Form) (out []*html.Field) {
	for i := range defs {
		if !defs[i].BuiltIn() {
			x := html.Custom(&defs[i], c.look.Text("choose"))
			x.Required, x.Plain = false, true
			out = append(out, x)
		}
	}
	return out
}

func (c *call) formFieldsForm() (*formPage, *customer.Profile, form.Form, error) {
	id, err := c.customerID()
	if err != nil {
		return nil, nil, nil, err
	}
	k, err := c.Customers.Profile(c.R.Context(), c.store.ID, id, customer.ProfileWant{FormFields: true})
	if err != nil || k == nil {
		return nil, nil, nil, cmp.Or(err, error(errNoPage))
	}
	defs, err := c.Forms.Form(c.R.Context(), c.store.ID, form.Customer, c.look.Lang)
	if err != nil {
		return nil, nil, nil, err
	}
	p := c.customerForm(&k.Customer, "customer.form_fields", "/form-fields", c.customFields(defs)...)
	var values []string
	for _, x := range p.Form.Fields() { // of what is stored nothing is the default
		x.Value = ""
	}
	for _, v := range k.FormFields {
		p.Form.EnterCustom(v.FieldID, v.JSON)
		values = append(values, strconv.FormatInt(v.FieldID, 10), v.JSON)
	}
	p.Form.Hide("version", version(values...))
	return p, k, defs, nil
}

func (c *call) formFieldsPage() error {
	p, _, _, err := c.formFieldsForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveFormFields() error {
	p, k, defs, err := c.formFieldsForm()
	if err != nil {
		return err
	}
	if ok, err := c.settled(p, func() (*formPage, error) { again, _, _, err := c.formFieldsForm(); return again, err }); !ok {
		return err
	}
	if _, err := c.Customers.UpdateOne(c.R.Context(), c.party(), customer.Update{ID: k.ID, FormFields: html.CustomInputs(c.form, defs, true)}); err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.customerAt(k.ID, ""), "customer_saved", customer.FullName(k.FirstName, k.LastName))
}

// Addresses.

// addressVersion tells states of an address apart.
func addressVersion(a *customer.Address) string {
	f := &a.AddressFields
	return version(f.FirstName, f.LastName, f.Company, f.Phone, f.Type, f.Address1, f.Address2, f.City, f.StateOrProvince, f.PostalCode, f.CountryCode)
}

// addressFields are the controls of an address in a country.
func (c *call) addressFields(a *customer.AddressFields) []*html.Field {
	country, _ := geo.ByCode(a.CountryCode)
	field := func(name, value string, most int64, required, half bool) *html.Field {
		return &html.Field{Name: name, Label: c.look.Text("customer.address." + name), Type: "text", Value: value, MaxLength: most, Required: required, Narrow: half, Autocomplete: "off"}
	}
	where := &html.Field{Name: "country_code", Label: c.look.Text("filter.field.country"), Type: "select", Required: true, Narrow: true, Refresh: true, Options: []html.Option{{Label: c.look.Text("choose")}}}
	for _, o := range c.countries() {
		o.Selected = o.Value == a.CountryCode
		where.Options = append(where.Options, o)
	}
	state := field("state_or_province", a.StateOrProvince, 100, country != nil && country.StateRequired, true)
	if country != nil && len(country.States) > 0 {
		state.Type, state.Options = "select", []html.Option{{Label: c.look.Text("choose")}}
		for _, s := range country.States {
			state.Options = append(state.Options, html.Option{Value: s.Name, Label: s.Name, Selected: s.Name == a.StateOrProvince})
		}
	}
	phone := field("phone", a.Phone, 50, false, true)
	phone.Type = "tel"
	kind := &html.Field{Name: "address_type", Label: c.look.Text("history.field.address_type"), Type: "radio", Required: true}
	for _, t := range []string{customer.Residential, customer.Commercial} {
		kind.Options = append(kind.Options, html.Option{Value: t, Label: c.look.Text("customer.address." + t), Selected: t == a.Type})
	}
	return []*html.Field{
		field("first_name", a.FirstName, 255, true, true), field("last_name", a.LastName, 255, true, true), field("company", a.Company, 255, false, true), phone,
		field("address1", a.Address1, 255, true, false), field("address2", a.Address2, 255, false, false), field("city", a.City, 100, true, true),
		where, state, field("postal_code", a.PostalCode, 30, country != nil && country.PostalRequired, true), kind,
	}
}

// writtenAddress reads an address that was posted.
func (c *call) writtenAddress() customer.AddressFields {
	return customer.AddressFields{
		FirstName: c.value("first_name"), LastName: c.value("last_name"), Company: c.value("company"), Phone: c.value("phone"), Type: c.value("address_type"),
		Address1: c.value("address1"), Address2: c.value("address2"), City: c.value("city"), StateOrProvince: c.value("state_or_province"),
		PostalCode: c.value("postal_code"), CountryCode: c.value("country_code"),
	}
}

// ownAddress is the address of the page's address; nil: a new one.
func (c *call) ownAddress(customerID int64) (*customer.Address, error) {
	if chi.URLParam(c.R, "address") == "" {
		return nil, nil
	}
	id, err := c.param("address")
	if err != nil {
		return nil, err
	}
	a, err := c.Customers.OwnAddress(c.R.Context(), c.store.ID, customerID, id)
	if err != nil || a == nil {
		return nil, cmp.Or(err, error(errNoPage))
	}
	return a, nil
}

// likelyCountry is where a new address of a customer is taken to be: where the
// store is.
func (c *call) likelyCountry() string {
	s, err := c.Stores.Settings(c.R.Context(), c.store.ID)
	if err != nil {
		return ""
	}
	return s.CountryCode
}

// addressForm is the form of an address as it is stored or, with posted, as it
// was written.
func (c *call) addressForm(posted bool) (*formPage, *customer.Customer, *customer.Address, form.Form, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	stored, err := c.ownAddress(k.ID)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	defs, err := c.Forms.Form(c.R.Context(), c.store.ID, form.Address, c.look.Lang)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	a := customer.AddressFields{FirstName: k.FirstName, LastName: k.LastName, Company: k.Company, Phone: k.Phone, Type: customer.Residential, CountryCode: c.likelyCountry()}
	path, title := "/addresses", "customer.address.add"
	if stored != nil {
		a, path, title = stored.AddressFields, "/addresses/"+strconv.FormatInt(stored.ID, 10), "customer.address.edit"
	}
	shown := a
	if posted {
		shown = c.writtenAddress()
	}
	custom := c.customFields(defs)
	p := c.customerForm(k, title, path, append(c.addressFields(&shown), custom...)...)
	p.Form.Refresh = true
	if stored != nil {
		for _, x := range custom {
			x.Value = ""
		}
		for _, v := range stored.FormFields {
			p.Form.EnterCustom(v.FieldID, v.JSON)
		}
		p.Form.Hide("version", addressVersion(stored))
		p.Danger = []Action{{Label: c.look.Text("customer.address.remove"), URL: c.customerAt(k.ID, path+"/delete"), Danger: true, Dialog: true}}
	}
	return p, k, stored, defs, nil
}

func (c *call) addressPage() error {
	p, _, _, _, err := c.addressForm(false)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveAddress() error {
	p, k, stored, defs, err := c.addressForm(true)
	if err != nil {
		return err
	}
	p.Form.Hidden = nil
	if stored != nil {
		p.Form.Hide("version", c.seen())
	}
	if c.form.Has("refresh") { // another country has other states
		p.Form.Enter(c.form)
		return c.show(http.StatusOK, p)
	}
	if !c.filled(p.Form) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	a, ctx, inputs := c.writtenAddress(), c.R.Context(), html.CustomInputs(c.form, defs, stored != nil)
	if stored == nil {
		made, err := c.Customers.CreateAddress(ctx, c.store.ID, customer.AddressCreate{CustomerID: k.ID, AddressFields: a, FormFields: inputs})
		if err != nil {
			return c.again(p, p.Form, err)
		}
		return c.done(c.customerAt(k.ID, "")+"#address-"+strconv.FormatInt(made.ID, 10), "address_added")
	}
	seen := c.seen()
	_, err = c.Customers.UpdateAddress(ctx, c.store.ID, k.ID, customer.AddressUpdate{
		ID: stored.ID, FirstName: opt.Some(a.FirstName), LastName: opt.Some(a.LastName), Company: opt.Some(a.Company), Phone: opt.Some(a.Phone), Type: opt.Some(a.Type),
		Address1: opt.Some(a.Address1), Address2: opt.Some(a.Address2), City: opt.Some(a.City), StateOrProvince: opt.Some(a.StateOrProvince), PostalCode: opt.Some(a.PostalCode),
		CountryCode: opt.Some(a.CountryCode), FormFields: inputs, Still: func(now *customer.Address) bool { return addressVersion(now) == seen },
	})
	if errors.Is(err, customer.ErrStale) {
		now, _, _, _, err := c.addressForm(false)
		if err != nil {
			return err
		}
		return c.stale(p, now.Form)
	}
	if err != nil {
		return c.again(p, p.Form, err)
	}
	return c.done(c.customerAt(k.ID, "")+"#address-"+strconv.FormatInt(stored.ID, 10), "address_saved")
}

func (c *call) deleteAddressPage() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	a, err := c.ownAddress(k.ID)
	if err != nil {
		return err
	}
	p := c.ask("customer.address.delete", c.customerAt(k.ID, "/addresses/"+strconv.FormatInt(a.ID, 10)+"/delete"), true, c.customerAt(k.ID, ""))
	p.Dialog.Lines = append([]string{customer.FullName(a.FirstName, a.LastName)}, c.addressLines(a)...)
	p.Crumbs = c.belowCustomer(k)
	return c.show(http.StatusOK, p)
}

func (c *call) deleteAddress() error {
	k, err := c.oneCustomer()
	if err != nil {
		return err
	}
	a, err := c.ownAddress(k.ID)
	if err != nil {
		return err
	}
	if err := c.Customers.DeleteAddress(c.R.Context(), c.store.ID, k.ID, a.ID); err != nil {
		return err
	}
	return c.done(c.customerAt(k.ID, "")+"#addresses", "address_removed")
}
