package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/metafield"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
	"clientele/internal/transfer/source"
	"clientele/internal/transfer/table"
	"clientele/internal/words"
)

// Run takes the rest of an import's file, and tells of each batch that is stored.
// It can be cut off at any moment and run again. It ends when somebody cancels the
// import.
func (s *Service) Run(ctx context.Context, storeID int64, imp *Import, f io.ReadSeeker, each func(*Import)) error {
	imp.Begun, imp.RowsBegun = s.sys.Now(), imp.Counts.Rows
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Exec(beginRows, imp.ID, imp.Begun, imp.RowsBegun) }); err != nil {
		return err
	}
	err := s.run(ctx, storeID, imp, f, each)
	if errors.Is(err, ErrElsewhere) {
		if now, wrong := s.Get(ctx, storeID, imp.ID); wrong == nil && now.State == Cancelled {
			*imp = *now
			return nil
		}
	}
	return err
}

func (s *Service) run(ctx context.Context, storeID int64, imp *Import, f io.ReadSeeker, each func(*Import)) error {
	w, err := s.ready(ctx, storeID)
	if err != nil {
		return err
	}
	records, err := imp.records(ctx, f, s, w.zone)
	if err != nil {
		return err
	}
	plan := imp.Plan
	q := queue{ahead: readAhead(ctx, &plan, w, func(give func(bite) error) error { return s.readAll(records, give) })}
	defer q.end()
	p := pace{db: s.db, sys: s.sys, most: s.bites * s.batch}
	for imp.State == Running {
		b := q.first()
		if b.err != nil {
			return b.err
		}
		// Before customers are locked.
		made, err := s.refer(ctx, storeID, w, &imp.Plan, b.records)
		if err != nil {
			return err
		}
		if made != w {
			w = made
			q.world.Store(w)
			p.forget()
		}
		after := *imp
		err = s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
			after, q.n = *imp, 0
			t := taking{tx: tx, s: s, world: w, imp: &after, now: s.sys.Now()}
			return t.take(&p, &q)
		})
		if stop := stopAt(0); errors.As(err, &stop) {
			q.bites = append(q.bites[:q.n-1], bite{records: q.bites[q.n-1].records[:stop+1]})
			continue
		}
		if err != nil {
			return err
		}
		*imp = after
		q.drop()
		if each != nil {
			each(imp)
		}
		if err := s.db.Gap(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ready reads what rows are taken with.
func (s *Service) ready(ctx context.Context, storeID int64) (*world, error) {
	w, err := s.look(ctx, storeID)
	if err != nil {
		return nil, err
	}
	w.keys, err = s.keys.Keys(ctx, storeID)
	return w, err
}

// records returns a reader of the records that were not taken yet.
func (i *Import) records(ctx context.Context, f io.ReadSeeker, s *Service, zone *time.Location) (*source.Reader, error) {
	settings, err := s.settings(&i.Plan, zone, i.File)
	if err != nil {
		return nil, err
	}
	if i.Position == 0 {
		rows, err := i.Plan.rows(ctx, f)
		if err != nil {
			return nil, err
		}
		return source.NewReader(rows, settings), nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	rows, err := table.Resume(reading{ctx, f}, i.Plan.Layout, i.Position, i.Lines)
	if err != nil {
		return nil, err
	}
	return source.NewReader(rows, settings), nil
}

// taking is a transaction that takes records.
type taking struct {
	*world
	tx       *sqldb.Tx
	s        *Service
	imp      *Import // as it becomes
	now      int64
	try      bool
	problems []any
	examples map[string][]Example // of what was tried
	refused  int64                // where the first record ends that was not taken; 0: none
	made     map[string][]int64   // ids by resource, see import_ranges
	changed  []any                // see import_changes
}

// take takes bites, as long as p says so.
func (t *taking) take(p *pace, q *queue) error {
	before := t.imp.Position
	t.tx.Replan()
	// Whoever else runs this import waits here, and then finds it moved on.
	n, err := t.move(before)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrElsewhere
	}
	if err := p.begin(t.tx); err != nil {
		return err
	}
	t.tx.Mute(sqldb.Muted{Events: !t.imp.Plan.Events, Entries: true})
	end, err := t.bites(p, q)
	if err != nil {
		return err
	}
	if end && t.imp.State == Running {
		t.imp.State = Done
	}
	t.tx.Mute(sqldb.Muted{})
	if err := insertRange.Exec(t.tx, []any{t.imp.ID}, t.ranges()); err != nil {
		return err
	}
	if err := insertProblem.Exec(t.tx, []any{t.imp.ID}, t.problems); err != nil {
		return err
	}
	if err := insertChange.Exec(t.tx, []any{t.imp.ID}, t.changed); err != nil {
		return err
	}
	if t.imp.State != Running {
		if err := t.imp.enter(t.tx, t.now); err != nil {
			return err
		}
	}
	if _, err = t.move(before); err != nil {
		return err
	}
	return p.end(t.tx)
}

// bites takes bites, and reports whether the last one is among them.
func (t *taking) bites(p *pace, q *queue) (end bool, err error) {
	for t.imp.State == Running && !end {
		b := q.more(t.world, &t.imp.Plan, p.allowed)
		if b == nil {
			break
		}
		if err := t.persons(b); err != nil {
			return false, err
		}
		end = b.end
		// Customers that are there are locked before the store's counters.
		if t.imp.Plan.OnExisting.Changes() || t.imp.Plan.Kind.Changes() || !p.more(b) {
			break
		}
	}
	return end, nil
}

// created notes what the import has created.
func (t *taking) created(resource string, id int64) {
	if t.made == nil {
		t.made = map[string][]int64{}
	}
	t.made[resource] = append(t.made[resource], id)
}

// ranges are the runs of what was created.
func (t *taking) ranges() (rows []any) {
	for _, resource := range slices.Sorted(maps.Keys(t.made)) {
		ids := t.made[resource]
		slices.Sort(ids)
		first := ids[0]
		for i, id := range ids {
			if i+1 == len(ids) || ids[i+1] != id+1 {
				if rows = append(rows, resource, first, id); i+1 < len(ids) {
					first = ids[i+1]
				}
			}
		}
	}
	return rows
}

// move stores how far the import has come.
func (t *taking) move(before int64) (int64, error) {
	i := t.imp
	counts, err := i.counted()
	if err != nil {
		return 0, err
	}
	// Not the time at which the transaction began: its last records may be of a later
	// second, and what an import made up to its end is what an undo takes back.
	if i.Modified = t.s.sys.Now(); i.State != Running {
		i.Ended = i.Modified
	}
	return t.tx.ExecCount(move, i.ID, before, string(i.State), i.Position, i.Lines, counts, i.Problems, i.Modified, i.Ended)
}

// enter makes the one entry of an import: what it made is not told one by one. One that
// goes on after its end has another, of what was taken since.
func (i *Import) enter(tx *sqldb.Tx, now int64) error {
	of := history.Customer
	if i.Plan.Kind == source.Subscribers {
		of = history.Subscriber
	}
	all := i.Counts.Created + i.Counts.Changed + i.Counts.Subscribed + i.Counts.Left
	if all == i.told && all > 0 {
		return nil
	}
	e := history.Many(history.Imported, of, all-i.told, i.report())
	i.told = all
	return history.Enter(tx, now, e)
}

// storedCounts are counts as they are stored, with what the history tells of them.
type storedCounts struct {
	*Counts
	Told *int64 `json:"told"`
}

func (i *Import) counted() (string, error) {
	text, err := json.Marshal(storedCounts{&i.Counts, &i.told})
	return string(text), err
}

// report is where there is more about an import.
func (i *Import) report() string { return fmt.Sprintf("imports/%d", i.ID) }

// tagsAttribute is the attribute that keeps the tags of other systems, by its
// folded name.
const (
	tagsName      = "Tags"
	tagsAttribute = "tags"
)

// refer makes the groups and attributes that records name and the store has not,
// and returns the world with them. What cannot be made is told with the records.
func (s *Service) refer(ctx context.Context, storeID int64, w *world, plan *Plan, records []source.Record) (*world, error) {
	missing := w.lacks(plan, records)
	if !missing.any() {
		return w, nil
	}
	made := *w
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		made.groups, made.attributes = maps.Clone(w.groups), maps.Clone(w.attributes)
		return missing.put(tx, &made, s.sys.Now())
	})
	return &made, err
}

