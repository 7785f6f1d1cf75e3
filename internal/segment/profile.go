package segment

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
)

// CreateProfiles makes shopper profiles for customers who have none: all of
// them or, if any breaks a rule, none.
func (s *Service) CreateProfiles(ctx context.Context, storeID int64, customers []int64) ([]Profile, error) {
	var b fault.Batch
	seen := map[int64]bool{}
	b.Each(len(customers), func(i int, c *fault.Collector) {
		if seen[customers[i]] {
			c.Because(FieldCustomer, fault.Duplicate, WhyCustomerTwice, "")
		}
		seen[customers[i]] = true
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out []Profile
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = s.createProfiles(tx, customers, nil)
		return err
	})
	return out, err
}

// createProfiles takes given UUIDs, by customer, or draws them.
func (s *Service) createProfiles(tx *sqldb.Tx, customers []int64, uuids map[int64]string) ([]Profile, error) {
	// Locked, so that no customer goes before the profile is there.
	known := map[int64]bool{}
	if err := tx.Pipeline(among("customers", "id", " ORDER BY id"+tx.ForUpdate(), customers, known)); err != nil {
		return nil, err
	}
	var b fault.Batch
	b.Each(len(customers), func(i int, c *fault.Collector) {
		if !known[customers[i]] {
			c.Because(FieldCustomer, fault.Unknown, WhyNoCustomer, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	n := int64(len(customers))
	var at last
	have := map[int64]bool{}
	if err := tx.Pipeline(move{profiles: n, total: n}.query(&at), among("shopper_profiles", "customer_id", "", customers, have)); err != nil {
		return nil, err
	}
	b.Each(len(customers), func(i int, c *fault.Collector) {
		if have[customers[i]] {
			c.AddItem(fault.Item{Code: fault.Taken, Why: WhyHasProfile, Value: strconv.FormatInt(customers[i], 10)})
		}
	})
	if len(b.Items) > 0 {
		return nil, clash(len(customers), b.Items)
	}
	now := s.sys.Now()
	out, entries := make([]Profile, n), make([]history.Entry, n)
	for i, customer := range customers {
		out[i] = Profile{ID: at.profile - n + int64(i) + 1, UUID: uuids[customer], CustomerID: customer, DateCreated: now, DateModified: now}
		if out[i].UUID == "" {
			out[i].UUID = s.sys.UUID()
		}
		if err := out[i].insert(tx); err != nil {
			return nil, err
		}
		entries[i] = out[i].changeOf(nil, &out[i])
	}
	return out, history.Enter(tx, now, entries...)
}

// DeleteProfiles removes the profiles that q selects, all of them if it has no
// condition, and returns how many there were. They leave their segments.
// Many go in several transactions.
func (s *Service) DeleteProfiles(ctx context.Context, storeID int64, q *listing.Query) (int, error) {
	return s.eachProfile(ctx, storeID, q, q.Batch, func(tx *sqldb.Tx, at step, ids []int64) error {
		profiles, err := profilesWith(tx, ids)
		if err != nil {
			return err
		}
		entries := make([]history.Entry, len(profiles))
		for i := range profiles {
			entries[i] = profiles[i].changeOf(&profiles[i], nil)
		}
		entries = history.Step(at.first, at.all, history.AllUpTo(history.ShopperProfile, at.all, at.last), entries)
		if err := history.Enter(tx, s.sys.Now(), entries...); err != nil {
			return err
		}
		if err := Forget(tx, ids); err != nil {
			return err
		}
		// Rules have them in again, as other profiles.
		if err := markProfiles(tx, profiles); err != nil {
			return err
		}
		in, args := sqldb.In(nil, ids)
		return tx.Exec(sqldb.Dynamic(`DELETE FROM shopper_profiles WHERE store_id = $1 AND id IN `+in), args...)
	})
}

// step is one of several transactions that do something to all profiles that a
// query selects.
type step struct {
	first     bool
	all, last int64 // how many there were, and the last id
}

// eachProfile hands the profiles that next selects of those of q, as
// listing.Query.Batch does, to fn: locked and in portions of one transaction each.
func (s *Service) eachProfile(ctx context.Context, storeID int64, q *listing.Query, next func(tx *sqldb.Tx, after, last, n int64) ([]int64, error), fn func(tx *sqldb.Tx, at step, ids []int64) error) (int, error) {
	ctx = sqldb.Aside(ctx)
	at := step{first: true}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		end, err := ends(tx)
		if err != nil {
			return err
		}
		at.last = end.profile
		at.all, err = q.Count(tx)
		return err
	})
	n := 0
	for after, more := int64(0), true; more && err == nil; {
		var ids []int64
		err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
			var err error
			if ids, err = next(tx, after, at.last, deleteProfiles); err != nil || len(ids) == 0 {
				return err
			}
			return fn(tx, at, ids)
		})
		if err == nil && len(ids) > 0 {
			n += len(ids)
			after = ids[len(ids)-1]
			at.first = false
		}
		more = len(ids) == deleteProfiles
		ctx = context.WithoutCancel(ctx)
	}
	return n, err
}

