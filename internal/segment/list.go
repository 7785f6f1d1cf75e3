package segment

import (
	"context"

	"clientele/internal/listing"
	"clientele/internal/sqldb"
)

// byUUID lets the world's ids select rows.
var byUUID = listing.Field{Name: "id", Kind: listing.Folded, Ops: []listing.Op{listing.In}, Column: "uuid"}

var (
	ofProfile = listing.Field{Name: "profile", Kind: listing.Int, Ops: []listing.Op{listing.In}, Hidden: true,
		Where: "id IN (SELECT m.segment_id FROM segment_members m WHERE m.store_id = $1 AND m.profile_id IN {in})"}
	ofSegment = listing.Field{Name: "segment", Kind: listing.Int, Ops: []listing.Op{listing.In}, Hidden: true,
		Where: "EXISTS (SELECT 1 FROM segment_members m WHERE m.store_id = $1 AND m.profile_id = shopper_profiles.id AND m.segment_id IN {in})"}
)

// The lists, and what may be selected for deletion. All are in the order in
// which their rows were made.
var (
	List          = &listing.Spec{Table: "segments", Fields: []listing.Field{byUUID}}
	DeleteList    = &listing.Spec{Table: "segments", Fields: []listing.Field{byUUID}, Unpaged: true, Deletes: true}
	OfProfileList = &listing.Spec{Table: "segments", Fields: []listing.Field{ofProfile}}

	ProfileList       = &listing.Spec{Table: "shopper_profiles", Gaps: listing.ShopperProfiles, Total: countProfiles}
	DeleteProfileList = &listing.Spec{Table: "shopper_profiles", Fields: []listing.Field{byUUID}, Unpaged: true, Deletes: true, Total: countProfiles}
	// The members are read first, in the order of their key, and then their
	// profiles: a condition on profiles would have all members sorted.
	MemberList = &listing.Spec{
		Table:   "segment_members",
		Key:     []listing.Key{{Name: "id", Column: "profile_id"}},
		Fields:  []listing.Field{{Name: "segment", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "segment_id", Hidden: true}},
		TotalOf: memberTotal,
	}
	RemoveMemberList = &listing.Spec{Table: "shopper_profiles", Fields: []listing.Field{byUUID, ofSegment}, Unpaged: true, Deletes: true, TotalOf: memberTotal}
)

// Browse declares the list of segments as people look through it, and
// BrowseMembers that of a segment's members, who came last first.
var (
	Browse        = &listing.Spec{Table: "segments", Fields: []listing.Field{{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Like}, Column: "name_norm"}}, Cursors: true, Unnumbered: true, Untold: true}
	BrowseMembers = &listing.Spec{Table: "segment_members", Key: MemberList.Key, Fields: MemberList.Fields, Descending: true, Cursors: true, Unnumbered: true, Untold: true}
)

// List returns a page of segments.
func (s *Service) List(ctx context.Context, storeID int64, q *listing.Query) (out []Segment, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = segments(tx, q)
		return err
	})
	return out, res, err
}

// OfProfile returns a page of the segments that a profile is in.
func (s *Service) OfProfile(ctx context.Context, storeID int64, profile string, q *listing.Query) (out []Segment, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		id, err := idOf(tx, profileByUUID, profile, errNoProfile)
		if err != nil {
			return err
		}
		q.Where("profile", listing.In, []int64{id}, nil)
		out, res, err = segments(tx, q)
		return err
	})
	return out, res, err
}

// Profiles returns a page of shopper profiles.
func (s *Service) Profiles(ctx context.Context, storeID int64, q *listing.Query) (out []Profile, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, res, err = profiles(tx, q)
		return err
	})
	return out, res, err
}

// Members returns a page of the profiles in a segment.
func (s *Service) Members(ctx context.Context, storeID int64, segment string, q *listing.Query) (out []Profile, res *listing.Result, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = make([]Profile, 0, min(q.Limit, 64))
		id, err := idOf(tx, segmentByUUID, segment, errNoSegment)
		if err != nil {
			return err
		}
		ids := make([]int64, 0, min(q.Limit, 64))
		q.Where("segment", listing.In, []int64{id}, nil)
		if res, err = q.Run(tx, "profile_id", func(r *sqldb.Row) error { ids = append(ids, r.Int(0)); return nil }); err != nil || len(ids) == 0 {
			return err
		}
		in, args := sqldb.In(nil, ids)
		return tx.Query(sqldb.Dynamic(`SELECT `+profileColumns+` FROM shopper_profiles WHERE store_id = $1 AND id IN `+in+` ORDER BY id`), func(r *sqldb.Row) error {
			out = append(out, Profile{})
			out[len(out)-1].scan(r)
			return nil
		}, args...)
	})
	return out, res, err
}

func segments(tx *sqldb.Tx, q *listing.Query) ([]Segment, *listing.Result, error) {
	return listing.Rows(tx, q, segmentColumns, func(s *Segment, r *sqldb.Row) error { s.scan(r); return nil })
}

func profiles(tx *sqldb.Tx, q *listing.Query) ([]Profile, *listing.Result, error) {
	out := make([]Profile, 0, min(q.Limit, 64))
	res, err := q.Run(tx, profileColumns, func(r *sqldb.Row) error {
		out = append(out, Profile{})
		out[len(out)-1].scan(r)
		return nil
	})
	return out, res, err
}
