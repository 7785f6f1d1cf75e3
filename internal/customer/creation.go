package customer

import (
	"cmp"
	"maps"
	"slices"

	"clientele/internal/credit"
	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/search"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// creation is one run of plans in a transaction: of one or, where no ids were
// chosen, of several that share statements.
type creation struct {
	tx    *sqldb.Tx
	now   int64
	muted sqldb.Muted
	plans []*createPlan // of which something is made

	looked   *lookAround       // nil: nobody has looked before
	held     map[string][]slot // who has the emails
	counters store.Counters    // after the last id given out
	last     int64             // the largest id that was ever given

	rows      creationRows
	dated     bool  // a customer was made before now
	addressID int64 // the last ones given
	valueID   int64
	highest   int64 // the largest id of an address that was ever given
	events    []event.Event
	entries   []history.Entry
}

// lookAround is who had the emails when the store's counters stood at a place.
type lookAround struct {
	at   int64
	held map[string][]slot
}

// creationRows are what is inserted, table by table.
type creationRows struct {
	customers, addresses, attributes []any
	emails                           taking
	credits                          []credit.Balance
	filled                           filledIn
}

// run makes the customers of a plan.
func (p *createPlan) run(tx *sqldb.Tx, now int64) error {
	own, err := runCreates(tx, []*createPlan{p}, nil, now)
	if err == nil {
		err = own[0]
	}
	return err
}

// runCreates makes the customers of plans, in their order as if each ran by
// itself after the one before, and returns which plans break a rule. looked is who
// had their emails before in the transaction, or nil.
func runCreates(tx *sqldb.Tx, plans []*createPlan, looked *lookAround, now int64) ([]error, error) {
	r := creation{tx: tx, now: now, muted: tx.Muted(), plans: plans, looked: looked}
	for _, step := range []func() error{r.refer, r.count, r.lookForEmails, r.insert, r.hashed, r.notify, r.lift} {
		if err := step(); err != nil {
			return nil, err
		}
		if len(r.plans) == 0 {
			break
		}
	}
	own := make([]error, len(plans))
	for i, p := range plans {
		own[i] = p.err
	}
	if err := history.Record(tx, r.counters.EntryID, now, r.entries); err != nil {
		return nil, err
	}
	return own, event.Record(tx, r.counters.EventID, now, r.events)
}

// drop leaves out the plans that break a rule.
func (r *creation) drop() {
	r.plans = slices.DeleteFunc(slices.Clone(r.plans), func(p *createPlan) bool { return p.err != nil })
}

func (r *creation) refer() error {
	var w wanted
	for _, p := range r.plans {
		p.want(&w)
	}
	ref, err := w.load(r.tx)
	if err != nil {
		return err
	}
	for _, p := range r.plans {
		p.referred, p.err = p.resolve(ref)
	}
	r.drop()
	return nil
}

// signedUp reports whether a shopper signed up and filled in fields of the
// store's own, which is told of as a change too.
func (p *createPlan) signedUp(i int) bool {
	return p.in[i].Extent != form.Free && len(p.customers[i]) > 0
}

// advance is by how much a plan moves the store's counters.
func (p *createPlan) advance() store.Advance {
	n := int64(len(p.in))
	adv := store.Advance{CustomerIDs: n, AddressIDs: p.addrs - p.chosen, AttributeValueIDs: p.attrs, EventIDs: n + p.addrs, Entries: n + p.addrs + p.attrs, Customers: n, Addresses: p.addrs, AttributeValues: p.attrs, FormValues: p.filled()}
	for i := range p.in {
		if p.signedUp(i) {
			adv.EventIDs++
		}
	}
	if p.given {
		adv.CustomerIDs = 0
	}
	return adv
}

// filled is how many values of form fields are stored.
func (p *createPlan) filled() (n int64) {
	for i := range p.customers {
		n += filledAnew(nil, 0, p.customers[i])
		for _, values := range p.addresses[i] {
			n += filledAnew(nil, 0, values)
		}
	}
	return n
}

// count takes ids, events and the look for taken emails in one round trip,
// under the lock that every writer of customers takes.
func (r *creation) count() error {
	var adv store.Advance
	var emails []string
	for _, p := range r.plans {
		adv = adv.Plus(p.advance())
		for i := range p.in {
			emails = append(emails, p.in[i].Email)
		}
	}
	events, entries := r.muted.Of(adv.EventIDs, adv.Entries)
	r.events, r.entries = make([]event.Event, 0, events), make([]history.Entry, 0, entries)
	if err := r.lock(adv, emails); err != nil {
		return err
	}
	r.last = r.counters.CustomerID - adv.CustomerIDs
	r.highest = r.counters.AddressID
	r.addressID, r.valueID = r.counters.AddressID-adv.AddressIDs, r.counters.AttributeValueID-adv.AttributeValueIDs
	return nil
}

// lock moves the counters and sets who has the emails. Who looked before need not
// look again, unless somebody else came in between; what moves no counter, such as
// another import's change of an email, the unique key keeps apart.
func (r *creation) lock(adv store.Advance, emails []string) error {
	moves := []sqldb.Q{adv.Query(r.tx, &r.counters)}
	if r.looked != nil {
		if err := r.tx.Pipeline(moves...); err != nil {
			return err
		}
		if moves = nil; r.looked.at == r.counters.Before(r.tx, adv) {
			r.held = r.looked.held
			return nil
		}
	}
	r.held = make(map[string][]slot, len(emails))
	return r.tx.Pipeline(append(moves, emailSlots(emails, r.held)...)...)
}

// lookForEmails numbers the customers and makes sure that their emails are
// free, also among each other. What was counted for those that are not made is
// given back.
func (r *creation) lookForEmails() error {
	var back store.Advance
	for _, p := range r.plans {
		before := r.last
		if err := r.number(p); err != nil {
			return err
		}
		taken := map[string][]slot{} // by this plan
		var b fault.Batch
		b.Each(len(p.in), func(i int, c *fault.Collector) {
			in, key := &p.in[i], email.Key(p.in[i].Email)
			if taken[key] == nil {
				taken[key] = slices.Clip(r.held[key])
			}
			takeSlots(c, taken, in.Email, key, in.ChannelIDs, p.ids[i])
		})
		if p.err = b.Err(fault.Conflict); p.err != nil {
			r.last, back = before, back.Plus(p.advance())
			continue
		}
		maps.Copy(r.held, taken)
	}
	r.drop()
	if back == (store.Advance{}) || len(r.plans) == 0 {
		return nil
	}
	return back.Undo(r.tx, &r.counters)
}

// number gives the customers of a plan their ids.
func (r *creation) number(p *createPlan) (err error) {
	p.ids = make([]int64, len(p.in))
	for i := range p.in {
		if !p.given {
			r.last++
			p.ids[i] = r.last
			continue
		}
		p.ids[i] = p.in[i].ID
		if r.last, err = listing.Customers.Choose(r.tx, r.last, p.ids[i]); err != nil {
			return err
		}
	}
	return nil
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
	r.dated = slices.ContainsFunc(r.plans, func(p *createPlan) bool {
		return slices.ContainsFunc(p.in, func(c Create) bool { return c.DateCreated != 0 })
	})
	rows, dates := &r.rows, []any{r.now, r.now}
	var customers, addresses, values int64
	for _, p := range r.plans {
		customers, addresses, values = customers+int64(len(p.in)), addresses+p.addrs, values+p.attrs
	}
	rows.customers, rows.emails.rows = make([]any, 0, customers*(customerArgs+1)), make([]any, 0, customers*emailArgs)
	rows.addresses, rows.attributes = make([]any, 0, addresses*addressArgs), make([]any, 0, values*valueArgs)
	for _, p := range r.plans {
		p.out = make([]Customer, len(p.in))
		for i := range p.in {
			if err := r.add(p, i); err != nil {
				return err
			}
		}
	}
	for _, step := range []func() error{
		func() error {
			if r.dated {
				return insertDated.Exec(r.tx, []any{r.now}, rows.customers)
			}
			return insertCustomers.Exec(r.tx, dates, rows.customers)
		},
		func() error { return rows.emails.run(r.tx) },
		func() error { return insertAddresses.Exec(r.tx, nil, rows.addresses) },
		func() error { return insertAttributeValues.Exec(r.tx, dates, rows.attributes) },
		func() error { return rows.filled.store(r.tx) },
		func() error { return credit.Opened(r.tx, r.now, rows.credits) },
		r.found,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// found notes by what the customers are found.
func (r *creation) found() error {
	changes := make([]search.Change, 0, len(r.plans))
	for _, p := range r.plans {
		for i := range p.out {
			c := search.Change{ID: p.out[i].ID, Now: p.found}
			if c.Now == nil {
				c.Now = p.out[i].document(p.out[i].Addresses)
			}
			changes = append(changes, c)
		}
	}
	if r.counters.Rules {
		ids := make([]int64, len(changes))
		for i := range changes {
			ids[i] = changes[i].ID
		}
		if err := rule.Mark(r.tx, ids...); err != nil {
			return err
		}
	}
	return search.Note(r.tx, changes...)
}

// add adds the rows and events of a customer.
func (r *creation) add(p *createPlan, i int) error {
	in, c := &p.in[i], &p.out[i]
	*c = Customer{
		ID: p.ids[i], Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, Company: in.Company, Phone: in.Phone,
		Notes: in.Notes, TaxExemptCategory: in.TaxExemptCategory, GroupID: p.groups[i], RegistrationIP: in.RegistrationIP,
		AcceptsEmails: in.AcceptsEmails, StoreCredit: in.StoreCredit, OriginChannelID: in.OriginChannelID, ChannelIDs: in.ChannelIDs,
		ForcePasswordReset: in.ForcePasswordReset, DateCreated: cmp.Or(in.DateCreated, r.now), DateModified: r.now,
	}
	if r.dated {
		r.rows.customers = append(r.rows.customers, c.DateCreated)
	}
	r.rows.customers = appendCustomer(r.rows.customers, c, p.hashes[i], in.Locale)
	r.rows.emails.add(c, email.Key(c.Email))
	if c.StoreCredit != 0 {
		r.rows.credits = append(r.rows.credits, credit.Balance{CustomerID: c.ID, Amount: c.StoreCredit})
	}
	if !r.muted.Events {
		r.events = append(r.events, event.Customer(event.CustomerCreated, c.ID, c.OriginChannelID, c.ChannelIDs))
	}
	if !r.muted.Entries {
		e := c.changeOf(history.Created, nil, c)
		e.From = p.from
		e.Add(false, history.FieldLocale, "", history.Text(in.Locale))
		addFilled(&e, nil, customerSubmission(c.ID), p.customers[i])
		r.entries = append(r.entries, e)
	}
	if err := r.addOwned(p, i); err != nil {
		return err
	}
	if p.signedUp(i) && !r.muted.Events {
		r.events = append(r.events, event.Customer(event.CustomerUpdated, c.ID, c.OriginChannelID, c.ChannelIDs))
	}
	return nil
}

// addOwned adds what comes with a customer: addresses and values of attributes
// and form fields.
func (r *creation) addOwned(p *createPlan, i int) (err error) {
	in, c := &p.in[i], &p.out[i]
	for j := range in.Addresses {
		id := in.Addresses[j].ID
		if id == 0 {
			r.addressID++
			id = r.addressID
		} else if r.highest, err = listing.Addresses.Choose(r.tx, r.highest, id); err != nil {
			return err
		}
		a := Address{ID: id, CustomerID: c.ID, AddressFields: in.Addresses[j].AddressFields}
		r.rows.addresses = appendAddress(r.rows.addresses, &a, p.prints[i][j])
		a.FormFields = formValues(addressSubmission(a.ID), p.addresses[i][j])
		r.rows.filled.add(addressSubmission(a.ID), p.addresses[i][j])
		if !r.muted.Events {
			r.events = append(r.events, event.Address(event.AddressCreated, a.ID, c.ID))
		}
		if !r.muted.Entries {
			e := a.changeOf(history.Created, nil, &a)
			e.From = p.from
			addFilled(&e, nil, addressSubmission(a.ID), p.addresses[i][j])
			r.entries = append(r.entries, e)
		}
		c.Addresses = append(c.Addresses, a)
	}
	for _, v := range in.Attributes {
		r.valueID++
		r.rows.attributes = append(r.rows.attributes, r.valueID, c.ID, v.AttributeID, v.Value)
		value := AttributeValue{ID: r.valueID, AttributeID: v.AttributeID, CustomerID: c.ID, Value: v.Value, DateCreated: r.now, DateModified: r.now}
		if !r.muted.Entries {
			e := value.changeOf(history.Created, nil, &value)
			e.From = p.from
			r.entries = append(r.entries, e)
		}
		c.Attributes = append(c.Attributes, value)
	}
	c.FormFields = formValues(customerSubmission(c.ID), p.customers[i])
	r.rows.filled.add(customerSubmission(c.ID), p.customers[i])
	return nil
}

func (r *creation) hashed() error {
	var fresh []rehash
	for _, p := range r.plans {
		for i := range p.in {
			fresh = append(fresh, rehash{id: p.ids[i], to: p.hashes[i]})
		}
	}
	return countHashes(r.tx, fresh...)
}

// notify has customers told of their new accounts, where that is asked for.
func (r *creation) notify() error {
	for _, p := range r.plans {
		for i := range p.out {
			if !p.in[i].Notify || p.notifier == nil {
				continue
			}
			if err := p.notifier.AccountCreated(r.tx, &p.out[i], p.hashes[i] != "" && !p.in[i].drawn(), p.from); err != nil {
				return err
			}
		}
	}
	return nil
}

// lift makes the counter of ids go on after those that were chosen.
func (r *creation) lift() error {
	if !slices.ContainsFunc(r.plans, func(p *createPlan) bool { return p.given || p.chosen > 0 }) {
		return nil
	}
	return (store.Lowest{CustomerID: r.last, AddressID: r.highest}).Lift(r.tx)
}