// missing is what records name and a store has not: names by their folded form.
type missing struct{ groups, attributes map[string]string }

func (m *missing) any() bool { return len(m.groups)+len(m.attributes) > 0 }

func (w *world) lacks(plan *Plan, records []source.Record) missing {
	m := missing{map[string]string{}, map[string]string{}}
	if plan.Kind != source.Customers && plan.Kind != source.GroupMembers {
		return m
	}
	lacks := func(of map[string]string, has map[string]int64, name string) {
		if norm := fold.Text(name); name != "" && has[norm] == 0 {
			of[norm] = name
		}
	}
	for i := range records {
		if rec := &records[i]; !rec.Refused() {
			if rec.GroupID == 0 {
				lacks(m.groups, w.groups, rec.Group)
			}
			if plan.Kind != source.Customers {
				continue
			}
			if len(rec.Tags) > 0 {
				lacks(m.attributes, w.attributes, tagsName)
			}
			for _, v := range rec.Own {
				if v.Field == source.Attribute {
					lacks(m.attributes, w.attributes, v.Name)
				}
			}
		}
	}
	return m
}

// misses reports whether records name what the store has not.
func (w *world) misses(plan *Plan, records []source.Record) bool {
	m := w.lacks(plan, records)
	return m.any()
}

// put makes what is missing, unless somebody has made it meanwhile, and notes the
// ids.
func (m *missing) put(tx *sqldb.Tx, w *world, now int64) error {
	there, err := customer.AttributesByName(tx)
	if err != nil {
		return err
	}
	maps.Copy(w.attributes, there)
	if err := tx.Pipeline(group.NamesQuery(func(id int64, name string, _ bool) { w.groups[fold.Text(name)] = id })); err != nil {
		return err
	}
	groups, err := each(m.groups, w.groups, func(name string) (int64, error) {
		id, err := group.Put(tx, 0, group.Write{Name: opt.Some(name)}, now)
		if fault.As(err) != nil {
			return 0, nil // told with the record
		}
		return id, err
	})
	if err != nil {
		return err
	}
	attributes, err := each(m.attributes, w.attributes, func(name string) (int64, error) { return customer.PutAttribute(tx, 0, name, "string", now) })
	maps.Copy(w.groups, groups)
	maps.Copy(w.attributes, attributes)
	return err
}

