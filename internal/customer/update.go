package customer

import (
	"context"
	"slices"

	"clientele/internal/email"
	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/rule"
	"clientele/internal/search"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// ErrStale: somebody else has changed meanwhile what was to be changed.
var ErrStale = fault.New(fault.Conflict, "somebody else has changed it meanwhile")

// UpdateFor changes customers: all of them or, if any breaks a rule, none. A
// customer whose stored data would not change is left alone: its
// date_modified stays and no event is recorded, so that systems which copy
// changes back and forth come to rest. Other values of form fields alone move
// date_modified, but are not told of. who has their passwords hashed.
func (s *Service) UpdateFor(ctx context.Context, who password.Party, in []Update) ([]Customer, error) {
	return s.updateAnd(ctx, who, in, func(*sqldb.Tx, []Customer) error { return nil })
}

// updateAnd is UpdateFor that reads more with and in the same transaction: a
// look after the commit could fail, and would make a refusal of what was done.
func (s *Service) updateAnd(ctx context.Context, who password.Party, in []Update, and func(*sqldb.Tx, []Customer) error) ([]Customer, error) {
	if len(in) == 0 {
		return nil, nil
	}
	if err := checkUpdates(in); err != nil {
		return nil, err
	}
	hashes, err := s.hash(ctx, who, len(in), func(i int) opt.Field[string] { return in[i].NewPassword })
	if err != nil {
		return nil, err
	}
	var out []Customer
	err = s.db.WriteAgain(ctx, who.StoreID, func(tx *sqldb.Tx) (err error) {
		if out, err = s.update(tx, in, hashes, s.sys.Now()); err != nil {
			return err
		}
		return and(tx, out)
	})
	return out, emailRace(err)
}

// UpdateTx is UpdateFor inside a transaction, without passwords' slow hashing:
// hashes are given by index, empty for none.
func (s *Service) UpdateTx(tx *sqldb.Tx, in []Update, hashes []string) ([]Customer, error) {
	if err := checkUpdates(in); err != nil {
		return nil, err
	}
	return s.update(tx, in, hashes, s.sys.Now())
}

func checkUpdates(in []Update) error {
	var b fault.Batch
	seen := map[int64]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		if seen[in[i].ID] {
			c.Because(FieldID, fault.Duplicate, WhyCustomerTwice, "")
		}
		seen[in[i].ID] = true
		if in[i].ChannelIDs.Set && !in[i].ChannelIDs.Null && len(in[i].ChannelIDs.Value) > 0 {
			in[i].ChannelIDs.Value = sortedSet(in[i].ChannelIDs.Value)
		}
		in[i].check(c)
	})
	// A balance below zero may be sent back as it was read: planUpdate looks at it
	// again, unless something else is wrong already.
	if !slices.ContainsFunc(b.Items, func(it fault.Item) bool { return it.Field != FieldStoreCredit }) {
		return nil
	}
	return b.Err(fault.Invalid)
}

// change is what an update does to one customer.
type change struct {
	old, now Customer
	hash     string        // the old one
	values   []form.Stored // that differ from the stored ones
	stored   map[place]string
	row      bool // the row itself changes
	email    bool // the email or where it is used changes
}

func (s *Service) update(tx *sqldb.Tx, in []Update, hashes []string, now int64) ([]Customer, error) {
	held, err := lockForUpdate(tx, in)
	if err != nil {
		return nil, err
	}
	return s.updateHeld(tx, held, in, hashes, now)
}

// locked are customers that a transaction has locked, with their hashes.
type locked struct {
	customers map[int64]*Customer
	hashes    map[int64]string
}

func lockForUpdate(tx *sqldb.Tx, in []Update) (*locked, error) {
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].ID
	}
	return lockRows(tx, ids)
}

func lockRows(tx *sqldb.Tx, ids []int64) (*locked, error) {
	out := &locked{make(map[int64]*Customer, len(ids)), make(map[int64]string, len(ids))}
	list, args := sqldb.In(nil, ids)
	return out, tx.Query(sqldb.Dynamic(`SELECT `+customerColumns+`, password_hash FROM customers WHERE store_id = $1 AND id IN `+list+` ORDER BY id`+tx.ForUpdate()), func(r *sqldb.Row) error {
		c := &Customer{}
		c.scan(r)
		out.customers[c.ID], out.hashes[c.ID] = c, r.Text(hashColumn)
		return nil
	}, args...)
}

