package segment

import (
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/owned"
	"clientele/internal/portable"
	"clientele/internal/sqldb"
)

// Owned is what customers have of this package's tables. The segments that rules
// keep are left to the rules.
var Owned = []owned.Part{
	{
		Title: "Shopper profiles", Rows: portable.Of(Portable, "shopper_profiles"), Same: owned.One, Resource: history.ShopperProfile, ID: "id",
		Counted: func(tx *sqldb.Tx, rows []portable.Record, by int64) error {
			var at last
			if err := tx.Pipeline(move{total: by * int64(len(rows))}.query(&at)); err != nil {
				return err
			}
			for _, r := range rows {
				var err error
				if by < 0 {
					err = listing.ShopperProfiles.Remove(tx, r.Int("id"))
				} else {
					_, err = listing.ShopperProfiles.Choose(tx, at.profile, r.Int("id"))
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		Title: "Segments", Rows: portable.Of(Portable, "segment_members"), Owner: "profile_id", Through: "shopper_profiles", Same: owned.ByNumber("segment_id"),
		Fits: withoutRules, Resource: history.ShopperProfile, ID: "profile_id",
		Refers: map[string]func(*sqldb.Tx, []int64) (map[int64]bool, error){"segment_id": owned.There(`SELECT id FROM segments WHERE store_id = $1 AND id IN `)},
		Counted: func(tx *sqldb.Tx, rows []portable.Record, by int64) error {
			for _, r := range rows {
				if err := joined(tx, r.Int("segment_id"), by); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{Title: "Groups that rules gave", Rows: portable.Of(Portable, "rule_groups"), Becomes: owned.Goes, Resource: history.Customer},
}

var ruled = owned.There(`SELECT segment_id FROM segment_rules WHERE store_id = $1 AND segment_id IN `)

// withoutRules leaves out memberships of segments that have a rule.
func withoutRules(tx *sqldb.Tx, rows []portable.Record) (out []portable.Record, err error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.Int("segment_id")
	}
	with, err := ruled(tx, ids)
	for _, r := range rows {
		if !with[r.Int("segment_id")] {
			out = append(out, r)
		}
	}
	return out, err
}

// RuledGroups is the table of the customers whose group a rule gave.
const RuledGroups = "rule_groups"
