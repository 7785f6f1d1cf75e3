package segment

import (
	"clientele/internal/history"
	"clientele/internal/sqldb"
)

// What the history tells of changes. Who joins or leaves a segment is a change
// of the shopper profile.
var (
	segmentHistory = history.Table[Segment]{
		history.TextColumn(history.FieldUUID, func(s *Segment) string { return s.UUID }),
		history.TextColumn(history.FieldName, func(s *Segment) string { return s.Name }),
		history.TextColumn(history.FieldDescription, func(s *Segment) string { return s.Description }),
	}
	profileHistory = history.Table[Profile]{
		history.TextColumn(history.FieldUUID, func(p *Profile) string { return p.UUID }),
	}
	ruleHistory = history.Table[Rule]{
		history.TextColumn(history.FieldRule, func(r *Rule) string { return history.Clipped(r.Node.String()) }),
		history.IntColumn(history.FieldGroup, func(r *Rule) int64 { return r.GroupID }),
		history.IntColumn(history.FieldPriority, func(r *Rule) int64 { return r.Priority }),
		history.FlagColumn(history.FieldTakesOver, func(r *Rule) bool { return r.TakesOver }),
	}
)

// ruleChange returns the entry of a segment that gets a rule, another one or, where
// after is nil, none.
func ruleChange(segmentID int64, before, after *Rule) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.Segment, ID: segmentID}
	ruleHistory.Diff(&e, before, after)
	return e
}

// moved returns the one entry of what rules did to the members of segments: how
// many came and how many left. It names the segment where that is one.
func moved(all []changed) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.Segment, ID: all[0].segment}
	var entered, left int64
	for _, c := range all {
		if c.segment != e.ID {
			e.ID = 0
		}
		if c.enters {
			entered++
		} else {
			left++
		}
	}
	e.Add(false, history.FieldEntered, "", number(entered))
	e.Add(false, history.FieldLeft, "", number(left))
	return e
}

func (s *Segment) changeOf(before, after *Segment) history.Entry {
	return segmentHistory.Change(history.Segment, s.ID, 0, before, after)
}

func (p *Profile) changeOf(before, after *Profile) history.Entry {
	return profileHistory.Change(history.ShopperProfile, p.ID, p.CustomerID, before, after)
}

// moves returns the entry of a profile that joins a segment or leaves it.
func (p *Profile) moves(from, to int64) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.ShopperProfile, ID: p.ID, CustomerID: p.CustomerID}
	e.Add(false, history.FieldSegment, number(from), number(to))
	return e
}

// number returns a number as the text of a change; 0 is none.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return history.Int(n)
}

// emptied returns the one entry of a segment that many members are taken out of.
func emptied(segmentID, members int64) history.Entry {
	e := history.Entry{Action: history.Updated, Resource: history.Segment, ID: segmentID}
	e.Add(false, history.FieldMembers, history.Int(members), "")
	return e
}

// segmentsWith reads segments by id.
func segmentsWith(tx *sqldb.Tx, ids []int64) (map[int64]*Segment, error) {
	out := make(map[int64]*Segment, len(ids))
	in, args := sqldb.In(nil, ids)
	err := tx.Query(sqldb.Dynamic(`SELECT `+segmentColumns+` FROM segments WHERE store_id = $1 AND id IN `+in), func(r *sqldb.Row) error {
		s := &Segment{}
		s.scan(r)
		out[s.ID] = s
		return nil
	}, args...)
	return out, err
}

// profilesWith reads profiles by id, in its order.
func profilesWith(tx *sqldb.Tx, ids []int64) ([]Profile, error) {
	out := make([]Profile, 0, len(ids))
	in, args := sqldb.In(nil, ids)
	err := tx.Query(sqldb.Dynamic(`SELECT `+profileColumns+` FROM shopper_profiles WHERE store_id = $1 AND id IN `+in+` ORDER BY id`), func(r *sqldb.Row) error {
		out = append(out, Profile{})
		out[len(out)-1].scan(r)
		return nil
	}, args...)
	return out, err
}
