package group

import (
	"strconv"

	"clientele/internal/history"
	"clientele/internal/jsonx"
	"clientele/internal/sqldb"
)

// What the history tells of changes.
var (
	groupHistory = history.Table[Group]{
		history.TextColumn(history.FieldName, func(g *Group) string { return g.Name }),
		history.FlagColumn(history.FieldDefault, func(g *Group) bool { return g.IsDefault }),
		history.FlagColumn(history.FieldGuests, func(g *Group) bool { return g.IsGuest }),
		history.JSONColumn(history.FieldCategoryAccess, func(g *Group) string { return g.Access.told() }),
		history.JSONColumn(history.FieldDiscountRules, func(g *Group) string { return toldRules(g.Discounts()) }),
	}
	assignmentHistory = history.Table[Assignment]{
		history.IntColumn(history.FieldPriceList, func(a *Assignment) int64 { return a.PriceListID }),
		history.IntColumn(history.FieldGroup, func(a *Assignment) int64 { return a.GroupID }),
		history.IntColumn(history.FieldChannel, func(a *Assignment) int64 { return a.ChannelID }),
	}
)

func (a *Access) told() string {
	b := jsonx.AppendString([]byte(`{"type":`), a.Type)
	if len(a.Categories) > 0 {
		b = jsonx.AppendInts(append(b, `,"categories":`...), a.Categories)
	}
	return string(append(b, '}'))
}

// toldRules returns the JSON text of discounts; none is empty.
func toldRules(rules []Rule) string {
	if len(rules) == 0 {
		return ""
	}
	b := []byte{'['}
	for i := range rules {
		r := &rules[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = jsonx.AppendString(append(b, `{"type":`...), r.Type)
		b = jsonx.AppendString(append(b, `,"method":`...), r.Method)
		b = jsonx.AppendDecimal(append(b, `,"amount":`...), r.Amount, AmountScale)
		if target := Target(r.Type); target != "" {
			b = strconv.AppendInt(append(b, `,"target_id":`...), r.Target, 10)
		}
		b = append(b, '}')
	}
	return string(append(b, ']'))
}

// enter records a change of a group. The caller holds the store's counters.
func (g *Group) enter(tx *sqldb.Tx, now int64, before, after *Group) error {
	e := groupHistory.Change(history.Group, g.ID, 0, before, after)
	if !e.Changed() {
		return nil // it is the price list alone
	}
	return history.Enter(tx, now, e)
}

// flip runs a statement that changes a flag of groups and returns their ids, and
// records it. The caller holds the store's counters.
func flip(tx *sqldb.Tx, stmt *sqldb.Stmt, flag history.Field, on bool, id, now int64) error {
	was, is := "true", "false"
	if on {
		was, is = is, was
	}
	var entries []history.Entry
	if err := tx.Query(stmt, func(r *sqldb.Row) error {
		e := history.Entry{Action: history.Updated, Resource: history.Group, ID: r.Int(0)}
		e.Add(false, flag, was, is)
		entries = append(entries, e)
		return nil
	}, id, now); err != nil {
		return err
	}
	return history.Enter(tx, now, entries...)
}

func (a *Assignment) changeOf(before, after *Assignment) history.Entry {
	return assignmentHistory.Change(history.PriceListAssignment, a.ID, 0, before, after)
}