// each makes what has the names and is not there, and returns the ids by the same
// keys.
func each(names map[string]string, there map[string]int64, put func(name string) (int64, error)) (map[string]int64, error) {
	out := map[string]int64{}
	for _, norm := range slices.Sorted(maps.Keys(names)) {
		if there[norm] != 0 {
			continue
		}
		id, err := put(names[norm])
		if err != nil {
			return nil, err
		}
		if id != 0 {
			out[norm] = id
		}
	}
	return out, nil
}

// stopAt is that a record was not taken at which the import is to stop: the batch
// is taken anew, up to that record.
type stopAt int

// Error implements error.
func (stopAt) Error() string { return "a row was not taken" }

// persons takes the records of a bite.
func (t *taking) persons(b *bite) error {
	if t.imp.Plan.Kind.Changes() {
		taken, err := t.changes(b.records)
		if err != nil {
			return err
		}
		return t.passed(b.records, taken)
	}
	records, n := b.records, 0
	place := make([]int, len(records)) // of a record among the rows
	for i := range records {
		rec := &records[i]
		for _, p := range rec.Problems {
			t.problem(p.Line, p.Column, p.Code, p.Warning)
		}
		if !rec.Refused() && t.imp.Plan.Kind != source.Subscribers {
			if rec.Group != "" && t.groups[fold.Text(rec.Group)] == 0 {
				t.problem(rec.Rows[0].Line, "", NoGroup, true)
			}
			place[i] = n
			n++
		}
	}
	rows := b.rows
	if rows == nil {
		rows = t.rows(&t.imp.Plan, records)
	}
	done, err := t.customers(rows)
	if err != nil {
		return err
	}
	taken := make([]bool, len(records))
	for i := range records {
		rec := &records[i]
		if taken[i] = !rec.Refused(); taken[i] && t.imp.Plan.Kind != source.Subscribers {
			taken[i] = t.count(rec, &done[place[i]])
		}
	}
	if err := t.owned(records, taken, place, done); err != nil {
		return err
	}
	if err := t.wishes(records, taken); err != nil {
		return err
	}
	return t.passed(records, taken)
}

