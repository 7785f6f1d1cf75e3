package panel

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/account"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/email"
	"clientele/internal/entitlement"
	"clientele/internal/form"
	"clientele/internal/geo"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/html"
	"clientele/internal/instrument"
	"clientele/internal/listing"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/rule"
	"clientele/internal/staff"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/tax"
	"clientele/internal/wishlist"
)

// Block is a part of the page of a record.
type Block struct {
	ID, Title, Text string
	Actions         []Action
	Facts           []Fact
	Lozenges        []Lozenge
	Lines           []string
	Table           *Table
	Cards           []Card
	Copy            string // a text to be copied
	Nothing         string // in place of all that
	More            *html.Link
}

// Card is one of several alike.
type Card struct {
	ID      string
	Title   string
	Lines   []string
	Note    []TextPart
	Sub     string
	When    *stamp
	Actions []Action
	Posts   []Button
}

// Empty reports whether there is nothing in it.
func (b *Block) Empty() bool {
	return len(b.Facts)+len(b.Lines)+len(b.Cards)+len(b.Lozenges) == 0 && b.Table == nil && b.Text == "" && b.Copy == ""
}

// recordView is the page of a record with all that is its own.
type recordView struct {
	frame
	Lozenges    []Lozenge
	Facts       []Fact
	Message     *Message
	Left, Right []*Block
	Timeline    *Timeline
}

func (*recordView) template() string { return "record" }

// Bounds of what the page of a customer shows of each.
const (
	shownAddresses  = 50
	shownWishlists  = 20
	shownItems      = 10
	shownMetafields = 50
	shownLedger     = 10
	shownSessions   = 20
	shownEmails     = 10
	shownProofs     = 10
	shownEntries    = 25
	shownChannels   = 10
)

// shopper is a customer with what the page shows.
type shopper struct {
	*customer.Profile
	found        *customer.Browsed
	state        account.State
	names        *rule.Names
	settings     *store.Settings
	entitlements entitlement.Entitlements
	ledger       []credit.Entry
	sessions     []account.Session
	emails       []mail.Stored
	consent      customer.Consent
	subscribers  []subscriber.Subscriber
	proofs       map[int64][]subscriber.Change
	wishlists    []wishlist.Wishlist
	metafields   []metafield.Metafield
	instruments  []instrument.Instrument
	taxes        []tax.Customer
	comments     []desk.Comment
	merges       []merge.Merge
}

// addressWindow are the addresses that the page shows.
var addressWindow = listing.Window{First: shownAddresses, Last: -1}

// customerID is the customer of the address.
func (c *call) customerID() (int64, error) { return c.param("id") }

