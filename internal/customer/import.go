package customer

import (
	"maps"
	"slices"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/search"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Existing says what becomes of a row of an import whose customer is there.
type Existing string

// What may become of them.
const (
	SkipExisting      Existing = "skip"      // the customer stays as it is
	FillExisting      Existing = "fill"      // what it has nothing of is filled in
	OverwriteExisting Existing = "overwrite" // what the row says replaces what it has
	FailExisting      Existing = "fail"      // the row is rejected
)

// Existings are all of them.
var Existings = []Existing{SkipExisting, FillExisting, OverwriteExisting, FailExisting}

// Changes reports whether customers that are there may become different.
func (e Existing) Changes() bool { return e == FillExisting || e == OverwriteExisting }

// Outcome is what became of a row of an import.
type Outcome uint8

// The outcomes.
const (
	ImportRejected Outcome = iota // it breaks a rule
	ImportCreated
	ImportChanged
	ImportUnchanged // the customer is there, and has all of it
	ImportSkipped
)

// ImportRow is a customer as an import brings it. Of a customer that is there
// only what is not empty is taken.
type ImportRow struct {
	Create
	// What an empty value does not tell.
	HasStoreCredit, HasAcceptsEmails bool
	// MatchID is the id of the customer whose row it is; 0: whose email it has.
	MatchID int64
	// Empty are fields of which the row says that there is nothing.
	Empty []fault.Field

	there bool // it is of a customer that is there, or of nobody
	ready *createPlan
	wrong *fault.Error // why it cannot be taken
}

// Prepare does what needs no transaction. ImportTx does it otherwise.
func (row *ImportRow) Prepare() {
	row.FromFile = true
	p := &createPlan{in: []Create{row.Create}, hashes: []string{""}}
	if row.wrong = fault.As(p.check()); row.wrong != nil {
		return
	}
	if row.ImportedHash.Hash != "" {
		p.hashes[0], _ = row.ImportedHash.Stored() // checked before
	}
	p.found = p.in[0].document()
	row.ready = p
}

// document is what is searched of the customer to be.
func (c *Create) document() *search.Document {
	made := Customer{FirstName: c.FirstName, LastName: c.LastName, Company: c.Company, Email: c.Email, Phone: c.Phone}
	book := make([]Address, len(c.Addresses))
	for i := range c.Addresses {
		book[i].AddressFields = c.Addresses[i].AddressFields
	}
	d := made.document(book)
	d.Ready()
	return d
}

// Imported is what became of a row.
type Imported struct {
	ID      int64
	Outcome Outcome
	Err     *fault.Error // why it was rejected
}

// ImportTx takes rows of an import, each by itself: one that breaks a rule is
// rejected, and the others are taken. Their hashes of passwords are imported ones;
// a customer that is there keeps the password it has. Rows with one email, or of one
// id, are taken one after the other.
func (s *Service) ImportTx(tx *sqldb.Tx, in []ImportRow, existing Existing) ([]Imported, error) {
	out := make([]Imported, len(in))
	for from := 0; from < len(in); {
		to, seen, ids := from, map[string]bool{}, map[int64]bool{}
		for ; to < len(in); to++ {
			k, id := email.Key(in[to].Email), in[to].MatchID
			if seen[k] || ids[id] && id != 0 {
				break
			}
			seen[k], ids[id] = true, true
		}
		if err := s.importSome(tx, in[from:to], existing, out[from:to]); err != nil {
			return nil, err
		}
		from = to
	}
	return out, nil
}

// importSome takes rows of which no two have one email.
func (s *Service) importSome(tx *sqldb.Tx, in []ImportRow, existing Existing, out []Imported) error {
	now := s.sys.Now()
	plans := make([]*createPlan, len(in))
	var emails []string
	for i := range in {
		if in[i].ready == nil && in[i].wrong == nil {
			in[i].Prepare()
		}
		if out[i].Err = in[i].wrong; out[i].Err == nil {
			plans[i] = in[i].ready
			emails = append(emails, plans[i].in[0].Email)
		}
	}
	var look lookAround
	byID, err := importOwners(tx, in, plans, emails, &look)
	if err != nil {
		return err
	}
	var fresh, there []int
	for i, p := range plans {
		if p == nil {
			continue
		}
		out[i].ID = holder(look.held[email.Key(p.in[0].Email)], p.in[0].ChannelIDs)
		if id := in[i].MatchID; id != 0 {
			switch {
			case !byID[id]:
				out[i].reject(FieldID, fault.Unknown, "")
				continue
			case out[i].ID != 0 && out[i].ID != id && existing == OverwriteExisting:
				out[i].reject(FieldEmail, fault.EmailInUse, p.in[0].Email)
				continue
			}
			out[i].ID = id
		}
		if out[i].ID == 0 && in[i].there {
			out[i].reject(FieldEmail, fault.Unknown, "")
		} else if out[i].ID == 0 {
			fresh = append(fresh, i)
		} else if existing == FailExisting {
			out[i].reject(FieldEmail, fault.EmailInUse, p.in[0].Email)
		} else if out[i].Outcome = ImportSkipped; existing.Changes() {
			there = append(there, i)
		}
	}
	// Customers are locked before the store's counters.
	if err := s.importOver(tx, in, plans, there, existing, out, now); err != nil {
		return err
	}
	looked := &look
	if len(there) > 0 { // they may have other emails by now
		looked = nil
	}
	return importNew(tx, plans, fresh, looked, out, now)
}

// reject notes that a row breaks a rule.
func (o *Imported) reject(field fault.Field, code fault.Code, value string) {
	it := fault.Item{Field: field, Code: code, Value: value}
	if code == fault.Unknown {
		it.Why = WhyNoCustomer
	}
	*o = Imported{Err: &fault.Error{Kind: fault.Invalid, Items: []fault.Item{it}}}
}

// importOwners looks up whose the emails are, and which of the ids are customers'.
func importOwners(tx *sqldb.Tx, in []ImportRow, plans []*createPlan, emails []string, look *lookAround) (byID map[int64]bool, err error) {
	look.held, byID = map[string][]slot{}, map[int64]bool{}
	if len(emails) == 0 {
		return byID, nil
	}
	qs := append([]sqldb.Q{store.MovedQuery(&look.at)}, emailSlots(emails, look.held)...)
	var ids []int64
	for i := range in {
		if plans[i] != nil && in[i].MatchID != 0 {
			ids = append(ids, in[i].MatchID)
		}
	}
	if len(ids) > 0 {
		qs = append(qs, sqldb.Among(`SELECT id FROM customers WHERE store_id = $1 AND id IN `, ids, ``, byID))
	}
	return byID, tx.Pipeline(qs...)
}

// holder returns whose an email is on channels, 0 for nobody's.
func holder(held []slot, channels []int64) int64 {
	for _, s := range held {
		if !emailFree([]slot{s}, channels, 0) {
			return s.customer
		}
	}
	return 0
}

func importNew(tx *sqldb.Tx, plans []*createPlan, fresh []int, looked *lookAround, out []Imported, now int64) error {
	if len(fresh) == 0 {
		return nil
	}
	run := make([]*createPlan, len(fresh))
	for i, at := range fresh {
		run[i] = plans[at]
	}
	wrong, err := runCreates(tx, run, looked, now)
	if err != nil {
		return err
	}
	for i, at := range fresh {
		if out[at].Err = fault.As(wrong[i]); wrong[i] == nil {
			out[at].ID, out[at].Outcome = run[i].out[0].ID, ImportCreated
		}
		run[i].out, run[i].referred = nil, referred{} // a transaction keeps its plans to its end
	}
	return nil
}

// importOver changes the customers that are there.
func (s *Service) importOver(tx *sqldb.Tx, in []ImportRow, plans []*createPlan, there []int, existing Existing, out []Imported, now int64) error {
	if len(there) == 0 {
		return nil
	}
	ids := make([]int64, len(there))
	for i, at := range there {
		ids[i] = out[at].ID
	}
	held, err := lockRows(tx, ids)
	if err != nil {
		return err
	}
	current := held.customers
	// Two rows may lead to one customer, by an earlier form of its email.
	done := map[int64]bool{}
	there = slices.DeleteFunc(slices.Clone(there), func(at int) bool {
		id := out[at].ID
		twice := done[id] || current[id] == nil
		done[id] = true
		return twice
	})
	if there, err = referAgain(tx, plans, there, existing, out); err != nil {
		return err
	}
	for len(there) > 0 {
		updates := make([]Update, len(there))
		for i, at := range there {
			updates[i] = in[at].update(&plans[at].in[0], current[out[at].ID], existing)
		}
		hashes := make([]string, len(updates))
		changed, err := s.updateHeld(tx, held, updates, hashes, now)
		if wrong := fault.As(err); wrong != nil && wrong.Kind == fault.Invalid {
			// Nothing was written: those that break a rule are left out.
			there = leaveOut(there, wrong, out)
			continue
		}
		if err != nil {
			return err
		}
		for i, at := range there {
			if out[at].Outcome = ImportUnchanged; changed[i].DateModified != current[out[at].ID].DateModified || !current[out[at].ID].same(&changed[i]) {
				out[at].Outcome = ImportChanged
			}
		}
		return importOwned(tx, plans, there, held.hashes, existing, out, now)
	}
	return nil
}

// referAgain holds rows for customers that are there to what they refer to, as
// those of new ones are, and rejects what does not fit. Where customers are only
// filled in, it leaves out the values of form fields that they have.
func referAgain(tx *sqldb.Tx, plans []*createPlan, there []int, existing Existing, out []Imported) (rest []int, err error) {
	var w wanted
	ids := make([]int64, len(there))
	for i, at := range there {
		plans[at].want(&w)
		ids[i] = out[at].ID
	}
	ref, err := w.load(tx)
	if err != nil {
		return nil, err
	}
	stored := map[place]string{}
	if existing == FillExisting {
		if err := tx.Pipeline(storedQuery(form.Customer, ids, stored)); err != nil {
			return nil, err
		}
	}
	for _, at := range there {
		p := plans[at]
		referred, err := p.resolve(ref)
		if err != nil {
			out[at].Outcome, out[at].Err = ImportRejected, fault.As(err)
			continue
		}
		in := &p.in[0]
		in.FormFields = slices.DeleteFunc(slices.Clone(in.FormFields), func(f form.Input) bool {
			return slices.ContainsFunc(referred.customers[0], func(v form.Stored) bool {
				_, has := stored[place{customerSubmission(out[at].ID), v.Field.ID}]
				return has && (f.FieldID == v.Field.ID || f.FieldID == 0 && f.Name == v.Field.Name)
			})
		})
		rest = append(rest, at)
	}
	return rest, nil
}

// leaveOut rejects the rows that a fault tells of.
func leaveOut(there []int, wrong *fault.Error, out []Imported) (rest []int) {
	by := map[int][]fault.Item{}
	for _, it := range wrong.Items {
		by[it.Index()] = append(by[it.Index()], it)
	}
	for i, at := range there {
		if items := by[i]; items != nil {
			out[at].Outcome, out[at].Err = ImportRejected, &fault.Error{Kind: wrong.Kind, Items: items}
			continue
		}
		rest = append(rest, at)
	}
	return rest
}

// update is what a row, whose values are in, changes of a customer.
func (row *ImportRow) update(in *Create, old *Customer, existing Existing) Update {
	over := existing == OverwriteExisting
	text := func(has, given string) (f opt.Field[string]) {
		if given != "" && (over || has == "") {
			f = opt.Some(given)
		}
		return f
	}
	u := Update{
		ID: old.ID, FirstName: text(old.FirstName, in.FirstName), LastName: text(old.LastName, in.LastName), Company: text(old.Company, in.Company),
		Phone: text(old.Phone, in.Phone), Notes: text(old.Notes, in.Notes), TaxExemptCategory: text(old.TaxExemptCategory, in.TaxExemptCategory),
		RegistrationIP: text(old.RegistrationIP, in.RegistrationIP), FormFields: in.FormFields, Extent: form.Free,
	}
	for _, f := range row.Empty {
		nothing := opt.Some("")
		switch {
		case !over:
		case f == FieldCompany:
			u.Company = nothing
		case f == FieldPhone:
			u.Phone = nothing
		case f == FieldNotes:
			u.Notes = nothing
		case f == FieldTaxExempt:
			u.TaxExemptCategory = nothing
		case f == FieldGroup:
			u.GroupID = opt.Some(int64(0))
		}
	}
	if row.MatchID != 0 && over && in.Email != old.Email {
		u.Email = opt.Some(in.Email)
	}
	if in.GroupID != 0 && (over || old.GroupID == 0) {
		u.GroupID = opt.Some(in.GroupID)
	}
	// An amount and a tick have no value that means nothing: a customer that is
	// there has them.
	if row.HasStoreCredit && over {
		u.StoreCredit = opt.Some(in.StoreCredit)
	}
	if row.HasAcceptsEmails && over {
		u.AcceptsEmails = opt.Some(in.AcceptsEmails)
	}
	return u
}

// importOwned gives the customers of rows the addresses, passwords and values of
// attributes that they lack, and where values are overwritten those of the rows. hashes
// are what the customers have.
func importOwned(tx *sqldb.Tx, plans []*createPlan, there []int, hashes map[int64]string, existing Existing, out []Imported, now int64) error {
	var addresses []AddressCreate
	var values []AttributeUpsert
	var passwords []rehash
	of := map[int64]int{}
	for _, at := range there {
		of[out[at].ID] = at
		if h := plans[at].hashes[0]; h != "" && hashes[out[at].ID] == "" {
			passwords = append(passwords, rehash{id: out[at].ID, to: h})
		}
		for _, a := range plans[at].in[0].Addresses {
			a.CustomerID, a.Extent = out[at].ID, form.Free
			addresses = append(addresses, a)
		}
		for _, v := range plans[at].in[0].Attributes {
			values = append(values, AttributeUpsert{CustomerID: out[at].ID, AttributeID: v.AttributeID, Value: v.Value})
		}
	}
	if existing == FillExisting && len(values) > 0 {
		has, err := attributesOf(tx, values)
		if err != nil {
			return err
		}
		values = slices.DeleteFunc(values, func(v AttributeUpsert) bool { return has[held{v.CustomerID, v.AttributeID}] })
	}
	changed := map[int64]bool{}
	if len(addresses) > 0 {
		made, err := createAddresses(tx, addresses, now)
		if err != nil {
			return err
		}
		for i := range made {
			changed[made[i].CustomerID] = true
		}
	}
	if len(values) > 0 {
		put, err := putAttributeValues(tx, values, now)
		if err != nil {
			return err
		}
		for i := range put {
			if put[i].DateModified == now {
				changed[put[i].CustomerID] = true
			}
		}
	}
	for _, p := range passwords {
		changed[p.id] = true
	}
	if err := takePasswords(tx, passwords); err != nil {
		return err
	}
	for id := range changed {
		out[of[id]].Outcome = ImportChanged
	}
	return TouchTx(tx, slices.Sorted(maps.Keys(changed)), now)
}

// TouchTx moves the date of customers of whom an import changed only what is theirs.
// An import has no entries in the history: by the date those are known whom it
// changed, for instance where an earlier one is undone. The customers are locked.
func TouchTx(tx *sqldb.Tx, ids []int64, now int64) error {
	if len(ids) == 0 {
		return nil
	}
	in, args := sqldb.In([]any{now}, ids)
	return tx.Exec(sqldb.Dynamic(`UPDATE customers SET date_modified = $2 WHERE store_id = $1 AND id IN `+in), args...)
}

// attributesOf returns which of values their customers have.
func attributesOf(tx *sqldb.Tx, values []AttributeUpsert) (map[held]bool, error) {
	owners, kinds := make([]int64, len(values)), make([]int64, len(values))
	for i, v := range values {
		owners[i], kinds[i] = v.CustomerID, v.AttributeID
	}
	has := map[held]bool{}
	of, args := sqldb.In(nil, owners)
	kind, args := sqldb.In(args, kinds)
	return has, tx.Query(sqldb.Dynamic(`SELECT customer_id, attribute_id FROM attribute_values WHERE store_id = $1 AND customer_id IN `+of+` AND attribute_id IN `+kind), func(r *sqldb.Row) error {
		has[held{r.Int(0), r.Int(1)}] = true
		return nil
	}, args...)
}

// UndoImportTx deletes those of the customers with ids from first to last whom an
// import made between two times and nobody else has touched since, and returns how
// many went and who stays. What the import itself did has no entries in the history.
func (s *Service) UndoImportTx(tx *sqldb.Tx, first, last, from, to int64) (gone int64, kept []int64, err error) {
	var theirs []int64
	if err := tx.Query(sqldb.Dynamic(`SELECT id, date_modified FROM customers WHERE store_id = $1 AND id >= $2 AND id <= $3 ORDER BY id`+tx.ForDelete()), func(r *sqldb.Row) error {
		if at := r.Int(1); at >= from && at <= to {
			theirs = append(theirs, r.Int(0))
		} else {
			kept = append(kept, r.Int(0))
		}
		return nil
	}, first, last); err != nil || len(theirs) == 0 {
		return 0, kept, err
	}
	touched := map[int64]bool{}
	if err := tx.Pipeline(history.TouchedQuery(theirs, touched)); err != nil {
		return 0, nil, err
	}
	theirs = slices.DeleteFunc(theirs, func(id int64) bool {
		if touched[id] {
			kept = append(kept, id)
		}
		return touched[id]
	})
	if slices.Sort(kept); len(theirs) == 0 {
		return 0, kept, nil
	}
	return int64(len(theirs)), kept, s.deleteCustomers(tx, theirs, s.sys.Now(), []history.Entry{})
}

// ImportAddressesTx gives customers that are there the addresses of rows. A row of
// nobody is rejected.
func (s *Service) ImportAddressesTx(tx *sqldb.Tx, in []ImportRow) ([]Imported, error) {
	rows := make([]ImportRow, len(in))
	for i := range in {
		rows[i] = ImportRow{Create: Create{Email: in[i].Email, ChannelIDs: in[i].ChannelIDs, Addresses: in[i].Addresses}, MatchID: in[i].MatchID, there: true}
	}
	return s.ImportTx(tx, rows, FillExisting)
}
