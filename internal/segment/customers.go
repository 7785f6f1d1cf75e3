package segment

import (
	"context"
	"slices"

	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// SizeBound is up to how many members of a segment are counted.
const SizeBound = 10_000

var segmentSize = sqldb.Static(`SELECT COUNT(*) FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id <= COALESCE(
	(SELECT m.profile_id FROM segment_members m WHERE m.store_id = $1 AND m.segment_id = $2 ORDER BY m.profile_id LIMIT 1 OFFSET $3), 9223372036854775807)`)

// Sizes returns how many members segments have, by the segments' ids. More than
// SizeBound are that and one.
func (s *Service) Sizes(ctx context.Context, storeID int64, segments ...int64) (map[int64]int64, error) {
	out := make(map[int64]int64, len(segments))
	qs := make([]sqldb.Q, 0, len(segments))
	for _, id := range segments {
		qs = append(qs, sqldb.Q{Stmt: segmentSize, Args: []any{id, int64(SizeBound)}, Each: func(r *sqldb.Row) error { out[id] = r.Int(0); return nil }})
	}
	return out, s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error { return tx.Pipeline(qs...) })
}

// Customers returns the customers of a page of a segment's members, in the order
// of the list.
func (s *Service) Customers(ctx context.Context, storeID, segmentID int64, q *listing.Query) (out []int64, res *listing.Result, err error) {
	q.Where("segment", listing.In, []int64{segmentID}, nil)
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		var profiles []int64
		if res, err = q.Run(tx, "profile_id", func(r *sqldb.Row) error { profiles = append(profiles, r.Int(0)); return nil }); err != nil || len(profiles) == 0 {
			return err
		}
		if q.Reversed() {
			slices.Reverse(profiles)
		}
		of := make(map[int64]int64, len(profiles))
		in, args := sqldb.In(nil, profiles)
		err := tx.Query(sqldb.Dynamic(`SELECT id, customer_id FROM shopper_profiles WHERE store_id = $1 AND id IN `+in), func(r *sqldb.Row) error {
			of[r.Int(0)] = r.Int(1)
			return nil
		}, args...)
		out = out[:0]
		for _, id := range profiles {
			if customer, there := of[id]; there {
				out = append(out, customer)
			}
		}
		return err
	})
	return out, res, err
}

// AddCustomers puts customers into a segment who are not in it, and returns how
// many those are. Who has no shopper profile gets one.
func (s *Service) AddCustomers(ctx context.Context, storeID int64, segment string, customers []int64) (added int, err error) {
	customers = slices.Compact(slices.Sorted(slices.Values(customers)))
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		who, err := s.PutInTx(tx, segment, customers)
		added = len(who)
		return err
	})
	return added, err
}

// PutInTx is AddCustomers of sorted customers, each once, inside a transaction. It
// returns those who were not in the segment.
func (s *Service) PutInTx(tx *sqldb.Tx, segment string, customers []int64) ([]int64, error) {
	id, err := idOf(tx, segmentByUUID, segment, errNoSegment)
	if err != nil {
		return nil, err
	}
	return s.addCustomers(tx, id, normalize(segment), customers)
}

// TakeOutTx takes customers out of a segment inside a transaction, and returns those
// who were in it.
func (s *Service) TakeOutTx(tx *sqldb.Tx, segment string, customers []int64) (gone []int64, err error) {
	var profiles []int64
	id, err := idOf(tx, segmentByUUID, segment, errNoSegment)
	if err != nil || len(customers) == 0 {
		return nil, err
	}
	if err := refuseByHand(tx, id, normalize(segment), 1); err != nil {
		return nil, err
	}
	if err := tx.Pipeline(among("shopper_profiles", "customer_id", " ORDER BY id"+tx.ForUpdate(), customers, map[int64]bool{})); err != nil {
		return nil, err
	}
	in, args := sqldb.In([]any{id}, customers)
	if err := tx.Query(sqldb.Dynamic(`SELECT p.id, p.customer_id FROM shopper_profiles p JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id AND m.segment_id = $2
		WHERE p.store_id = $1 AND p.customer_id IN `+in+` ORDER BY p.id`), func(r *sqldb.Row) error {
		profiles, gone = append(profiles, r.Int(0)), append(gone, r.Int(1))
		return nil
	}, args...); err != nil || len(profiles) == 0 {
		return nil, err
	}
	return gone, s.takeOut(tx, id, profiles, func(each []history.Entry) []history.Entry { return each })
}

// AddTx is AddCustomers of a segment that is named, and made where there is none.
// A segment with a rule is a fault.
func (s *Service) AddTx(tx *sqldb.Tx, name string, customers []int64) (added int, err error) {
	in := Create{Name: name}
	if err := checkCreate([]Create{in}); err != nil {
		return 0, err
	}
	id, err := s.ensure(tx, in)
	if err != nil {
		return 0, err
	}
	who, err := s.addCustomers(tx, id, name, slices.Compact(slices.Sorted(slices.Values(customers))))
	return len(who), err
}

// addCustomers is AddCustomers of sorted customers, each once, and returns who was
// not in the segment. segment is what the segment is called in a fault.
func (s *Service) addCustomers(tx *sqldb.Tx, id int64, segment string, customers []int64) (added []int64, err error) {
	if err := refuseByHand(tx, id, segment, 1); err != nil {
		return nil, err
	}
	profiles, err := profilesOf(tx, customers)
	if err != nil {
		return nil, err
	}
	var without []int64
	for _, c := range customers {
		if profiles[c] == "" {
			without = append(without, c)
		}
	}
	if len(without) > 0 {
		made, err := s.createProfiles(tx, without, nil)
		if err != nil {
			return nil, err
		}
		for _, p := range made {
			profiles[p.CustomerID] = p.UUID
		}
	}
	in, args := sqldb.In([]any{id}, customers)
	if err := tx.Query(sqldb.Dynamic(`SELECT p.customer_id FROM shopper_profiles p JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id AND m.segment_id = $2
		WHERE p.store_id = $1 AND p.customer_id IN `+in), func(r *sqldb.Row) error { delete(profiles, r.Int(0)); return nil }, args...); err != nil {
		return nil, err
	}
	var uuids []string
	for _, c := range customers {
		if uuid := profiles[c]; uuid != "" {
			uuids, added = append(uuids, uuid), append(added, c)
		}
	}
	if len(uuids) == 0 {
		return nil, nil
	}
	_, err = s.addMembers(tx, id, segment, uuids)
	return added, err
}

// RemoveCustomers takes customers out of a segment, and returns how many were in
// it.
func (s *Service) RemoveCustomers(ctx context.Context, storeID int64, segment string, customers ...int64) (int, error) {
	var uuids []string
	if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		profiles, err := profilesOf(tx, customers)
		uuids = uuids[:0]
		for _, uuid := range profiles {
			uuids = append(uuids, uuid)
		}
		return err
	}); err != nil || len(uuids) == 0 {
		return 0, err
	}
	return s.RemoveMembers(ctx, storeID, segment, RemoveMemberList.New().Where("id", listing.In, nil, uuids))
}

// profilesOf returns the profiles that customers have.
func profilesOf(tx *sqldb.Tx, customers []int64) (map[int64]string, error) {
	out := make(map[int64]string, len(customers))
	if len(customers) == 0 {
		return out, nil
	}
	in, args := sqldb.In(nil, customers)
	return out, tx.Pipeline(ProfileQuery(` IN `+in, args, func(customer int64, uuid string) { out[customer] = uuid }))
}