// passed notes how far the import has come, and which records were not taken.
func (t *taking) passed(records []source.Record, taken []bool) error {
	for i := range records {
		last := records[i].Rows[len(records[i].Rows)-1]
		t.imp.Counts.Rows += int64(len(records[i].Rows))
		if last.End > t.imp.Position { // those that wait for others with their email come late
			t.imp.Position, t.imp.Lines = last.End, last.Lines
		}
		if taken[i] {
			continue
		}
		if t.imp.Counts.Rejected++; t.refused == 0 || last.End < t.refused {
			t.refused = last.End
		}
		if t.imp.Plan.StopOnError && !t.try {
			if i < len(records)-1 {
				return stopAt(i)
			}
			t.imp.State = Stopped
		}
	}
	return nil
}

// customers takes rows of customers.
func (t *taking) customers(rows []customer.ImportRow) ([]customer.Imported, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if t.imp.Plan.Kind == source.Addresses {
		return t.s.customers.ImportAddressesTx(t.tx, rows)
	}
	return t.s.customers.ImportTx(t.tx, rows, t.imp.Plan.OnExisting)
}

// owned gives the customers that were taken the metafields and segments of their
// records.
func (t *taking) owned(records []source.Record, taken []bool, place []int, done []customer.Imported) error {
	if t.imp.Plan.Kind != source.Customers {
		return nil
	}
	changed := map[int]bool{} // by record
	var fields []metafield.Create
	var of []int
	members := map[string][]int{} // records by segment
	for i := range records {
		if !taken[i] || done[place[i]].Outcome == customer.ImportSkipped {
			continue
		}
		for _, v := range records[i].Own {
			if v.Field == source.Metafield {
				space, key, _ := strings.Cut(v.Name, ".")
				fields = append(fields, metafield.Create{CustomerID: done[place[i]].ID, Namespace: space, Key: key, Value: v.Value, Permission: metafield.AppOnly})
				of = append(of, i)
			}
		}
		for _, name := range records[i].Segments {
			members[name] = append(members[name], i)
		}
	}
	wrong, put, err := metafield.ImportTx(t.tx, metafield.Caller{ClientID: t.imp.Plan.App}, fields, t.imp.Plan.OnExisting == customer.OverwriteExisting, t.now)
	if err != nil {
		return err
	}
	for n, i := range of {
		changed[i] = changed[i] || put[n]
		if len(wrong[n]) > 0 {
			t.problem(records[i].Rows[0].Line, "", NoMetafield, true)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		ids := make([]int64, len(members[name]))
		for n, i := range members[name] {
			ids[n] = done[place[i]].ID
		}
		added, err := t.s.segments.AddTx(t.tx, name, ids)
		if err != nil && fault.As(err) == nil {
			return err
		}
		for _, i := range members[name] {
			if err != nil {
				t.problem(records[i].Rows[0].Line, "", NoSegment, true)
			}
			changed[i] = changed[i] || added > 0
		}
	}
	var touched []int64
	for i := range changed {
		if !changed[i] {
			continue
		}
		switch done[place[i]].Outcome {
		case customer.ImportUnchanged:
			t.imp.Counts.Unchanged--
			t.imp.Counts.Changed++
			fallthrough
		case customer.ImportChanged:
			touched = append(touched, done[place[i]].ID)
		}
	}
	slices.Sort(touched)
	return customer.TouchTx(t.tx, touched, t.now)
}

// count counts what became of a customer, and reports whether it was taken.
func (t *taking) count(rec *source.Record, done *customer.Imported) bool {
	c := &t.imp.Counts
	if name := outcomes[done.Outcome]; name != "" {
		t.exampleOf(name, rec)
	}
	switch done.Outcome {
	case customer.ImportCreated:
		c.Created++
		t.created(rangeCustomers, done.ID)
	case customer.ImportChanged:
		c.Changed++
	case customer.ImportUnchanged:
		c.Unchanged++
	case customer.ImportSkipped:
		c.Skipped++
	default:
		t.broken(rec, done.Err)
		return false
	}
	return true
}

// broken tells which rules a record breaks.
func (t *taking) broken(rec *source.Record, wrong *fault.Error) {
	for i := range wrong.Items {
		it := &wrong.Items[i]
		code := string(it.Code)
		if it.Why == customer.WhyNoCustomer {
			code = NoCustomer
		}
		t.problem(rec.Rows[0].Line, t.imp.Plan.columnOf(it.Field, customer.WrongAddress(it) >= 0), code, false)
	}
	if len(wrong.Items) == 0 {
		t.problem(rec.Rows[0].Line, "", wrong.Message, false)
	}
}

// NoCustomer is the code of a row of a customer who is not there.
const NoCustomer = "no_such_customer"

var (
	customerColumns = map[fault.Field]source.Field{
		customer.FieldID: source.ID, customer.FieldEmail: source.Email, customer.FieldFirstName: source.FirstName, customer.FieldLastName: source.LastName, customer.FieldCompany: source.Company,
		customer.FieldPhone: source.Phone, customer.FieldNotes: source.Notes, customer.FieldTaxExempt: source.TaxCategory, customer.FieldGroup: source.Group, credit.FieldAmount: source.StoreCredit,
	}
	addressColumns = map[fault.Field]source.Field{
		customer.FieldFirstName: source.AddressFirst, customer.FieldLastName: source.AddressLast, customer.FieldCompany: source.AddressCompany, customer.FieldPhone: source.AddressPhone,
		customer.FieldAddress1: source.Street1, customer.FieldAddress2: source.Street2, customer.FieldCity: source.City, customer.FieldState: source.State, customer.FieldPostalCode: source.PostalCode,
	}
)

// columnOf is what the file calls the column of a field, of the customer or an address;
// a field that has none is named.
func (p *Plan) columnOf(field fault.Field, ofAddress bool) string {
	to := customerColumns[field]
	if ofAddress {
		to = addressColumns[field]
	}
	for i := range p.Columns {
		if to != "" && p.Columns[i].Field == to {
			return p.Columns[i].Name
		}
	}
	return words.Terminal.Name(field)
}

func (t *taking) problem(line int64, column, code string, warning bool) {
	t.imp.Problems++
	if warning {
		t.imp.Counts.Warnings++
	}
	t.problems = append(t.problems, t.imp.Problems, line, clip(column), clip(code), sqldb.Flag(warning))
}

// clip bounds what a file calls its columns.
func clip(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown])
	}
	return strings.ReplaceAll(s, "\x00", "\uFFFD")
}

