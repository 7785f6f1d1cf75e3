package transfer

import (
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/transfer/source"
)

// Files of store credit and of group members change one thing of a customer a row. It
// is kept what that was before, by the lines of the file: an undo goes back from the
// last line to the first.

// The codes of rows that change nobody.
const (
	NoSuchGroup      = "no_such_group"
	SeveralCustomers = "several_customers"
)

// undoChanges is where an undo of such a file is: see Undone.At.
const undoChanges = "changes"

var (
	insertChange = sqldb.StaticRows(`INSERT INTO import_changes (store_id, import_id, line, customer_id, old_value, new_value) VALUES `, 1, 4, 5, ``)
	lastChanges  = sqldb.Static(`SELECT line, customer_id, old_value, new_value FROM import_changes WHERE store_id = $1 AND import_id = $2 AND line < $3 ORDER BY line DESC LIMIT $4`)
	dropChanges  = sqldb.Static(`DELETE FROM import_changes WHERE store_id = $1 AND import_id = $2 AND line IN (SELECT c.line FROM import_changes c WHERE c.store_id = $1 AND c.import_id = $2 ORDER BY c.line LIMIT $3)`)
)

// changes takes records that change customers who are there, and returns which were
// taken.
func (t *taking) changes(records []source.Record) ([]bool, error) {
	for i := range records {
		for _, p := range records[i].Problems {
			t.problem(p.Line, p.Column, p.Code, p.Warning)
		}
	}
	of, err := t.whose(records)
	if err != nil {
		return nil, err
	}
	taken := make([]bool, len(records))
	if t.imp.Plan.Kind == source.Credit {
		return taken, t.credits(records, of, taken)
	}
	return taken, t.members(records, of, taken)
}

// whose returns the customers that records are about, 0 for those that are not taken.
func (t *taking) whose(records []source.Record) ([]int64, error) {
	byID := func(rec *source.Record) bool { return t.imp.Plan.ByID && rec.ID != 0 }
	var emails []string
	var ids []int64
	seen := map[string]bool{}
	for i := range records {
		switch rec := &records[i]; {
		case rec.Refused():
		case byID(rec):
			ids = append(ids, rec.ID)
		case !seen[email.Key(rec.Email)]:
			seen[email.Key(rec.Email)] = true
			emails = append(emails, rec.Email)
		}
	}
	found, err := customer.FindTx(t.tx, emails)
	if err != nil {
		return nil, err
	}
	there, err := customer.AreThere(t.tx, ids)
	if err != nil {
		return nil, err
	}
	of := make([]int64, len(records))
	for i := range records {
		rec := &records[i]
		switch owners := found[email.Key(rec.Email)]; {
		case rec.Refused():
		case byID(rec) && there[rec.ID]:
			of[i] = rec.ID
		case byID(rec):
			t.wrong(rec, customer.FieldID, NoCustomer)
		case len(owners) == 1:
			of[i] = owners[0]
		case len(owners) == 0:
			t.wrong(rec, customer.FieldEmail, NoCustomer)
		default:
			t.wrong(rec, customer.FieldEmail, SeveralCustomers)
		}
	}
	return of, nil
}

// wrong tells why a record is not taken.
func (t *taking) wrong(rec *source.Record, field fault.Field, code string) {
	t.problem(rec.Rows[0].Line, t.imp.Plan.columnOf(field, false), code, false)
}

// changedTo notes that a record has changed a customer, and what would undo that.
func (t *taking) changedTo(rec *source.Record, id, before, after int64) {
	t.imp.Counts.Changed++
	t.exampleOf("changed", rec)
	t.changed = append(t.changed, rec.Rows[0].Line, id, before, after)
}

func (t *taking) unchanged(rec *source.Record) {
	t.imp.Counts.Unchanged++
	t.exampleOf("unchanged", rec)
}

// creditor is who has the entries of credit made.
func (i *Import) creditor() credit.Actor {
	return credit.Actor{Kind: i.By.Kind.String(), ID: i.By.ID, Name: i.By.Name}
}

// credits makes entries of store credit of records.
func (t *taking) credits(records []source.Record, of []int64, taken []bool) error {
	var rows []credit.Write
	var at []int
	for i := range records {
		if of[i] != 0 {
			rows = append(rows, credit.Write{CustomerID: of[i], Amount: records[i].StoreCredit, Reason: records[i].Reason, Reference: t.imp.report(), By: t.imp.creditor()})
			at = append(at, i)
		}
	}
	done, err := t.s.credit.ImportTx(t.tx, rows, t.imp.Plan.SetCredit, t.overdraft)
	if err != nil {
		return err
	}
	for n, i := range at {
		rec := &records[i]
		if done[n].Err != nil {
			t.broken(rec, done[n].Err)
			continue
		}
		if taken[i] = true; done[n].EntryID == 0 {
			t.unchanged(rec)
		} else {
			t.changedTo(rec, of[i], 0, done[n].EntryID)
		}
	}
	return nil
}

