package customer

import (
	"context"
	"errors"
	"slices"

	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// CreateFor makes customers with their addresses and values: all of them or, if
// any breaks a rule, none. who is the party as which they wait in the queue for
// the hashing of passwords.
func (s *Service) CreateFor(ctx context.Context, who password.Party, in []Create) ([]Customer, error) {
	if len(in) == 0 {
		return nil, nil
	}
	var out []Customer
	plan, err := s.planCreate(ctx, who, in)
	if err != nil {
		return nil, err
	}
	err = s.db.WriteSharedAgain(ctx, who.StoreID, func(tx *sqldb.Tx) (err error) {
		out, err = plan.run(tx, s.sys.Now())
		return err
	})
	return out, emailRace(err)
}

// CreateTx is CreateFor inside a transaction, without passwords' slow hashing:
// hashes are given by index, empty for none.
func (s *Service) CreateTx(tx *sqldb.Tx, in []Create, hashes []string) ([]Customer, error) {
	plan := &createPlan{in: in, hashes: hashes, notifier: s.notifier}
	if err := plan.check(); err != nil {
		return nil, err
	}
	return plan.run(tx, s.sys.Now())
}

// emailRace turns a broken key into the error it stands for. The look for
// taken emails precedes it under the same lock, so this is the last resort.
func emailRace(err error) error {
	if errors.Is(err, sqldb.ErrUnique) {
		return &fault.Error{Kind: fault.Conflict, Cause: err, Items: []fault.Item{{Index: -1, Code: fault.EmailInUse}}}
	}
	return err
}

// createPlan is a checked batch.
type createPlan struct {
	in     []Create
	hashes []string
	prints [][]string // fingerprints of each customer's distinct addresses
	addrs  int64
	attrs  int64
	given  bool // some ids were chosen by the caller

	notifier Notifier // nil: nobody
}

func (s *Service) planCreate(ctx context.Context, who password.Party, in []Create) (*createPlan, error) {
	p := &createPlan{in: in, notifier: s.notifier}
	if err := p.check(); err != nil {
		return nil, err
	}
	var err error
	if p.hashes, err = s.hash(ctx, who, len(in), func(i int) opt.Field[string] { return in[i].NewPassword }); err != nil {
		return nil, err
	}
	for i := range in {
		switch {
		case in[i].NewPassword.Set:
		case in[i].ImportedHash.Hash != "":
			p.hashes[i], _ = in[i].ImportedHash.Stored() // checked before
		case in[i].GeneratePassword:
			p.hashes[i] = s.passwords.Unknown()
		}
	}
	return p, nil
}

// drawn reports whether the customer's password is one that nobody knows.
func (c *Create) drawn() bool {
	return c.GeneratePassword && !c.NewPassword.Set && c.ImportedHash.Hash == ""
}

// hash hashes the passwords of a batch, those that are given.
func (s *Service) hash(ctx context.Context, who password.Party, n int, given func(int) opt.Field[string]) ([]string, error) {
	passwords := make([]string, n)
	for i := range n {
		passwords[i] = given(i).Value
	}
	return s.passwords.HashAll(ctx, who, passwords)
}

// Check returns what is wrong with a command: by itself and by what the store
// holds, but for whether the email is free.
func (s *Service) Check(ctx context.Context, storeID int64, in Create) ([]fault.Item, error) {
	p := createPlan{in: []Create{in}}
	err := p.check()
	var items []fault.Item
	if f := fault.As(err); f != nil {
		items = f.Items
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		_, _, err := p.references(tx, make([]int64, 1))
		return err
	})
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		return append(items, f.Items...), nil
	}
	return items, err
}

func (p *createPlan) check() error {
	var items []fault.Item
	p.prints = make([][]string, len(p.in))
	for i := range p.in {
		in := &p.in[i]
		in.normalize()
		c := fault.Collector{Index: i}
		in.check(&c)
		items = append(items, c.Items...)
		if len(items) > 0 {
			continue // nothing will be made
		}
		p.given = p.given || in.ID != 0
		p.attrs += int64(len(in.Attributes))
		// The same address twice is one address.
		distinct := in.Addresses[:0:0]
		for _, a := range in.Addresses {
			fp := a.fingerprint()
			if !slices.Contains(p.prints[i], fp) {
				p.prints[i] = append(p.prints[i], fp)
				distinct = append(distinct, a)
			}
		}
		in.Addresses = distinct
		p.addrs += int64(len(distinct))
	}
	if len(items) > 0 {
		return &fault.Error{Kind: fault.Invalid, Items: items}
	}
	return nil
}