// updateHeld is update of customers that are locked.
func (s *Service) updateHeld(tx *sqldb.Tx, held *locked, in []Update, hashes []string, now int64) ([]Customer, error) {
	changes, err := planUpdate(tx, held, in, hashes)
	if err != nil {
		return nil, err
	}
	writes, events := int64(0), int64(0)
	var entries []history.Entry
	out := make([]Customer, len(changes))
	for i := range changes {
		ch := &changes[i]
		if ch.writes() {
			writes++
			ch.now.DateModified = now
			entries = ch.record(entries, hashes[i] != "")
		}
		if ch.row { // values of form fields are not told of
			events++
		}
		if ch.channelsChanged() {
			events++
		}
		out[i] = ch.now
	}
	if writes == 0 {
		return out, nil
	}
	counters, err := moveEmails(tx, changes, store.Advance{EventIDs: events, Entries: int64(len(entries))})
	if err != nil {
		return nil, err
	}
	if err := setCredit(tx, now, changes); err != nil {
		return nil, err
	}
	evs := make([]event.Event, 0, events)
	var rehashed []rehash
	for i := range changes {
		ch := &changes[i]
		if !ch.writes() {
			continue
		}
		if err := s.write(tx, ch, hashes[i], in[i].KeepSession); err != nil {
			return nil, err
		}
		if hashes[i] != "" {
			rehashed = append(rehashed, rehash{ch.now.ID, ch.hash, hashes[i]})
		}
		if ch.row {
			evs = append(evs, event.Customer(event.CustomerUpdated, ch.now.ID, ch.now.OriginChannelID, ch.now.ChannelIDs))
		}
		if ch.channelsChanged() {
			evs = append(evs, event.ChannelAccess(ch.now.ID, ch.now.ChannelIDs))
		}
	}
	if err := countHashes(tx, rehashed...); err != nil {
		return nil, err
	}
	if err := history.Record(tx, counters.EntryID, now, entries); err != nil {
		return nil, err
	}
	if err := refind(tx, changes); err != nil {
		return nil, err
	}
	if counters.Rules {
		var ids []int64
		for i := range changes {
			if changes[i].writes() {
				ids = append(ids, changes[i].now.ID)
			}
		}
		if err := rule.Mark(tx, ids...); err != nil {
			return nil, err
		}
	}
	return out, event.Record(tx, counters.EventID, now, evs)
}

// record adds the entries of a change.
func (ch *change) record(entries []history.Entry, password bool) []history.Entry {
	e := ch.now.changeOf(history.Updated, &ch.old, &ch.now)
	addFilled(&e, ch.stored, customerSubmission(ch.now.ID), ch.values)
	if e.Changed() {
		entries = append(entries, e)
	}
	if password {
		entries = append(entries, passwordChanged(ch.now.ID))
	}
	return entries
}

