package bulk

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/subscriber"
)

// Preview is whom something would be done to.
type Preview struct {
	Count int64
	// Complete is false where there may be more than Count.
	Complete bool
	// Rule is the rule with the names that things have now; empty: none.
	Rule     string
	Examples []int64

	bound string
}

// Preview counts whom options select. A rule that cannot be read is a *rule.Fault.
func (s *Service) Preview(ctx context.Context, storeID int64, o Options) (*Preview, error) {
	if o.Subject != Customers && o.Subject != Subscribers {
		return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldSelection, Code: fault.NotAccepted})
	}
	if len(o.IDs) > MaxNamed {
		return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldSelection, Code: fault.TooManyItems, Why: WhyMany, Want: strconv.Itoa(MaxNamed)})
	}
	if o.Subject == Subscribers {
		return s.previewSubscribers(ctx, storeID, o)
	}
	if o.IDs != nil {
		there := map[int64]bool{}
		if err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) { there, err = customer.AreThere(tx, o.IDs); return err }); err != nil {
			return nil, err
		}
		return named(o.IDs, there), nil
	}
	if o.Rule == "" {
		b, err := s.Customers.Browse(ctx, storeID, customer.Browse{Desc: true, Limit: Examples})
		if err != nil {
			return nil, err
		}
		out := &Preview{Count: b.Total, Complete: !b.Over && b.Total >= 0}
		for i := range b.Customers {
			out.Examples = append(out.Examples, b.Customers[i].ID)
		}
		return out, nil
	}
	asked, names, err := s.ask(ctx, storeID, o.Rule)
	if err != nil {
		return nil, err
	}
	p, err := s.Rules.Preview(ctx, storeID, asked.Node)
	if err != nil {
		return nil, err
	}
	return &Preview{Count: p.Count, Complete: p.Complete, Rule: asked.Node.String(), Examples: p.Customers[:min(len(p.Customers), Examples)], bound: names.Bind(asked.Node).String()}, nil
}

// named is the preview of those of some ids that there are.
func named(ids []int64, there map[int64]bool) *Preview {
	out := &Preview{Complete: true}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if there[id] {
			if out.Count++; len(out.Examples) < Examples {
				out.Examples = append(out.Examples, id)
			}
		}
	}
	return out
}

func (s *Service) previewSubscribers(ctx context.Context, storeID int64, o Options) (*Preview, error) {
	in, err := subscriber.ParseBrowse(o.Filter)
	if err != nil {
		return nil, err
	}
	if o.IDs != nil {
		there := map[int64]bool{}
		err := s.DB.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			subs, err := subscriber.ReadByID(tx, o.IDs)
			for i := range subs {
				there[subs[i].ID] = true
			}
			return err
		})
		return named(o.IDs, there), err
	}
	seen, err := s.Subscribers.Choose(ctx, storeID, in, Examples)
	if err != nil {
		return nil, err
	}
	return &Preview{Count: seen.Count, Complete: seen.Complete, Examples: seen.Examples}, nil
}

// ask reads a rule.
func (s *Service) ask(ctx context.Context, storeID int64, text string) (*segment.Asked, *rule.Names, error) {
	n, err := rule.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	names, asked, err := s.Rules.Ask(ctx, storeID, n)
	return asked, names, err
}

// selection finds those whom a bulk action comes to, in the order of their ids.
type selection struct {
	a       *Action
	asked   *segment.Asked
	filter  subscriber.Browse
	stretch int64
}

func (s *Service) selection(ctx context.Context, storeID int64, a *Action) (*selection, error) {
	out := &selection{a: a, stretch: s.stretch}
	var err error
	switch {
	case a.IDs != nil:
	case a.Subject == Subscribers:
		out.filter, err = subscriber.ParseBrowse(a.Filter)
	case a.Rule != "":
		if out.asked, _, err = s.ask(ctx, storeID, a.Rule); err == nil {
			out.asked.Clock.Now = a.Created // "the last 30 days" are those before it began
		}
	}
	if f := new(rule.Fault); errors.As(err, &f) {
		err = fault.New(fault.Invalid, "The rule cannot be used any more: something that it names is gone.")
	}
	return out, err
}

// next returns the ids after one, n at most, and up to which id that is.
func (c *selection) next(tx *sqldb.Tx, after, n int64) (ids []int64, to int64, err error) {
	switch {
	case c.a.IDs != nil:
		for _, id := range c.a.IDs {
			if id > after && int64(len(ids)) < n {
				ids = append(ids, id)
			}
		}
		to = c.a.last
	case c.a.Subject == Subscribers:
		to = min(after+c.stretch, c.a.last)
		ids, err = c.filter.Some(tx, after, to, n)
	default:
		to = min(after+c.stretch, c.a.last)
		where, args := ``, []any{after, to}
		if c.asked != nil {
			where, args = c.asked.Checked.SQL(tx, c.asked.Clock, args, true)
			where = ` AND ` + where
		}
		err = tx.Query(rule.Select(`id > $2 AND id <= $3`+where+` ORDER BY id LIMIT `+strconv.FormatInt(n, 10)), func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, args...)
	}
	if int64(len(ids)) == n && n > 0 {
		to = ids[n-1]
	}
	return ids, to, err
}

// still leaves those whom the rule finds yet: they are locked by now, or will be.
func (c *selection) still(tx *sqldb.Tx, ids []int64) ([]int64, error) {
	if c.asked == nil || len(ids) == 0 {
		return ids, nil
	}
	in, args := sqldb.In(nil, ids)
	where, args := c.asked.Checked.SQL(tx, c.asked.Clock, args, true)
	var out []int64
	err := tx.Query(rule.Select(`id IN `+in+` AND `+where+` ORDER BY id`), func(r *sqldb.Row) error { out = append(out, r.Int(0)); return nil }, args...)
	return out, err
}