// signedUp reports whether a shopper signed up and filled in fields of the
// store's own, which is told of as a change too.
func (p *createPlan) signedUp(i int, values [][]form.Stored) bool {
	return p.in[i].Extent != form.Free && len(values[i]) > 0
}

func (p *createPlan) run(tx *sqldb.Tx, now int64) ([]Customer, error) {
	groups := make([]int64, len(p.in))
	custValues, addrValues, err := p.references(tx, groups)
	if err != nil {
		return nil, err
	}

	// Ids, events and the look for taken emails come in one round trip, under
	// the lock that every writer of customers takes.
	n := int64(len(p.in))
	var filled int64
	for i := range p.in {
		if p.signedUp(i, custValues) {
			filled++
		}
	}
	adv := store.Advance{CustomerIDs: n, AddressIDs: p.addrs, AttributeValueIDs: p.attrs, EventIDs: n + p.addrs + filled, Customers: n, Addresses: p.addrs}
	if p.given {
		adv.CustomerIDs = 0
	}
	var counters store.Counters
	addresses, norms := make([]string, len(p.in)), make([]string, len(p.in))
	for i := range p.in {
		addresses[i], norms[i] = p.in[i].Email, email.Key(p.in[i].Email)
	}
	held := make(map[string][]slot, len(norms))
	if err := tx.Pipeline(append([]sqldb.Q{adv.Query(&counters)}, emailSlots(addresses, held)...)...); err != nil {
		return nil, err
	}

	out := make([]Customer, len(p.in))
	events := make([]event.Event, 0, n+p.addrs)
	customerID, addressID, valueID := counters.CustomerID-n, counters.AddressID-p.addrs, counters.AttributeValueID-p.attrs
	last := counters.CustomerID
	fresh := make([]rehash, len(p.in))
	for i := range p.in {
		in := &p.in[i]
		customerID++
		id := customerID
		if p.given {
			id = in.ID
			if last, err = listing.Customers.Choose(tx, last, id); err != nil {
				return nil, err
			}
		}
		if !emailFree(held[norms[i]], in.ChannelIDs, id) {
			return nil, &fault.Error{Kind: fault.Conflict, Items: []fault.Item{{Index: i, Field: FieldEmail, Code: fault.EmailInUse, Value: in.Email}}}
		}
		held[norms[i]] = append(held[norms[i]], heldSlots(in.ChannelIDs, id)...)

		c := &out[i]
		*c = Customer{
			ID: id, Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Company: in.Company, Phone: in.Phone,
			Notes: in.Notes, TaxExemptCategory: in.TaxExemptCategory, GroupID: groups[i], RegistrationIP: in.RegistrationIP,
			AcceptsEmails: in.AcceptsEmails, StoreCredit: in.StoreCredit, OriginChannelID: in.OriginChannelID, ChannelIDs: in.ChannelIDs,
			ForcePasswordReset: in.ForcePasswordReset, DateCreated: now, DateModified: now,
		}
		if err := insertCustomerRow(tx, c, p.hashes[i], in.Locale); err != nil {
			return nil, err
		}
		fresh[i] = rehash{id: id, to: p.hashes[i]}
		if err := takeEmail(tx, c, norms[i]); err != nil {
			return nil, err
		}
		events = append(events, event.Customer(event.CustomerCreated, id, c.OriginChannelID, c.ChannelIDs))

		for j := range in.Addresses {
			addressID++
			a := Address{ID: addressID, CustomerID: id, AddressFields: in.Addresses[j].AddressFields}
			if err := insertAddressRow(tx, &a, p.prints[i][j]); err != nil {
				return nil, err
			}
			a.FormFields = formValues(addressSubmission(a.ID), addrValues[i][j])
			if err := storeValues(tx, addressSubmission(a.ID), addrValues[i][j]); err != nil {
				return nil, err
			}
			events = append(events, event.Address(event.AddressCreated, a.ID, id))
			c.Addresses = append(c.Addresses, a)
		}
		for _, v := range in.Attributes {
			valueID++
			if err := tx.Exec(insertAttributeValue, valueID, id, v.AttributeID, v.Value, now); err != nil {
				return nil, err
			}
			c.Attributes = append(c.Attributes, AttributeValue{ID: valueID, AttributeID: v.AttributeID, CustomerID: id, Value: v.Value, DateCreated: now, DateModified: now})
		}
		if p.signedUp(i, custValues) {
			events = append(events, event.Customer(event.CustomerUpdated, id, c.OriginChannelID, c.ChannelIDs))
		}
		c.FormFields = formValues(customerSubmission(id), custValues[i])
		if err := storeValues(tx, customerSubmission(id), custValues[i]); err != nil {
			return nil, err
		}
	}
	if err := countHashes(tx, fresh...); err != nil {
		return nil, err
	}
	for i := range out {
		if p.in[i].Notify && p.notifier != nil {
			if err := p.notifier.AccountCreated(tx, &out[i], p.hashes[i] != "" && !p.in[i].drawn()); err != nil {
				return nil, err
			}
		}
	}
	if p.given {
		if err := (store.Lowest{CustomerID: last}).Lift(tx); err != nil {
			return nil, err
		}
	}
	return out, event.Record(tx, counters.EventID, now, events)
}