const maxShown = 200

// said is what a record says of the newsletter.
var said = map[source.Standing]subscriber.Said{source.NotAsked: subscriber.NoWord, source.Given: subscriber.Agreed, source.HasLeft: subscriber.HasLeft, source.Barred: subscriber.Barred}

// wishes takes what the records that were taken say of the newsletter, and notes
// which are not taken because of that.
func (t *taking) wishes(records []source.Record, taken []bool) error {
	only := t.imp.Plan.Kind == source.Subscribers
	var rows []subscriber.ImportRow
	var of []int
	for i := range records {
		rec := &records[i]
		if !taken[i] || t.imp.Plan.Kind == source.Addresses || rec.Consent.State == source.NotAsked && !only {
			continue
		}
		of = append(of, i)
		rows = append(rows, subscriber.ImportRow{
			Email: rec.Email, FirstName: rec.FirstName, LastName: rec.LastName, Said: said[rec.Consent.State], At: rec.Consent.At, IP: rec.Consent.IP, File: t.imp.FileHash, Source: cmp.Or(rec.Consent.Reason, rec.Consent.Source, t.imp.Plan.Ground),
		})
	}
	done, err := subscriber.ImportTx(t.tx, t.keys, rows, t.now)
	if err != nil {
		return err
	}
	for n, i := range of {
		if name := wishes[done[n].Outcome]; only && done[n].Err == nil && name != "" {
			t.exampleOf(name, &records[i])
		}
		if t.countWish(rows[n].Said, &done[n]); done[n].ID != 0 {
			t.created(rangeSubscribers, done[n].ID)
		}
		switch {
		case done[n].Err == nil:
		case only:
			t.broken(&records[i], done[n].Err)
			taken[i] = false
		default: // the customer is there: the wish alone is not
			t.problem(records[i].Rows[0].Line, "", NoSubscriber, true)
		}
	}
	return nil
}

