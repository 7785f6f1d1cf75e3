package segment

import (
	"clientele/internal/sqldb"
)

var membersAfter = sqldb.Static(`SELECT m.profile_id, p.customer_id FROM segment_members m JOIN shopper_profiles p ON p.store_id = m.store_id AND p.id = m.profile_id
	WHERE m.store_id = $1 AND m.segment_id = $2 AND m.profile_id > $3 ORDER BY m.profile_id LIMIT $4`)

// Find returns the number of the segment with a UUID, or a NotFound fault.
func Find(tx *sqldb.Tx, uuid string) (id int64, err error) {
	if uuid = normalize(uuid); uuidForm().MatchString(uuid) {
		err = tx.Query(segmentByUUID, func(r *sqldb.Row) error { id = r.Int(0); return nil }, uuid)
	}
	if err == nil && id == 0 {
		err = errNoSegment
	}
	return id, err
}

// CustomersAfter returns the customers of the next members of a segment, n at most,
// in the order of their profiles, and the last of these.
func CustomersAfter(tx *sqldb.Tx, segment, profile int64, n int) (customers []int64, last int64, err error) {
	last = profile
	return customers, last, tx.Query(membersAfter, func(r *sqldb.Row) error {
		last = r.Int(0)
		customers = append(customers, r.Int(1))
		return nil
	}, segment, profile, int64(n))
}
