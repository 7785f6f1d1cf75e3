package customer

import (
	"clientele/internal/form"
	"clientele/internal/group"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

var attributeNames = sqldb.Static(`SELECT id, name, type FROM attributes WHERE store_id = $1 ORDER BY id`)

// Names implements segment.World.
func (s *Service) Names(tx *sqldb.Tx) (*rule.Names, error) {
	n := &rule.Names{Consents: subscriber.Consents}
	var fields form.Form
	err := tx.Pipeline(
		group.NamesQuery(func(id int64, name string, isDefault bool) {
			g := rule.Named{ID: id, Name: name}
			if isDefault {
				g.Type = rule.DefaultGroup
			}
			n.Groups = append(n.Groups, g)
		}),
		store.ChannelNamesQuery(func(id int64, name string) { n.Channels = append(n.Channels, rule.Named{ID: id, Name: name}) }),
		sqldb.Q{Stmt: attributeNames, Each: func(r *sqldb.Row) error {
			n.Attributes = append(n.Attributes, rule.Named{ID: r.Int(0), Name: r.Text(1), Type: r.Text(2)})
			return nil
		}},
		form.Query(form.Customer, false, &fields),
	)
	for i := range fields {
		n.FormFields = append(n.FormFields, rule.Named{ID: fields[i].ID, Name: fields[i].Name, Type: fields[i].Type})
	}
	return n, err
}

// Groups implements segment.World.
func (s *Service) Groups(tx *sqldb.Tx, ids []int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	return out, tx.Pipeline(groupsQuery(ids, "", out))
}

func groupsQuery(ids []int64, lock string, into map[int64]int64) sqldb.Q {
	list, args := sqldb.In(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id, customer_group_id FROM customers WHERE store_id = $1 AND id IN ` + list + ` ORDER BY id` + lock),
		Args: args,
		Each: func(r *sqldb.Row) error { into[r.Int(0)] = r.Int(1); return nil },
	}
}

// Regroup implements segment.World.
func (s *Service) Regroup(tx *sqldb.Tx, in []segment.Regroup) (map[int64]bool, error) {
	ids := make([]int64, len(in))
	for i := range in {
		ids[i] = in[i].CustomerID
	}
	current := map[int64]int64{}
	if err := tx.Pipeline(groupsQuery(ids, tx.ForUpdate(), current)); err != nil {
		return nil, err
	}
	groups := map[int64]bool{}
	for _, r := range in {
		if r.To != 0 {
			groups[r.To] = true
		}
	}
	there := map[int64]bool{0: true}
	for id := range groups {
		found, err := group.Hold(tx, id)
		if err != nil {
			return nil, err
		}
		there[id] = found
	}
	done := map[int64]bool{}
	var updates []Update
	for _, r := range in {
		if now, ok := current[r.CustomerID]; !ok || now != r.From {
			continue
		}
		to := r.To
		if !there[to] {
			if !r.Back {
				continue
			}
			to = 0 // the group held before is gone
		}
		done[r.CustomerID] = true
		updates = append(updates, Update{ID: r.CustomerID, GroupID: opt.Some(to)})
	}
	if len(updates) == 0 {
		return done, nil
	}
	_, err := s.UpdateTx(tx, updates, make([]string, len(updates)))
	return done, err
}
