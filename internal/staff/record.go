package staff

import (
	"clientele/internal/history"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// described are the fields of a person that the history tells of.
var described = history.Table[Person]{
	history.Personal(history.TextColumn(history.FieldEmail, func(p *Person) string { return p.Email })),
	history.Personal(history.TextColumn(history.FieldName, func(p *Person) string { return p.Name })),
	history.TextColumn(history.FieldLocale, func(p *Person) string { return p.Locale }),
	history.TextColumn(history.FieldTimezone, func(p *Person) string { return p.Timezone }),
}

var memberFields = history.Table[Membership]{
	history.TextColumn(history.FieldRole, func(m *Membership) string { return string(m.Role) }),
	history.TextsColumn(history.FieldGrants, func(m *Membership) []string {
		var out []string
		for _, p := range m.Grants {
			out = append(out, p.String())
		}
		return out
	}),
}

// record records entries of the installation.
func record(tx *sqldb.Tx, now int64, entries ...history.Entry) error {
	return recordIn(tx.In(AllStores), now, entries...)
}

func recordIn(tx *sqldb.Tx, now int64, entries ...history.Entry) error {
	c, err := store.Advance{Entries: int64(len(entries))}.Run(tx)
	if err != nil {
		return err
	}
	return history.Record(tx, c.EntryID, now, entries)
}

// recordMembership records in the history of the store that it is of what became
// of a membership.
func recordMembership(tx *sqldb.Tx, now int64, action history.Action, before, after *Membership) error {
	m := after
	if m == nil {
		m = before
	}
	e := history.Entry{Action: action, Resource: history.StaffMember, ID: m.StaffID}
	memberFields.Diff(&e, before, after)
	return recordIn(tx.In(m.StoreID), now, e)
}
