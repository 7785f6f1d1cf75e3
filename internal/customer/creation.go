package customer

import (
	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// creation is one run of a plan in a transaction.
type creation struct {
	*createPlan
	referred
	tx  *sqldb.Tx
	now int64

	keys     []string          // of the emails
	held     map[string][]slot // who has them
	counters store.Counters
	ids      []int64
	last     int64 // the largest id that was ever given

	addressID, valueID int64 // the last ones given
	out                []Customer
	events             []event.Event
}

// run makes the customers of a plan.
func (p *createPlan) run(tx *sqldb.Tx, now int64) ([]Customer, error) {
	r := creation{createPlan: p, tx: tx, now: now}
	for _, step := range []func() error{r.refer, r.count, r.number, r.lookForEmails, r.insert, r.hashed, r.notify, r.lift} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return r.out, event.Record(tx, r.counters.EventID, now, r.events)
}

func (r *creation) refer() (err error) {
	r.referred, err = r.references(r.tx)
	return err
}

// signedUp reports whether a shopper signed up and filled in fields of the
// store's own, which is told of as a change too.
func (r *creation) signedUp(i int) bool {
	return r.in[i].Extent != form.Free && len(r.customers[i]) > 0
}

// count takes ids, events and the look for taken emails in one round trip,
// under the lock that every writer of customers takes.
func (r *creation) count() error {
	n := int64(len(r.in))
	var filled int64
	for i := range r.in {
		if r.signedUp(i) {
			filled++
		}
	}
	adv := store.Advance{CustomerIDs: n, AddressIDs: r.addrs, AttributeValueIDs: r.attrs, EventIDs: n + r.addrs + filled, Customers: n, Addresses: r.addrs}
	if r.given {
		adv.CustomerIDs = 0
	}
	emails := make([]string, n)
	r.keys = make([]string, n)
	for i := range r.in {
		emails[i], r.keys[i] = r.in[i].Email, email.Key(r.in[i].Email)
	}
	r.held = make(map[string][]slot, n)
	r.events = make([]event.Event, 0, adv.EventIDs)
	err := r.tx.Pipeline(append([]sqldb.Q{adv.Query(&r.counters)}, emailSlots(emails, r.held)...)...)
	r.addressID, r.valueID = r.counters.AddressID-r.addrs, r.counters.AttributeValueID-r.attrs
	return err
}

// number gives the customers their ids.
func (r *creation) number() (err error) {
	n := len(r.in)
	r.ids, r.last = make([]int64, n), r.counters.CustomerID
	for i := range r.in {
		r.ids[i] = r.counters.CustomerID - int64(n-i-1)
		if r.given {
			r.ids[i] = r.in[i].ID
			if r.last, err = listing.Customers.Choose(r.tx, r.last, r.ids[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookForEmails makes sure that the emails are free, also among each other.
func (r *creation) lookForEmails() error {
	var b fault.Batch
	b.Each(len(r.in), func(i int, c *fault.Collector) {
		takeSlots(c, r.held, r.in[i].Email, r.keys[i], r.in[i].ChannelIDs, r.ids[i])
	})
	return b.Err(fault.Conflict)
}

// takeSlots notes that an email is taken, or that the customer has it from now
// on.
func takeSlots(c *fault.Collector, held map[string][]slot, address, key string, channels []int64, id int64) {
	if !emailFree(held[key], channels, id) {
		c.AddItem(fault.Item{Field: FieldEmail, Code: fault.EmailInUse, Value: address})
		return
	}
	held[key] = append(held[key], heldSlots(channels, id)...)
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

func (r *creation) insert() error {
	r.out = make([]Customer, len(r.in))
	for i := range r.in {
		in, c := &r.in[i], &r.out[i]
		*c = Customer{
			ID: r.ids[i], Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Company: in.Company, Phone: in.Phone,
			Notes: in.Notes, TaxExemptCategory: in.TaxExemptCategory, GroupID: r.groups[i], RegistrationIP: in.RegistrationIP,
			AcceptsEmails: in.AcceptsEmails, StoreCredit: in.StoreCredit, OriginChannelID: in.OriginChannelID, ChannelIDs: in.ChannelIDs,
			ForcePasswordReset: in.ForcePasswordReset, DateCreated: r.now, DateModified: r.now,
		}
		if err := insertCustomerRow(r.tx, c, r.hashes[i], in.Locale); err != nil {
			return err
		}
		if err := takeEmail(r.tx, c, r.keys[i]); err != nil {
			return err
		}
		r.events = append(r.events, event.Customer(event.CustomerCreated, c.ID, c.OriginChannelID, c.ChannelIDs))
		if err := r.insertOwned(i); err != nil {
			return err
		}
	}
	return nil
}

// insertOwned stores what comes with a customer: addresses and values of
// attributes and form fields.
func (r *creation) insertOwned(i int) error {
	in, c := &r.in[i], &r.out[i]
	for j := range in.Addresses {
		r.addressID++
		a := Address{ID: r.addressID, CustomerID: c.ID, AddressFields: in.Addresses[j].AddressFields}
		if err := insertAddressRow(r.tx, &a, r.prints[i][j]); err != nil {
			return err
		}
		a.FormFields = formValues(addressSubmission(a.ID), r.addresses[i][j])
		if err := storeValues(r.tx, addressSubmission(a.ID), r.addresses[i][j]); err != nil {
			return err
		}
		r.events = append(r.events, event.Address(event.AddressCreated, a.ID, c.ID))
		c.Addresses = append(c.Addresses, a)
	}
	for _, v := range in.Attributes {
		r.valueID++
		if err := r.tx.Exec(insertAttributeValue, r.valueID, c.ID, v.AttributeID, v.Value, r.now); err != nil {
			return err
		}
		c.Attributes = append(c.Attributes, AttributeValue{ID: r.valueID, AttributeID: v.AttributeID, CustomerID: c.ID, Value: v.Value, DateCreated: r.now, DateModified: r.now})
	}
	if r.signedUp(i) {
		r.events = append(r.events, event.Customer(event.CustomerUpdated, c.ID, c.OriginChannelID, c.ChannelIDs))
	}
	c.FormFields = formValues(customerSubmission(c.ID), r.customers[i])
	return storeValues(r.tx, customerSubmission(c.ID), r.customers[i])
}

func (r *creation) hashed() error {
	fresh := make([]rehash, len(r.in))
	for i := range fresh {
		fresh[i] = rehash{id: r.ids[i], to: r.hashes[i]}
	}
	return countHashes(r.tx, fresh...)
}

// notify has customers told of their new accounts, where that is asked for.
func (r *creation) notify() error {
	for i := range r.out {
		if !r.in[i].Notify || r.notifier == nil {
			continue
		}
		if err := r.notifier.AccountCreated(r.tx, &r.out[i], r.hashes[i] != "" && !r.in[i].drawn()); err != nil {
			return err
		}
	}
	return nil
}

// lift makes the counter of ids go on after those that were chosen.
func (r *creation) lift() error {
	if !r.given {
		return nil
	}
	return (store.Lowest{CustomerID: r.last}).Lift(r.tx)
}
