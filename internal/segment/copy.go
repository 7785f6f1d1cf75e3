package segment

import (
	"cmp"
	"maps"
	"slices"

	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// CopyTx makes segments what another store has them to be, with their UUIDs: all of
// them or, if any breaks a rule, none. It returns how many became different.
func (s *Service) CopyTx(tx *sqldb.Tx, in []Create) (changed int, err error) {
	for i := range in {
		in[i].UUID = normalize(in[i].UUID)
	}
	if err := checkCreate(in); err != nil || len(in) == 0 {
		return 0, err
	}
	uuids := make([]string, len(in))
	for i := range in {
		uuids[i] = in[i].UUID
	}
	there := map[string]Segment{}
	if err := lock(tx, "segments", segmentColumns, uuids, func(r *sqldb.Row) error {
		var one Segment
		one.scan(r)
		there[one.UUID] = one
		return nil
	}); err != nil {
		return 0, err
	}
	var fresh []Create
	var changes []Update
	for _, c := range in {
		switch old, has := there[c.UUID]; {
		case !has:
			fresh = append(fresh, c)
		case old.Name != c.Name || old.Description != c.Description:
			changes = append(changes, Update{UUID: c.UUID, Name: opt.Some(c.Name), Description: opt.Some(c.Description)})
		}
	}
	if len(changes) > 0 {
		if _, err := update(tx, changes, s.sys.Now()); err != nil {
			return 0, err
		}
	}
	if len(fresh) > 0 {
		if _, err := s.create(tx, fresh); err != nil {
			return 0, err
		}
	}
	return len(fresh) + len(changes), nil
}

// Membership is a customer's profile and segments, by their UUIDs.
type Membership struct {
	CustomerID int64
	Profile    string // empty: none
	Segments   []string
}

var (
	segmentIDs = sqldb.Static(`SELECT id, uuid FROM segments WHERE store_id = $1`)
	ruledIDs   = sqldb.Static(`SELECT segment_id FROM segment_rules WHERE store_id = $1`)
	dropMember = sqldb.Static(`DELETE FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id = $3`)
)

// CopyMembersTx gives customers, who are here, the profiles and the segments that they
// have in another store. What segments hold by a rule stays, as do profiles that
// are here already. It returns how many customers became different.
func (s *Service) CopyMembersTx(tx *sqldb.Tx, in []Membership) (changed int, err error) {
	var owners []int64
	for i := range in {
		owners = append(owners, in[i].CustomerID)
	}
	if len(owners) == 0 {
		return 0, nil
	}
	profiles := map[int64]Profile{} // by customer
	of, args := sqldb.In(nil, owners)
	byUUID, ruled := map[string]int64{}, map[int64]bool{}
	if err := tx.Pipeline(
		among("customers", "id", " ORDER BY id"+tx.ForUpdate(), owners, map[int64]bool{}),
		sqldb.Q{
			Stmt: sqldb.Dynamic(`SELECT ` + profileColumns + ` FROM shopper_profiles WHERE store_id = $1 AND customer_id IN ` + of + ` ORDER BY id` + tx.ForUpdate()), Args: args,
			Each: func(r *sqldb.Row) error {
				var p Profile
				p.scan(r)
				profiles[p.CustomerID] = p
				return nil
			},
		},
		sqldb.Q{Stmt: segmentIDs, Each: func(r *sqldb.Row) error { byUUID[r.Text(1)] = r.Int(0); return nil }},
		sqldb.Q{Stmt: ruledIDs, Each: func(r *sqldb.Row) error { ruled[r.Int(0)] = true; return nil }},
	); err != nil {
		return 0, err
	}
	became := map[int64]bool{}
	var fresh []int64
	uuids := map[int64]string{}
	for i := range in {
		m := &in[i]
		if _, has := profiles[m.CustomerID]; !has && m.Profile != "" {
			fresh = append(fresh, m.CustomerID)
			uuids[m.CustomerID] = normalize(m.Profile)
			became[m.CustomerID] = true
		}
	}
	if len(fresh) > 0 {
		made, err := s.createProfiles(tx, fresh, uuids)
		if err != nil {
			return 0, err
		}
		for _, p := range made {
			profiles[p.CustomerID] = p
		}
	}
	has, err := membersWith(tx, profiles)
	if err != nil {
		return 0, err
	}
	var moves []membershipMove
	for i := range in {
		p, ok := profiles[in[i].CustomerID]
		if !ok {
			continue
		}
		wanted := map[int64]bool{}
		for _, uuid := range in[i].Segments {
			id := byUUID[normalize(uuid)]
			if wanted[id] = true; id != 0 && !ruled[id] && !has[p.ID][id] {
				moves = append(moves, membershipMove{p, id, true})
			}
		}
		for id := range has[p.ID] {
			if !wanted[id] && !ruled[id] {
				moves = append(moves, membershipMove{p, id, false})
			}
		}
	}
	for _, m := range moves {
		became[m.CustomerID] = true
	}
	return len(became), s.move(tx, moves)
}

// membersWith returns the segments of profiles, by the profile's id.
func membersWith(tx *sqldb.Tx, profiles map[int64]Profile) (map[int64]map[int64]bool, error) {
	has := map[int64]map[int64]bool{}
	var ids []int64
	for _, p := range profiles {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return has, nil
	}
	slices.Sort(ids)
	in, args := sqldb.In(nil, ids)
	return has, tx.Query(sqldb.Dynamic(`SELECT profile_id, segment_id FROM segment_members WHERE store_id = $1 AND profile_id IN `+in), func(r *sqldb.Row) error {
		if has[r.Int(0)] == nil {
			has[r.Int(0)] = map[int64]bool{}
		}
		has[r.Int(0)][r.Int(1)] = true
		return nil
	}, args...)
}

// membershipMove is that a profile enters or leaves a segment.
type membershipMove struct {
	Profile
	segment int64
	enters  bool
}

// move writes what becomes of members whose customers and profiles are locked.
func (s *Service) move(tx *sqldb.Tx, moves []membershipMove) error {
	if len(moves) == 0 {
		return nil
	}
	slices.SortFunc(moves, func(a, b membershipMove) int {
		return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(a.ID, b.ID))
	})
	now := s.sys.Now()
	entries := make([]history.Entry, len(moves))
	var touched, customers []int64
	more := map[int64]int64{}
	for i := range moves {
		m := &moves[i]
		touched, customers = append(touched, m.ID), append(customers, m.CustomerID)
		if m.enters {
			entries[i] = m.moves(0, m.segment)
			more[m.segment]++
		} else {
			entries[i] = m.moves(m.segment, 0)
			more[m.segment]--
		}
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	for _, m := range moves {
		var err error
		if m.enters {
			err = tx.Exec(insertMember, m.segment, m.ID, now)
		} else {
			err = tx.Exec(dropMember, m.segment, m.ID)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(maps.Keys(more)) {
		if err := joined(tx, id, more[id]); err != nil {
			return err
		}
	}
	if err := touch(tx, touched, now); err != nil {
		return err
	}
	return rule.MarkIf(tx, customers...)
}