// countWish counts what became of a wish.
func (t *taking) countWish(said subscriber.Said, done *subscriber.Imported) {
	c := &t.imp.Counts
	switch {
	case done.Err != nil:
		return
	case done.Outcome == subscriber.ImportKept:
		c.Kept++
	case said == subscriber.Agreed:
		c.Subscribed++
	case said != subscriber.NoWord:
		c.Left++
	}
	if t.imp.Plan.Kind != source.Subscribers {
		return
	}
	switch done.Outcome {
	case subscriber.ImportCreated:
		c.Created++
	case subscriber.ImportChanged:
		c.Changed++
	case subscriber.ImportUnchanged:
		c.Unchanged++
	case subscriber.ImportKept:
		c.Skipped++
	}
}

// NoSubscriber is the code of a customer whose wish for the newsletter could not
// be taken.
const NoSubscriber = "not_subscribed"

// NoMetafield and NoSegment are the codes of customers who could not be given a
// metafield, or put into a segment: one with a rule keeps itself.
const (
	NoMetafield = "metafield_not_stored"
	NoSegment   = "not_in_segment"
)

// NoGroup is the code of a customer whose group could not be made.
const NoGroup = "group_not_made"

// rows are the records as customers, but for those that are refused.
func (w *world) rows(plan *Plan, records []source.Record) (out []customer.ImportRow) {
	if plan.Kind == source.Subscribers {
		return nil
	}
	out = make([]customer.ImportRow, 0, len(records))
	for i := range records {
		if !records[i].Refused() {
			out = append(out, w.row(plan, &records[i]))
		}
	}
	return out
}

// emptied are the fields of customers that an empty cell may empty.
var emptied = map[source.Field]fault.Field{
	source.Company: customer.FieldCompany, source.Phone: customer.FieldPhone, source.Notes: customer.FieldNotes, source.TaxCategory: customer.FieldTaxExempt, source.Group: customer.FieldGroup,
}

// row is a record as a customer.
func (w *world) row(plan *Plan, rec *source.Record) customer.ImportRow {
	in := customer.ImportRow{Create: customer.Create{
		Email: rec.Email, FirstName: rec.FirstName, LastName: rec.LastName, Company: rec.Company, Phone: rec.Phone, Notes: rec.Notes, TaxExemptCategory: rec.TaxCategory,
		GroupID: w.groups[fold.Text(rec.Group)], RegistrationIP: rec.RegistrationIP, StoreCredit: rec.StoreCredit, AcceptsEmails: rec.AcceptsEmails == source.Yes,
		DateCreated: rec.DateCreated, ImportedHash: rec.Hash, Extent: form.Free,
	}, HasStoreCredit: rec.HasCredit, HasAcceptsEmails: rec.AcceptsEmails != source.Unsaid, MatchID: rec.ID}
	if rec.TaxExempt == source.Yes && in.TaxExemptCategory == "" {
		in.TaxExemptCategory = plan.TaxExempt
	}
	if plan.Empty && plan.OnExisting == customer.OverwriteExisting {
		for i := range plan.Columns {
			if f := emptied[plan.Columns[i].Field]; f != "" && rec.Blank(i) {
				in.Empty = append(in.Empty, f)
			}
		}
	}
	for i := range rec.Addresses {
		in.Addresses = append(in.Addresses, customer.AddressCreate{AddressFields: rec.Addresses[i].Fields()})
	}
	values := map[string]string{}
	for _, v := range rec.Own {
		switch v.Field {
		case source.Attribute:
			values[v.Name] = v.Value
		case source.FormField:
			in.FormFields = append(in.FormFields, form.Input{Name: v.Name, Value: form.Text(v.Value)})
		}
	}
	if len(rec.Tags) > 0 {
		values[tagsAttribute] = strings.Join(rec.Tags, ", ")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if id := w.attributes[fold.Text(name)]; id != 0 {
			in.Attributes = append(in.Attributes, customer.AttributeInput{AttributeID: id, Value: values[name]})
		}
	}
	return in
}