func heldSlots(channels []int64, id int64) []slot {
	if channels == nil {
		return []slot{{0, id}}
	}
	out := make([]slot, len(channels))
	for i, ch := range channels {
		out[i] = slot{ch, id}
	}
	return out
}

// references checks what the batch refers to, fills in the customers' groups
// and returns the form values to store, per customer and per address.
func (p *createPlan) references(tx *sqldb.Tx, groups []int64) (customers [][]form.Stored, addresses [][][]form.Stored, err error) {
	var w wanted
	for i := range p.in {
		in := &p.in[i]
		if in.GroupID != 0 {
			set(&w.groups, in.GroupID)
		}
		if in.JoinDefault && in.GroupID == 0 {
			set(&w.joins, in.OriginChannelID)
		}
		w.channel(in.OriginChannelID)
		w.channel(in.ChannelIDs...)
		for _, a := range in.Attributes {
			set(&w.attributes, a.AttributeID)
		}
		w.form(form.Customer, in.Extent, in.FormFields)
		w.form(form.Address, in.Extent, nil)
		for j := range in.Addresses {
			w.form(form.Address, in.Extent, in.Addresses[j].FormFields)
		}
	}
	ref, err := w.load(tx)
	if err != nil {
		return nil, nil, err
	}
	var items []fault.Item
	customers = make([][]form.Stored, len(p.in))
	addresses = make([][][]form.Stored, len(p.in))
	for i := range p.in {
		in := &p.in[i]
		c := fault.Collector{Index: i}
		ref.checkGroup(&c, in.GroupID)
		groups[i] = in.GroupID
		if in.JoinDefault && in.GroupID == 0 {
			groups[i] = ref.joined[in.OriginChannelID]
		}
		ref.checkChannels(&c, FieldOriginChannel, in.OriginChannelID)
		ref.checkChannels(&c, FieldChannels, in.ChannelIDs...)
		for j, a := range in.Attributes {
			ref.checkAttribute(&c, j, a)
		}
		customers[i] = ref.checkCustomer(&c, in.Extent, in.FormFields, opt.Some(in.Company), opt.Some(in.Phone), len(in.Addresses) > 0)
		addresses[i] = make([][]form.Stored, len(in.Addresses))
		for j := range in.Addresses {
			c.In = fault.Place{List: FieldAddresses, At: j + 1}
			addresses[i][j] = ref.checkNewAddress(&c, in.Extent, &in.Addresses[j])
		}
		items = append(items, c.Items...)
	}
	if len(items) > 0 {
		return nil, nil, &fault.Error{Kind: fault.Invalid, Items: items}
	}
	return customers, addresses, nil
}