// ProfilesOf returns the query for the profiles of customers who are about to
// go, which locks them. It comes before the lock on the store's counters.
func ProfilesOf(tx *sqldb.Tx, customers []int64, into *[]int64) sqldb.Q {
	in, args := sqldb.In(nil, customers)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT id FROM shopper_profiles WHERE store_id = $1 AND customer_id IN ` + in + ` ORDER BY id` + tx.ForDelete()),
		Args: args,
		Each: func(r *sqldb.Row) error { *into = append(*into, r.Int(0)); return nil },
	}
}

// ProfileQuery returns the query for the profiles of customers, to be run in a
// pipeline. of follows the customer's id in a condition, with its arguments.
func ProfileQuery(of string, args []any, each func(customerID int64, uuid string)) sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT customer_id, uuid FROM shopper_profiles WHERE store_id = $1 AND customer_id` + of),
		Args: args,
		Each: func(r *sqldb.Row) error { each(r.Int(0), r.Text(1)); return nil },
	}
}

// SegmentsQuery is ProfileQuery for the segments that customers are in.
func SegmentsQuery(of string, args []any, each func(customerID int64, uuid string)) sqldb.Q {
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT p.customer_id, s.uuid FROM shopper_profiles p
			JOIN segment_members m ON m.store_id = p.store_id AND m.profile_id = p.id
			JOIN segments s ON s.store_id = m.store_id AND s.id = m.segment_id
			WHERE p.store_id = $1 AND p.customer_id` + of + ` ORDER BY p.customer_id, s.id`),
		Args: args,
		Each: func(r *sqldb.Row) error { each(r.Int(0), r.Text(1)); return nil },
	}
}

// Forget takes profiles out of the list's counts; their rows go in the same
// transaction.
func Forget(tx *sqldb.Tx, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var at last
	lost := map[int64]int64{} // members, by segment
	in, args := sqldb.In(nil, ids)
	if err := tx.Pipeline(move{total: -int64(len(ids))}.query(&at), sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT segment_id, COUNT(*) FROM segment_members WHERE store_id = $1 AND profile_id IN ` + in + ` GROUP BY segment_id`),
		Args: args,
		Each: func(r *sqldb.Row) error { lost[r.Int(0)] = r.Int(1); return nil },
	}); err != nil {
		return err
	}
	for id, n := range lost {
		if err := joined(tx, id, -n); err != nil {
			return err
		}
	}
	return listing.ShopperProfiles.Remove(tx, ids...)
}

// AddMembers puts profiles into a segment: all of them or, if one is in it
// already or does not exist, none.
func (s *Service) AddMembers(ctx context.Context, storeID int64, segment string, profiles []string) ([]Profile, error) {
	var out []Profile
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		// The segment is kept before the counters are locked, as when it goes.
		id, err := idOf(tx, sqldb.Dynamic(`SELECT id FROM segments WHERE store_id = $1 AND uuid = $2`+tx.ForShare()), segment, errNoSegment)
		if err != nil {
			return err
		}
		out, err = s.addMembers(tx, id, normalize(segment), profiles)
		return err
	})
	if errors.Is(err, sqldb.ErrForeignKey) {
		err = errNoSegment // it went in between
	}
	return out, err
}