// refind notes by what changed customers are found.
func refind(tx *sqldb.Tx, changes []change) error {
	var ids []int64
	for i := range changes {
		if ch := &changes[i]; ch.row && ch.old.searched(&ch.now) {
			ids = append(ids, ch.now.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	of, err := books(tx, ids)
	if err != nil {
		return err
	}
	var noted []search.Change
	for i := range changes {
		if ch := &changes[i]; ch.row && ch.old.searched(&ch.now) {
			book := of[ch.now.ID]
			noted = append(noted, search.Change{ID: ch.now.ID, Was: ch.old.document(book), Now: ch.now.document(book)})
		}
	}
	return search.Note(tx, noted...)
}

// moveEmails moves the store's counters and makes sure that new emails are free. First everyone lets go of
// the old one, then takes the new one: two customers may swap.
func moveEmails(tx *sqldb.Tx, changes []change, advance store.Advance) (counters store.Counters, err error) {
	var emails []string
	held := map[string][]slot{}
	for i := range changes {
		if changes[i].email {
			emails = append(emails, changes[i].now.Email)
		}
	}
	qs := []sqldb.Q{advance.Query(tx, &counters)}
	if len(emails) > 0 {
		qs = append(qs, emailSlots(emails, held)...)
	}
	if err := tx.Pipeline(qs...); err != nil {
		return counters, err
	}
	for i := range changes {
		if ch := &changes[i]; ch.email {
			if err := dropEmail(tx, &ch.old); err != nil {
				return counters, err
			}
			letGo(held, &ch.old)
		}
	}
	var b fault.Batch
	b.Each(len(changes), func(i int, c *fault.Collector) {
		if now := &changes[i].now; changes[i].email {
			takeSlots(c, held, now.Email, email.Key(now.Email), now.ChannelIDs, now.ID)
		}
	})
	if err := b.Err(fault.Conflict); err != nil {
		return counters, err
	}
	for i := range changes {
		if ch := &changes[i]; ch.email {
			if err := takeEmail(tx, &ch.now, email.Key(ch.now.Email)); err != nil {
				return counters, err
			}
		}
	}
	return counters, nil
}

// write stores a change of a customer and ends what it ends.
func (s *Service) write(tx *sqldb.Tx, ch *change, hash string, keep int64) error {
	if err := updateCustomerRow(tx, &ch.now, hash); err != nil {
		return err
	}
	// What the old password opened ends, and links that went to the old email.
	if hash != "" || !email.Same(ch.old.Email, ch.now.Email) {
		if err := s.endAccess(tx, Ended{CustomerID: ch.now.ID, Password: hash != "", Keep: keep}); err != nil {
			return err
		}
	}
	return storeValues(tx, ch.stored, customerSubmission(ch.now.ID), ch.values)
}

// writes reports whether anything of the customer is to be stored.
func (ch *change) writes() bool { return ch.row || len(ch.values) > 0 }

func (ch *change) channelsChanged() bool {
	return channelText(ch.old.ChannelIDs) != channelText(ch.now.ChannelIDs)
}

// planUpdate works out what changes.
func planUpdate(tx *sqldb.Tx, held *locked, in []Update, hashes []string) ([]change, error) {
	current, hash := held.customers, held.hashes
	ids := make([]int64, len(in))
	var w wanted
	for i := range in {
		ids[i] = in[i].ID
		if g := in[i].GroupID; g.Set && g.Value != 0 {
			set(&w.groups, g.Value)
		}
		w.channel(in[i].ChannelIDs.Value...)
		w.form(form.Customer, in[i].Extent, in[i].FormFields)
		w.form(form.Address, in[i].Extent, nil)
	}
	for i := range in {
		if old := current[in[i].ID]; old != nil && in[i].Still != nil && !in[i].Still(old) {
			return nil, ErrStale
		}
	}
	ref, err := w.load(tx)
	if err != nil {
		return nil, err
	}
	stored := map[place]string{}
	if _, any := w.forms[form.Customer]; any {
		if err := tx.Pipeline(storedQuery(form.Customer, ids, stored)); err != nil {
			return nil, err
		}
	}

	var b fault.Batch
	changes := make([]change, len(in))
	b.Each(len(in), func(i int, c *fault.Collector) {
		u := &in[i]
		old := current[u.ID]
		if old == nil {
			c.Because(FieldID, fault.Unknown, WhyNoCustomer, "")
			return
		}
		if u.GroupID.Set {
			ref.checkGroup(c, u.GroupID.Value)
		}
		ref.checkChannels(c, FieldChannels, u.ChannelIDs.Value...)
		if u.StoreCredit.Value != old.StoreCredit {
			checkCredit(c, u.StoreCredit.Value)
		}
		c.Claim(FieldRegistrationIP, u.Claims.RegistrationIP.Or(old.RegistrationIP) == old.RegistrationIP)
		c.Claim(FieldOriginChannel, u.Claims.OriginChannelID.Or(old.OriginChannelID) == old.OriginChannelID)
		ch := &changes[i]
		ch.old, ch.hash = *old, hash[u.ID]
		ch.now = u.apply(*old)
		if values := ref.checkCustomer(c, u.Extent, u.FormFields, u.Company, u.Phone, false); len(values) > 0 {
			ch.now.FormFields = formValues(customerSubmission(u.ID), values)
			ch.stored = stored
			ch.values = differing(stored, customerSubmission(u.ID), values)
		}
		rekeyed := ch.old.Email != ch.now.Email && !slices.Equal(email.Keys(ch.old.Email), email.Keys(ch.now.Email))
		ch.email = rekeyed || ch.channelsChanged()
		ch.row = hashes[i] != "" || !ch.old.same(&ch.now)
	})
	return changes, b.Err(fault.Invalid)
}

func (u *Update) apply(c Customer) Customer {
	c.Email = u.Email.Or(c.Email)
	c.FirstName = u.FirstName.Or(c.FirstName)
	c.LastName = u.LastName.Or(c.LastName)
	c.Company = u.Company.Or(c.Company)
	c.Phone = u.Phone.Or(c.Phone)
	c.Notes = u.Notes.Or(c.Notes)
	c.TaxExemptCategory = u.TaxExemptCategory.Or(c.TaxExemptCategory)
	c.GroupID = u.GroupID.Or(c.GroupID)
	c.RegistrationIP = u.RegistrationIP.Or(c.RegistrationIP)
	c.AcceptsEmails = u.AcceptsEmails.Or(c.AcceptsEmails)
	c.StoreCredit = u.StoreCredit.Or(c.StoreCredit)
	c.ChannelIDs = u.ChannelIDs.Or(c.ChannelIDs)
	c.ForcePasswordReset = u.ForcePasswordReset.Or(c.ForcePasswordReset)
	return c
}

// same reports whether the stored fields that an update can touch are equal.
func (c *Customer) same(o *Customer) bool {
	return c.Email == o.Email && c.FirstName == o.FirstName && c.LastName == o.LastName && c.Company == o.Company &&
		c.Phone == o.Phone && c.Notes == o.Notes && c.TaxExemptCategory == o.TaxExemptCategory && c.GroupID == o.GroupID &&
		c.RegistrationIP == o.RegistrationIP &&
		c.AcceptsEmails == o.AcceptsEmails && c.StoreCredit == o.StoreCredit && c.ForcePasswordReset == o.ForcePasswordReset &&
		channelText(c.ChannelIDs) == channelText(o.ChannelIDs)
}