// shopper reads the customer of the address: of each kind a bounded part, with a
// bounded number of statements.
func (c *call) shopper() (*shopper, error) {
	id, err := c.customerID()
	if err != nil {
		return nil, err
	}
	ctx, storeID := c.R.Context(), c.store.ID
	s := &shopper{proofs: map[int64][]subscriber.Change{}}
	s.Profile, err = c.Customers.Profile(ctx, storeID, id, customer.ProfileWant{FormFields: true, Attributes: true, Counts: true, Addresses: []listing.Window{addressWindow}})
	if err != nil {
		return nil, err
	}
	if s.Profile == nil {
		return nil, errNoPage
	}
	reads := []func() error{
		func() (err error) { s.names, _, err = c.Rules.Ask(ctx, storeID, nil); return err },
		func() (err error) { s.settings, err = c.Stores.Settings(ctx, storeID); return err },
		func() (err error) {
			s.found, err = c.Customers.Browse(ctx, storeID, customer.Browse{Among: []int64{id}, Segments: true, Limit: 1})
			return err
		},
		func() error {
			states, err := c.Accounts.States(ctx, storeID, []int64{id})
			s.state = states[id]
			return err
		},
		func() (err error) { s.entitlements, err = c.Entitlements.OfCustomer(ctx, storeID, id); return err },
		func() (err error) {
			q := credit.List.New().WithoutTotal()
			q.Limit = shownLedger
			s.ledger, _, err = c.Credit.List(ctx, storeID, id, q)
			return err
		},
		func() (err error) { s.comments, err = c.Desk.Comments(ctx, storeID, id, shownComments); return err },
		func() (err error) { s.sessions, err = c.Accounts.Sessions(ctx, storeID, id); return err },
		func() (err error) { s.consent, err = c.Customers.Consent(ctx, storeID, id); return err },
		func() error { return c.readConsents(ctx, s) },
		func() error { return c.readMerges(s) },
		func() (err error) {
			q := wishlist.List.New().WithoutTotal().Where("customer_id", listing.Eq, []int64{id}, nil)
			q.Limit = shownWishlists
			s.wishlists, _, err = c.Wishlists.List(ctx, storeID, q)
			return err
		},
		func() (err error) {
			q := metafield.List.New().WithoutTotal()
			q.Limit = shownMetafields
			s.metafields, _, err = c.Metafields.List(ctx, storeID, metafield.Caller{All: true}, id, q)
			return err
		},
		func() (err error) { s.instruments, err = c.Instruments.List(ctx, storeID, id); return err },
		func() (err error) {
			s.taxes, err = c.Taxes.Customers(ctx, storeID, tax.List.New().Where("customer_id", listing.In, []int64{id}, nil))
			return err
		},
	}
	if c.can(staff.Emails) {
		reads = append(reads, func() (err error) {
			s.emails, err = c.Mail.Headers(ctx, storeID, mail.Filter{To: s.Email, Limit: shownEmails})
			return err
		})
	}
	for _, read := range reads {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// readConsents reads who of the newsletters' subscribers has the customer's
// address, and what proves it.
func (c *call) readConsents(ctx context.Context, s *shopper) (err error) {
	q := subscriber.List.New().WithoutTotal().Where("email", listing.Eq, nil, []string{email.Key(s.Email)})
	q.Limit = shownChannels
	if s.subscribers, _, err = c.Subscribers.List(ctx, c.store.ID, q); err != nil {
		return err
	}
	for i := range s.subscribers {
		id := s.subscribers[i].ID
		q := subscriber.HistoryList.New()
		q.Limit = shownProofs
		if s.proofs[id], _, err = c.Subscribers.History(ctx, c.store.ID, id, q); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) customerPage() error {
	s, err := c.shopper()
	if err != nil {
		return err
	}
	p, err := c.customerView(s)
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) customerView(s *shopper) (*recordView, error) {
	p := &recordView{}
	p.Title, p.Lead = customerName(&s.Customer), s.Email
	p.Copy = s.Email
	p.Crumbs = []html.Link{{Label: c.look.Text("customers.title"), URL: c.customersAt("")}}
	p.Lozenges = c.stateOf(&s.Customer, s.state)
	p.Facts = []Fact{
		{Label: c.look.Text("customers.column.id"), Value: strconv.FormatInt(s.ID, 10)},
		{Label: c.look.Text("customers.column.joined"), When: c.when(s.DateCreated)},
		{Label: c.look.Text("customers.column.sign_in"), When: c.when(s.found.SignIns[s.ID]), Value: c.look.Text("never")},
		{Label: c.look.Text("customers.column.changed"), When: c.when(s.DateModified)},
	}
	c.customerActions(p, s)
	for _, make := range []func(*shopper) *Block{c.notesBlock, c.detailsBlock, c.addressesBlock, c.attributesBlock, c.formFieldsBlock, c.wishlistsBlock, c.metafieldsBlock, c.instrumentsBlock, c.taxBlock} {
		if b := make(s); b != nil {
			p.Left = append(p.Left, b)
		}
	}
	for _, make := range []func(*shopper) *Block{c.groupBlock, c.creditBlock, c.segmentsBlock, c.consentsBlock, c.sessionsBlock, c.emailsBlock, c.mergedBlock} {
		if b := make(s); b != nil {
			p.Right = append(p.Right, b)
		}
	}
	var err error
	p.Timeline, err = c.timeline(s)
	return p, err
}

func (c *call) block(id string) *Block {
	return &Block{ID: id, Title: c.look.Text("customer." + id)}
}

// edit adds the action that leads to where a block is changed.
func (c *call) edit(b *Block, id int64, path, label string, dialog bool) {
	if c.can(staff.EditCustomers) {
		b.Actions = append(b.Actions, Action{Label: c.look.Text(label), URL: c.customerAt(id, path), Dialog: dialog})
	}
}

func (c *call) detailsBlock(s *shopper) *Block {
	b := c.block("details")
	fact := func(key, value string) {
		if value != "" {
			b.Facts = append(b.Facts, Fact{Label: c.look.Text("customer.field." + key), Value: value})
		}
	}
	fact("first_name", s.FirstName)
	fact("last_name", s.LastName)
	fact("email", s.Email)
	fact("company", s.Company)
	fact("phone", s.Phone)
	fact("channels", c.channels(&s.Customer, s.names))
	fact("origin", named(s.names.Channels, func(n rule.Named) bool { return n.ID == s.OriginChannelID }))
	fact("tax_exempt_category", s.TaxExemptCategory)
	fact("ip", s.RegistrationIP)
	accepts := "no"
	if s.AcceptsEmails {
		accepts = "yes"
	}
	fact("accepts_emails", c.look.Text(accepts))
	fact("notes", s.Notes)
	c.edit(b, s.ID, "/edit", "edit", false)
	return b
}

// addressLines are the lines of an address.
func (c *call) addressLines(a *customer.Address) []string {
	country := a.CountryCode
	if k, ok := geo.ByCode(a.CountryCode); ok {
		country = k.Name
	}
	for _, o := range c.countries() {
		if o.Value == a.CountryCode {
			country = o.Label
		}
	}
	place := strings.TrimSpace(strings.Join(slices.DeleteFunc([]string{a.City, a.StateOrProvince, a.PostalCode}, func(s string) bool { return s == "" }), ", "))
	return slices.DeleteFunc([]string{a.Company, a.Address1, a.Address2, place, country, a.Phone}, func(s string) bool { return strings.TrimSpace(s) == "" })
}

func (c *call) addressesBlock(s *shopper) *Block {
	b := c.block("addresses")
	b.Nothing = c.look.Text("customer.addresses.none")
	page := s.Books[addressWindow]
	for i := range page.Addresses {
		a := &page.Addresses[i]
		b.Cards = append(b.Cards, Card{ID: "address-" + strconv.FormatInt(a.ID, 10), Title: customer.FullName(a.FirstName, a.LastName), Lines: c.addressLines(a)})
		if c.can(staff.EditCustomers) {
			b.Cards[i].Actions = []Action{{Label: c.look.Text("edit"), URL: c.customerAt(s.ID, "/addresses/"+strconv.FormatInt(a.ID, 10))}}
		}
	}
	c.edit(b, s.ID, "/addresses", "add", false)
	if page.After {
		b.Text = c.look.Text("customer.addresses.more", strconv.Itoa(shownAddresses), c.look.number(s.AddressCount))
	}
	return b
}

func (c *call) attributesBlock(s *shopper) *Block {
	if len(s.names.Attributes) == 0 {
		return nil
	}
	b := c.block("attributes")
	b.Nothing = c.look.Text("customer.attributes.none")
	for _, a := range s.names.Attributes {
		if n := s.Noted[a.ID]; n.Set && n.Value != "" {
			b.Facts = append(b.Facts, Fact{Label: a.Name, Value: n.Value})
		}
	}
	c.edit(b, s.ID, "/attributes", "edit", false)
	return b
}

func (c *call) formFieldsBlock(s *shopper) *Block {
	if len(s.names.FormFields) == 0 {
		return nil
	}
	b := c.block("form_fields")
	b.Nothing = c.look.Text("customer.form_fields.none")
	c.edit(b, s.ID, "/form-fields", "edit", false)
	for _, v := range s.FormFields {
		text := strings.Join(form.StoredTexts(v.JSON), ", ")
		if v.Type == form.PasswordField {
			text = c.look.Text("history.masked")
		}
		if text != "" {
			label := v.Name
			if f := s.Fields[v.FieldID]; f != nil {
				label = cmp.Or(f.Options.Label, f.Name)
			}
			b.Facts = append(b.Facts, Fact{Label: label, Value: text})
		}
	}
	return b
}

func (c *call) wishlistsBlock(s *shopper) *Block {
	if len(s.wishlists) == 0 {
		return nil
	}
	b := c.block("wishlists")
	for i := range s.wishlists {
		w := &s.wishlists[i]
		k := Card{ID: "wishlist-" + strconv.FormatInt(w.ID, 10), Title: w.Name, Sub: c.look.Plural("customer.wishlists.items", len(w.Items))}
		if w.IsPublic {
			k.Sub += " · " + c.look.Text("customer.wishlists.public")
		}
		for _, it := range w.Items[:min(len(w.Items), shownItems)] {
			k.Lines = append(k.Lines, c.look.Text("customer.wishlists.product", strconv.FormatInt(it.ProductID, 10)))
		}
		b.Cards = append(b.Cards, k)
	}
	return b
}

func (c *call) metafieldsBlock(s *shopper) *Block {
	if len(s.metafields) == 0 {
		return nil
	}
	b := c.block("metafields")
	b.Table = &Table{ID: "metafields-table", Caption: b.Title, Columns: []Column{{Label: c.look.Text("customer.metafields.key")}, {Label: c.look.Text("customer.metafields.value")}, {Label: c.look.Text("customer.metafields.owner")}}}
	for i := range s.metafields {
		m := &s.metafields[i]
		b.Table.Rows = append(b.Table.Rows, Row{ID: "metafield-" + strconv.FormatInt(m.ID, 10), Cells: []Cell{{Text: m.Namespace + "." + m.Key, Sub: m.Description}, {Text: short(m.Value, 200)}, {Text: m.ClientID}}})
	}
	return b
}

func (c *call) instrumentsBlock(s *shopper) *Block {
	if len(s.instruments) == 0 {
		return nil
	}
	b := c.block("instruments")
	for i := range s.instruments {
		x := &s.instruments[i]
		k := Card{Title: c.look.Text("customer.instruments.other")}
		switch x.Type {
		case instrument.Card:
			k.Title = strings.TrimSpace(x.Brand + " •••• " + x.Last4)
			if x.ExpiryYear != 0 {
				k.Lines = append(k.Lines, c.look.Text("customer.instruments.expires", strconv.FormatInt(x.ExpiryMonth, 10), strconv.FormatInt(x.ExpiryYear, 10)))
			}
		case instrument.PayPal:
			k.Title, k.Lines = "PayPal", []string{x.Email}
		case instrument.Bank:
			k.Title, k.Lines = cmp.Or(x.Issuer, c.look.Text("customer.instruments.bank")), []string{x.MaskedNumber}
		}
		if x.IsDefault {
			k.Sub = c.look.Text("customer.instruments.default")
		}
		if c.can(staff.EditCustomers) {
			k.Posts = append(k.Posts, Button{Label: c.look.Text("remove"), Action: c.customerAt(s.ID, "/instruments"), Fields: []html.Option{{Label: "token", Value: x.Token}}, Danger: true, About: k.Title})
		}
		b.Cards = append(b.Cards, k)
	}
	return b
}

// removeInstrument removes a stored instrument of the customer.
func (c *call) removeInstrument() error {
	id, err := c.customerID()
	if err != nil {
		return err
	}
	if err := c.Instruments.Delete(c.R.Context(), c.store.ID, id, c.form.Get("token")); err != nil {
		return err
	}
	return c.done(c.customerAt(id, ""), "instrument_removed")
}

func (c *call) taxBlock(s *shopper) *Block {
	if len(s.taxes) == 0 {
		return nil
	}
	b := c.block("tax")
	for _, p := range s.taxes[0].Properties {
		b.Facts = append(b.Facts, Fact{Label: p.Code, Value: p.Value})
	}
	return b
}

func (c *call) groupBlock(s *shopper) *Block {
	b := c.block("group")
	c.edit(b, s.ID, "/group", "change", true)
	e := &s.entitlements
	if e.Group.ID == 0 {
		b.Text = c.look.Text("customer.group.none")
	} else {
		b.Lozenges = []Lozenge{{"info", e.Group.Name}}
	}
	switch e.Access.Type {
	case group.AccessAll:
		b.Lines = append(b.Lines, c.look.Text("customer.group.all_categories"))
	case group.AccessNone:
		b.Lines = append(b.Lines, c.look.Text("customer.group.no_categories"))
	default:
		b.Lines = append(b.Lines, c.look.Text("customer.group.categories", ids(e.Access.Categories)))
	}
	for i, d := range e.Discounts {
		if i == 10 {
			b.Lines = append(b.Lines, c.look.Plural("customer.group.more", len(e.Discounts)-10))
			break
		}
		b.Lines = append(b.Lines, c.discount(&d))
	}
	for _, l := range e.PriceLists {
		if l.ID != 0 {
			b.Lines = append(b.Lines, c.look.Text("customer.group.price_list", strconv.FormatInt(l.ID, 10), named(s.names.Channels, func(n rule.Named) bool { return n.ID == l.ChannelID })))
		}
	}
	if e.TaxExemptCategory != "" {
		b.Lines = append(b.Lines, c.look.Text("customer.group.tax", e.TaxExemptCategory))
	}
	return b
}

func ids(list []int64) string {
	out := make([]string, 0, len(list))
	for i, id := range list {
		if i == 20 {
			out = append(out, "…")
			break
		}
		out = append(out, strconv.FormatInt(id, 10))
	}
	return strings.Join(out, ", ")
}

func (c *call) creditBlock(s *shopper) *Block {
	b := c.block("credit")
	if c.can(staff.StoreCredit) {
		b.Actions = []Action{{Label: c.look.Text("customer.credit.open"), URL: c.customerAt(s.ID, "/credit"), Dialog: true}}
	}
	b.Lozenges = []Lozenge{{"success", s.settings.Price(s.StoreCredit, customer.CreditScale)}}
	for i := range s.ledger {
		e := &s.ledger[i]
		amount := s.settings.Price(e.Amount, credit.Scale)
		if e.Amount > 0 {
			amount = "+" + amount
		}
		k := Card{ID: "credit-" + strconv.FormatInt(e.ID, 10), Title: amount, When: c.when(e.Created)}
		kind := "customer.credit.kind." + string(e.Kind)
		if c.look.Has(kind) {
			k.Sub = c.look.Text(kind)
		}
		if who := c.creditor(e.By); who != "" {
			k.Sub += " · " + who
		}
		if e.Reason != "" {
			k.Lines = append(k.Lines, e.Reason)
		}
		if e.ExpiresAt != 0 {
			k.Lines = append(k.Lines, c.look.Text("customer.credit.expires", c.look.Date(e.ExpiresAt, c.zone())))
		}
		if e.RevertedBy != 0 {
			k.Lines = append(k.Lines, c.look.Text("customer.credit.reverted"))
		}
		b.Cards = append(b.Cards, k)
	}
	return b
}

// creditor tells who had an entry of store credit made.
func (c *call) creditor(a credit.Actor) string {
	if a.Name != "" {
		return a.Name
	}
	if key := "history.actor." + a.Kind; a.Kind != "" && c.look.Has(key) {
		return c.look.Text(key)
	}
	return ""
}

func (c *call) segmentsBlock(s *shopper) *Block {
	b := c.block("segments")
	b.Nothing = c.look.Text("customer.segments.none")
	if len(s.found.Customers) == 0 {
		return b
	}
	for _, uuid := range s.found.Customers[0].Segments {
		b.Lozenges = append(b.Lozenges, Lozenge{"neutral", named(s.names.Segments, func(n rule.Named) bool { return n.UUID == uuid })})
	}
	return b
}

// consentName is what a consent is called.
func (c *call) consentName(name string) string {
	if c.look.Has("consent." + name) {
		return c.look.Text("consent." + name)
	}
	return name
}

func (c *call) consentNames(names []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = c.consentName(n)
	}
	return cmp.Or(strings.Join(out, ", "), c.look.Text("nothing"))
}

func (c *call) consentsBlock(s *shopper) *Block {
	b := c.block("consents")
	for i := range s.subscribers {
		sub := &s.subscribers[i]
		k := Card{Title: c.consentNames(sub.Consents), Sub: named(s.names.Channels, func(n rule.Named) bool { return n.ID == sub.ChannelID }), When: c.when(sub.DateCreated), Actions: []Action{{Label: c.look.Text("show"), URL: c.subscriberAt(sub.ID, "")}}}
		for _, ch := range s.proofs[sub.ID] {
			line := c.look.Date(ch.DateCreated, c.zone()) + ": " + c.look.Text("customer.consents."+ch.Action, c.consentNames(ch.Consents))
			if c.look.Has("customer.consents.via." + ch.Via) {
				line += " · " + c.look.Text("customer.consents.via."+ch.Via)
			}
			if ch.IP != "" {
				line += " · " + ch.IP
			}
			k.Lines = append(k.Lines, line)
		}
		b.Cards = append(b.Cards, k)
	}
	if len(s.subscribers) == 0 {
		b.Lines = append(b.Lines, c.look.Text("customer.consents.none"))
	}
	if len(s.consent.Allow)+len(s.consent.Deny) > 0 {
		b.Facts = append(b.Facts, Fact{Label: c.look.Text("customer.consents.allowed"), Value: c.consentNames(s.consent.Allow)},
			Fact{Label: c.look.Text("customer.consents.denied"), Value: c.consentNames(s.consent.Deny)}, Fact{Label: c.look.Text("customers.column.changed"), When: c.when(s.consent.DateModified)})
	}
	return b
}

func (c *call) sessionsBlock(s *shopper) *Block {
	b := c.block("sessions")
	b.Nothing = c.look.Text("customer.sessions.none")
	for i := range s.sessions[:min(len(s.sessions), shownSessions)] {
		o := &s.sessions[i]
		k := Card{
			ID: "session-" + strconv.FormatInt(o.ID, 10), Title: c.device(o.UserAgent), Sub: o.Peer, When: c.when(o.Seen),
			Lines: []string{named(s.names.Channels, func(n rule.Named) bool { return n.ID == o.ChannelID })},
		}
		if c.can(staff.Access) {
			k.Posts = []Button{{Label: c.look.Text("sessions.end"), Action: c.customerAt(s.ID, "/end-sessions"), Fields: []html.Option{{Label: "session", Value: strconv.FormatInt(o.ID, 10)}}, Danger: true, About: k.Title}}
		}
		b.Cards = append(b.Cards, k)
	}
	return b
}

func (c *call) emailsBlock(s *shopper) *Block {
	if !c.can(staff.Emails) {
		return nil
	}
	b := c.block("emails")
	b.Nothing = c.look.Text("customer.emails.none")
	c.emailCards(b, s.emails)
	return b
}

// emailTitle is what an email is called: its subject or, before it was made, its kind.
func (c *call) emailTitle(m *mail.Stored) string {
	return cmp.Or(m.Subject, c.known("email.kind.", string(m.Kind)))
}

// emailCards adds emails to a block.
func (c *call) emailCards(b *Block, emails []mail.Stored) {
	for i := range emails {
		m := &emails[i]
		k := Card{ID: "email-" + strconv.FormatInt(m.ID, 10), Title: c.emailTitle(m), Sub: c.known("email.status.", m.Status), When: c.when(m.Created), Actions: []Action{{Label: c.look.Text("show"), URL: c.emailAt(m.ID, "")}}}
		if m.Error != "" {
			k.Lines = append(k.Lines, c.mailError(m.Error))
		}
		b.Cards = append(b.Cards, k)
	}
}

// timelineKinds are what the timeline may be narrowed to.
var timelineKinds = map[string]history.Filter{
	"details": {Resource: history.Customer.String()}, "addresses": {Resource: history.Address.String()}, "comments": {Resource: history.CustomerComment.String()}, "signins": {Action: history.SignedIn.String()},
	"failures": {Action: history.SignInFailed.String()}, "consents": {Resource: history.Subscriber.String()}, "acting": {Resource: history.Impersonation.String()},
}

// timeline is what happened to a customer.
func (c *call) timeline(s *shopper) (*Timeline, error) {
	q, id := c.R.URL.Query(), s.ID
	kind := q.Get("kind")
	f := timelineKinds[kind]
	f.CustomerID, f.Limit = id, shownEntries
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	f.Before = number("before")
	if f.Before == 0 {
		f.After = number("after")
	}
	t := &Timeline{ID: "timeline", Label: c.look.Text("customer.timeline"), Swap: "timeline", Nothing: c.look.Text("customer.timeline.none")}
	g := ChipGroup{Label: c.look.Text("customer.timeline.kinds")}
	at := func(more ...string) string { return c.with(c.customerAt(id, ""), more...) + "#timeline" }
	for _, k := range []string{"", "comments", "details", "addresses", "signins", "failures", "consents", "acting", toldKind, mailedKind} {
		if k == mailedKind && !c.can(staff.Emails) {
			continue
		}
		g.Chips = append(g.Chips, Chip{Label: c.look.Text("customer.timeline." + cmp.Or(k, "all")), URL: at("kind", k), Chosen: k == kind || k == "" && kind != toldKind && kind != mailedKind && f.Resource == "" && f.Action == ""})
	}
	t.Groups = []ChipGroup{g}
	if kind == toldKind {
		return t, c.onlyTold(t, id, f.Before, at)
	}
	if kind == mailedKind && c.can(staff.Emails) {
		return t, c.onlyMailed(t, s.Email, f.Before, at)
	}
	page, err := c.History.List(c.R.Context(), c.store.ID, f)
	if err != nil {
		return nil, err
	}
	for i := range page.Records {
		// Comments are there themselves.
		o := &page.Records[i]
		if o.Resource == history.CustomerComment { // what one said that was changed or deleted is not for all who see customers
			o.Changes = nil
		}
		if kind != "" || o.Resource != history.CustomerComment || o.Action != history.Created {
			t.Entries = append(t.Entries, c.entry(o, s.names))
		}
	}
	if kind == "" {
		if err := c.withTold(t, id, page.Newer == 0, page.Older == 0); err != nil {
			return nil, err
		}
		c.withMailed(t, s.emails, page.Newer == 0, page.Older == 0)
	}
	if kind == "" || kind == "comments" {
		c.withComments(t, s.comments, page.Newer == 0, page.Older == 0)
	}
	if page.Older != 0 {
		t.Older = at("kind", kind, "before", strconv.FormatInt(page.Older, 10))
	}
	if page.Newer != 0 {
		t.Newer = at("kind", kind, "after", strconv.FormatInt(page.Newer, 10))
	}
	return t, nil
}