// members puts the customers of records into groups. Rows of one customer are taken
// one after the other.
func (t *taking) members(records []source.Record, of []int64, taken []bool) error {
	var ids []int64
	for _, id := range of {
		if id != 0 {
			ids = append(ids, id)
		}
	}
	// All of them before the store's counters.
	if _, err := customer.Hold(t.tx, ids...); err != nil {
		return err
	}
	for from := 0; from < len(records); {
		to, seen := from, map[int64]bool{}
		for ; to < len(records) && (of[to] == 0 || !seen[of[to]]); to++ {
			seen[of[to]] = true
		}
		if err := t.someMembers(records[from:to], of[from:to], taken[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// someMembers is members of records of which no two are about one customer.
func (t *taking) someMembers(records []source.Record, of []int64, taken []bool) error {
	var ids []int64
	for _, id := range of {
		if id != 0 {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	before, err := t.s.customers.Groups(t.tx, ids)
	if err != nil {
		return err
	}
	var moves []segment.Regroup
	into := map[int64]int64{}
	for i := range records {
		rec, id := &records[i], of[i]
		was, there := before[id]
		if id == 0 {
			continue
		}
		group := rec.GroupID
		if group == 0 {
			group = t.groups[fold.Text(rec.Group)]
		}
		switch {
		case !there: // gone meanwhile
			t.wrong(rec, customer.FieldID, NoCustomer)
		case group == 0 && rec.Group != "":
			t.wrong(rec, customer.FieldGroup, NoSuchGroup)
		case group == 0 && !t.imp.Plan.Empty:
			taken[i] = true
			t.imp.Counts.Skipped++
			t.exampleOf("skipped", rec)
		case group == was:
			taken[i] = true
			t.unchanged(rec)
		default:
			into[id] = group
			moves = append(moves, segment.Regroup{CustomerID: id, From: was, To: group})
		}
	}
	done := map[int64]bool{}
	if len(moves) > 0 {
		if done, err = t.s.customers.Regroup(t.tx, moves); err != nil {
			return err
		}
	}
	for i := range records {
		group, moves := into[of[i]]
		switch {
		case !moves:
		case done[of[i]]:
			taken[i] = true
			t.changedTo(&records[i], of[i], before[of[i]], group)
		default: // the group is not there
			t.wrong(&records[i], customer.FieldGroup, NoSuchGroup)
		}
	}
	return nil
}

// undoChanged gives the next customers back what they had. At the end u.At is empty.
func (s *Service) undoChanged(tx *sqldb.Tx, imp *Import, u *Undone) error {
	type changed struct{ line, id, before, after int64 }
	var some []changed
	seen, twice := map[int64]bool{}, false
	if err := tx.Query(lastChanges, func(r *sqldb.Row) error {
		c := changed{r.Int(0), r.Int(1), r.Int(2), r.Int(3)}
		if twice = twice || seen[c.id]; !twice { // its earlier change comes with the next ones
			seen[c.id] = true
			some = append(some, c)
		}
		return nil
	}, imp.ID, u.After, int64(undoneAtOnce)); err != nil {
		return err
	}
	if len(some) == 0 {
		u.At, u.After = "", 0
		return nil
	}
	u.After = some[len(some)-1].line
	var back map[int64]bool
	var err error
	if imp.Plan.Kind == source.Credit {
		settings, wrong := store.ReadSettings(tx)
		if wrong != nil {
			return wrong
		}
		var rows []credit.Write
		for _, c := range some {
			rows = append(rows, credit.Write{CustomerID: c.id, Kind: credit.Revert, EntryID: c.after, Reference: imp.report(), By: imp.creditor()})
		}
		back, err = s.credit.RevertTx(tx, rows, settings.NegativeCredit)
	} else {
		var rows []segment.Regroup
		for _, c := range some {
			rows = append(rows, segment.Regroup{CustomerID: c.id, From: c.after, To: c.before, Back: true})
		}
		back, err = s.customers.Regroup(tx, rows)
	}
	for _, c := range some {
		if back[c.id] {
			u.Changed++
		} else if u.KeptChanged++; len(u.Kept) < maxListed {
			u.Kept = append(u.Kept, c.id)
		}
	}
	return err
}
