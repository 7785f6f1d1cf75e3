package segment

import (
	"strconv"

	"clientele/internal/fold"
	"clientele/internal/sqldb"
	"clientele/internal/total"
)

const (
	segmentColumns = `id, uuid, name, description, date_created, date_modified`
	profileColumns = `id, uuid, customer_id, date_created, date_modified`
)

func (s *Segment) scan(r *sqldb.Row) {
	s.ID = r.Int(0)
	s.UUID = r.Text(1)
	s.Name = r.Text(2)
	s.Description = r.Text(3)
	s.DateCreated = r.Int(4)
	s.DateModified = r.Int(5)
}

func (p *Profile) scan(r *sqldb.Row) {
	p.ID = r.Int(0)
	p.UUID = r.Text(1)
	p.CustomerID = r.Int(2)
	p.DateCreated = r.Int(3)
	p.DateModified = r.Int(4)
}

var (
	segmentByUUID = sqldb.Static(`SELECT id FROM segments WHERE store_id = $1 AND uuid = $2`)
	segmentByName = sqldb.Static(`SELECT id FROM segments WHERE store_id = $1 AND name_norm = $2`)
	profileByUUID = sqldb.Static(`SELECT id FROM shopper_profiles WHERE store_id = $1 AND uuid = $2`)
	allNames      = sqldb.Static(`SELECT id, name_norm FROM segments WHERE store_id = $1`)
	countProfiles = sqldb.Static(`SELECT shopper_profiles, shopper_profile_id FROM store_counters WHERE store_id = $1`)
	lastIDs       = sqldb.Static(`SELECT segment_id, shopper_profile_id FROM store_counters WHERE store_id = $1`)
	moveCounters  = sqldb.Static(`UPDATE store_counters SET segment_id = segment_id + $2, shopper_profile_id = shopper_profile_id + $3, shopper_profiles = shopper_profiles + $4 WHERE store_id = $1 RETURNING segment_id, shopper_profile_id`)
	insertSegment = sqldb.Static(`INSERT INTO segments (store_id, id, uuid, name, name_norm, description, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	updateSegment = sqldb.Static(`UPDATE segments SET name = $3, name_norm = $4, description = $5, date_modified = $6 WHERE store_id = $1 AND id = $2`)
	parkName      = sqldb.Static(`UPDATE segments SET name_norm = $3 WHERE store_id = $1 AND id = $2`)
	deleteSegment = sqldb.Static(`DELETE FROM segments WHERE store_id = $1 AND id = $2`)
	insertProfile = sqldb.Static(`INSERT INTO shopper_profiles (store_id, id, uuid, customer_id, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6)`)
	insertMember  = sqldb.Static(`INSERT INTO segment_members (store_id, segment_id, profile_id, date_created) VALUES ($1, $2, $3, $4)`)
	someMembers   = sqldb.Static(`SELECT profile_id FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id > $3 AND profile_id <= $4 ORDER BY profile_id LIMIT $5`)
	countMembers  = sqldb.Static(`SELECT COUNT(*) FROM segment_members WHERE store_id = $1 AND segment_id = $2`)
	// A segment may have very many members: they go in portions.
	emptySegment = sqldb.Static(`DELETE FROM segment_members WHERE store_id = $1 AND segment_id = $2 AND profile_id IN
		(SELECT m.profile_id FROM segment_members m WHERE m.store_id = $1 AND m.segment_id = $2 ORDER BY m.profile_id LIMIT $3)`)
)

// Counted is how a job counts the members of segments.
var Counted = total.Count{
	List:  total.Members,
	Parts: sqldb.Static(`SELECT CAST(id AS TEXT) FROM segments WHERE store_id = $1`),
	Wrong: sqldb.Static(total.Members.Wrong(`SELECT COUNT(*) FROM segment_members WHERE store_id = $1 AND segment_id = CAST(CAST($2 AS TEXT) AS BIGINT)`)),
}

var memberTotal = sqldb.Static(total.Members.TotalOf())

// joined notes that a segment has so many members more.
func joined(tx *sqldb.Tx, segmentID, n int64) error {
	return total.Members.Move(tx, strconv.FormatInt(segmentID, 10), n)
}

func (s *Segment) insert(tx *sqldb.Tx) error {
	return tx.Exec(insertSegment, s.ID, s.UUID, s.Name, fold.Text(s.Name), s.Description, s.DateCreated, s.DateModified)
}

func (p *Profile) insert(tx *sqldb.Tx) error {
	return tx.Exec(insertProfile, p.ID, p.UUID, p.CustomerID, p.DateCreated, p.DateModified)
}

// move is by how much this package's counters move.
type move struct{ segments, profiles, total int64 }

// last are the last ids given out.
type last struct{ segment, profile int64 }

// query locks the store's counters, like store.Advance.
func (m move) query(to *last) sqldb.Q {
	return sqldb.Q{Stmt: moveCounters, Args: []any{m.segments, m.profiles, m.total}, Each: func(r *sqldb.Row) error {
		*to = last{segment: r.Int(0), profile: r.Int(1)}
		return nil
	}}
}

// names reads the folded names of all segments by id; there are few.
func names(into map[int64]string) sqldb.Q {
	return sqldb.Q{Stmt: allNames, Each: func(r *sqldb.Row) error {
		into[r.Int(0)] = r.Text(1)
		return nil
	}}
}

// idOf returns the id behind a UUID, or missing.
func idOf(tx *sqldb.Tx, stmt *sqldb.Stmt, uuid string, missing error) (int64, error) {
	uuid = normalize(uuid)
	if !uuidForm().MatchString(uuid) {
		return 0, missing
	}
	var id int64
	err := tx.Query(stmt, func(r *sqldb.Row) error { id = r.Int(0); return nil }, uuid)
	if err == nil && id == 0 {
		err = missing
	}
	return id, err
}

// lock reads rows by UUID, in order, and locks them. Text that is no UUID
// finds nothing and is not asked for: databases do not take every text.
func lock(tx *sqldb.Tx, table, columns string, uuids []string, each func(*sqldb.Row) error) error {
	asked := make([]string, 0, len(uuids))
	for _, u := range uuids {
		if uuidForm().MatchString(u) {
			asked = append(asked, u)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	of, args := sqldb.In(nil, asked)
	return tx.Query(sqldb.Dynamic(`SELECT `+columns+` FROM `+table+` WHERE store_id = $1 AND uuid IN `+of+` ORDER BY id`+tx.ForUpdate()), each, args...)
}

// among returns the query for which of some ids are in a column, of rows with
// a further condition.
func among(table, column, where string, ids []int64, into map[int64]bool) sqldb.Q {
	of, args := sqldb.Within(nil, ids)
	return sqldb.Q{
		Stmt: sqldb.Dynamic(`SELECT ` + column + ` FROM ` + table + ` WHERE store_id = $1 AND ` + of(column) + where),
		Args: args,
		Each: func(r *sqldb.Row) error { into[r.Int(0)] = true; return nil },
	}
}

func byName(tx *sqldb.Tx, name string) (int64, error) {
	var id int64
	err := tx.Query(segmentByName, func(r *sqldb.Row) error { id = r.Int(0); return nil }, fold.Text(name))
	return id, err
}