func (s *Service) addMembers(tx *sqldb.Tx, segmentID int64, segment string, uuids []string) ([]Profile, error) {
	order := make([]string, 0, len(uuids)) // without repetitions
	first := map[string]int{}
	for i, u := range uuids {
		u = normalize(u)
		if _, ok := first[u]; !ok {
			first[u] = i
			order = append(order, u)
		}
	}
	if err := refuseByHand(tx, segmentID, segment, len(uuids)); err != nil {
		return nil, err
	}
	// Locked, so that whoever adds the same profile comes after.
	known := map[string]Profile{}
	if err := lock(tx, "shopper_profiles", profileColumns, order, func(r *sqldb.Row) error {
		var p Profile
		p.scan(r)
		known[p.UUID] = p
		return nil
	}); err != nil {
		return nil, err
	}
	var b fault.Batch
	ids := make([]int64, 0, len(order))
	b.Each(len(uuids), func(i int, c *fault.Collector) {
		u := normalize(uuids[i])
		if first[u] != i {
			return
		}
		if p, ok := known[u]; ok {
			ids = append(ids, p.ID)
		} else {
			c.Because("", fault.Unknown, WhyNoProfile, "")
		}
	})
	if err := b.Err(fault.Invalid); err != nil {
		return nil, err
	}
	members := map[int64]bool{}
	in, args := sqldb.In([]any{segmentID}, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT profile_id FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id IN `+in), func(r *sqldb.Row) error {
		members[r.Int(0)] = true
		return nil
	}, args...); err != nil {
		return nil, err
	}
	b.Each(len(uuids), func(i int, c *fault.Collector) {
		if u := normalize(uuids[i]); first[u] == i && members[known[u].ID] {
			c.AddItem(fault.Item{Code: fault.Taken, Why: WhyMember, Value: u, Other: segment})
		}
	})
	if len(b.Items) > 0 {
		return nil, clash(len(uuids), b.Items)
	}
	now := s.sys.Now()
	out, entries := make([]Profile, len(order)), make([]history.Entry, len(order))
	for i, u := range order {
		out[i] = known[u]
		out[i].DateModified = now
		entries[i] = out[i].moves(0, segmentID)
	}
	if err := history.Enter(tx, now, entries...); err != nil {
		return nil, err
	}
	for i := range out {
		if err := tx.Exec(insertMember, segmentID, out[i].ID, now); err != nil {
			return nil, err
		}
	}
	if err := joined(tx, segmentID, int64(len(out))); err != nil {
		return nil, err
	}
	if err := touch(tx, ids, now); err != nil {
		return nil, err
	}
	customers := make([]int64, len(out))
	for i := range out {
		customers[i] = out[i].CustomerID
	}
	return out, rule.MarkIf(tx, customers...)
}

// touch marks profiles as changed.
func touch(tx *sqldb.Tx, ids []int64, now int64) error {
	of, args := sqldb.Within([]any{now}, ids)
	return tx.Exec(sqldb.Dynamic(`UPDATE shopper_profiles SET date_modified = $2 WHERE store_id = $1 AND `+of(`id`)), args...)
}

// RemoveMembers takes the profiles that q selects out of a segment, all of
// them if it has no condition, and returns how many there were.
func (s *Service) RemoveMembers(ctx context.Context, storeID int64, segment string, q *listing.Query) (int, error) {
	var segmentID int64
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		if segmentID, err = idOf(tx, segmentByUUID, segment, errNoSegment); err != nil {
			return err
		}
		return refuseByHand(tx, segmentID, normalize(segment), 1)
	})
	if err != nil {
		return 0, err
	}
	next := q.Batch
	if q.Unfiltered() {
		next = func(tx *sqldb.Tx, after, last, n int64) ([]int64, error) {
			return membersOf(tx, segmentID, after, last, n)
		}
	}
	q.Where("segment", listing.In, []int64{segmentID}, nil)
	return s.eachProfile(ctx, storeID, q, next, func(tx *sqldb.Tx, at step, ids []int64) error {
		return s.takeOut(tx, segmentID, ids, func(each []history.Entry) []history.Entry {
			return history.Step(at.first, at.all, emptied(segmentID, at.all), each)
		})
	})
}

// takeOut takes locked profiles out of a segment. told returns what the history tells
// in place of an entry for each.
func (s *Service) takeOut(tx *sqldb.Tx, segmentID int64, ids []int64, told func(each []history.Entry) []history.Entry) error {
	profiles, err := profilesWith(tx, ids)
	if err != nil {
		return err
	}
	entries := make([]history.Entry, len(profiles))
	for i := range profiles {
		entries[i] = profiles[i].moves(segmentID, 0)
	}
	if err := history.Enter(tx, s.sys.Now(), told(entries)...); err != nil {
		return err
	}
	in, args := sqldb.In([]any{segmentID}, ids)
	gone, err := tx.ExecCount(sqldb.Dynamic(`DELETE FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id IN `+in), args...)
	if err != nil {
		return err
	}
	if err := joined(tx, segmentID, -gone); err != nil {
		return err
	}
	if err := touch(tx, ids, s.sys.Now()); err != nil {
		return err
	}
	return markProfiles(tx, profiles)
}

// markProfiles has the rules look again at the customers of profiles.
func markProfiles(tx *sqldb.Tx, profiles []Profile) error {
	customers := make([]int64, len(profiles))
	for i := range profiles {
		customers[i] = profiles[i].CustomerID
	}
	return rule.MarkIf(tx, customers...)
}

// membersOf is a portion of a segment, whose members may be very many, locked.
func membersOf(tx *sqldb.Tx, segmentID, after, last, n int64) ([]int64, error) {
	var ids []int64
	err := tx.Query(someMembers, func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }, segmentID, after, last, n)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return ids, tx.Pipeline(among("shopper_profiles", "id", " ORDER BY id"+tx.ForUpdate(), ids, map[int64]bool{}))
}

// EnsureProfile makes a customer's profile unless there is one, inside tx.
// An empty UUID is drawn at random.
func (s *Service) EnsureProfile(tx *sqldb.Tx, customer int64, uuid string) (int64, error) {
	uuid = normalize(uuid)
	c := fault.Collector{}
	if uuid != "" {
		checkUUID(&c, FieldProfile, uuid)
	}
	if err := c.Err(fault.Invalid); err != nil {
		return 0, err
	}
	var have []int64
	if err := tx.Pipeline(ProfilesOf(tx, []int64{customer}, &have)); err != nil {
		return 0, err
	}
	if len(have) > 0 {
		return have[0], nil
	}
	made, err := s.createProfiles(tx, []int64{customer}, map[int64]string{customer: uuid})
	if err != nil {
		return 0, err
	}
	return made[0].ID, nil
}

// Ensure makes a segment unless there is one with that UUID or name, and puts
// customers into it who are not, inside tx.
func (s *Service) Ensure(tx *sqldb.Tx, in Create, customers []int64) error {
	in.UUID = normalize(in.UUID)
	if err := checkCreate([]Create{in}); err != nil {
		return err
	}
	id, err := s.ensure(tx, in)
	if err != nil || len(customers) == 0 {
		return err
	}
	if err := tx.Query(sqldb.Dynamic(`SELECT id FROM segments WHERE store_id = $1 AND id = $2`+tx.ForShare()), func(*sqldb.Row) error { return nil }, id); err != nil {
		return err
	}
	var each []int64 // without repetitions
	seen := map[int64]bool{}
	for _, customer := range customers {
		if !seen[customer] {
			seen[customer] = true
			each = append(each, customer)
		}
	}
	for some := range slices.Chunk(each, ensureBite) {
		tx.Replan() // the segment grows with each time
		if err := s.ensureMembers(tx, id, in.Name, some); err != nil {
			return err
		}
	}
	return rule.MarkIf(tx, customers...)
}

// ensureBite is how many customers Ensure puts into a segment at once.
const ensureBite = 200

// ensureMembers puts customers, none of them twice, into a segment who are not.
func (s *Service) ensureMembers(tx *sqldb.Tx, segmentID int64, segment string, customers []int64) error {
	profiles := map[int64]int64{} // by customer
	of, args := sqldb.Within(nil, customers)
	if err := tx.Query(sqldb.Dynamic(`SELECT customer_id, id FROM shopper_profiles WHERE store_id = $1 AND `+of("customer_id")+` ORDER BY id`+tx.ForDelete()), func(r *sqldb.Row) error {
		if profiles[r.Int(0)] == 0 {
			profiles[r.Int(0)] = r.Int(1)
		}
		return nil
	}, args...); err != nil {
		return err
	}
	if absent := slices.DeleteFunc(slices.Clone(customers), func(c int64) bool { return profiles[c] != 0 }); len(absent) > 0 {
		made, err := s.createProfiles(tx, absent, nil)
		if err != nil {
			return err
		}
		for _, p := range made {
			profiles[p.CustomerID] = p.ID
		}
	}
	ids := make([]int64, len(customers))
	for i, c := range customers {
		ids[i] = profiles[c]
	}
	member := map[int64]bool{}
	of, args = sqldb.Within([]any{segmentID}, ids)
	if err := tx.Query(sqldb.Dynamic(`SELECT profile_id FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND `+of("profile_id")), func(r *sqldb.Row) error {
		member[r.Int(0)] = true
		return nil
	}, args...); err != nil {
		return err
	}
	var entries []history.Entry
	for _, c := range customers {
		if joins := (&Profile{ID: profiles[c], CustomerID: c}); !member[joins.ID] {
			entries = append(entries, joins.moves(0, segmentID))
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := refuseByHand(tx, segmentID, segment, 1); err != nil {
		return err
	}
	now := s.sys.Now()
	if err := history.Enter(tx, now, entries...); err != nil {
		return err
	}
	for _, e := range entries {
		if err := tx.Exec(insertMember, segmentID, e.ID, now); err != nil {
			return err
		}
	}
	return joined(tx, segmentID, int64(len(entries)))
}

func (s *Service) ensure(tx *sqldb.Tx, in Create) (int64, error) {
	if in.UUID != "" {
		id, err := idOf(tx, segmentByUUID, in.UUID, nil)
		if err != nil || id != 0 {
			return id, err
		}
	}
	id, err := byName(tx, in.Name)
	if err != nil || id != 0 {
		return id, err
	}
	made, err := s.create(tx, []Create{in})
	if err != nil {
		return 0, err
	}
	return made[0].ID, nil
}
