package rule

import (
	"strings"

	"clientele/internal/jobs"
	"clientele/internal/sqldb"
)

// BuildJob is the kind of the job that looks at all customers for a rule.
const BuildJob = "segment_rule"

// Building is its payload.
type Building struct {
	SegmentID int64 `json:"segment_id"`
	Version   int64 `json:"version"`
}

// Build asks for all customers to be looked at for a version of a segment's rule.
func Build(tx *sqldb.Tx, now, segmentID, version int64) error {
	return jobs.Enqueue(tx, now, BuildJob, Building{segmentID, version}, now)
}

var (
	renewRule = sqldb.Static(`UPDATE segment_rules SET built_to = 0, version = $3 WHERE store_id = $1 AND segment_id = $2`)
	ruleReads = sqldb.Static(`SELECT segment_id, reads FROM segment_rules WHERE store_id = $1 ORDER BY segment_id`)
)

// Renew has the rules that read a field look at all customers again, as values of
// it went from many.
func Renew(tx *sqldb.Tx, field string, now int64) error {
	var ids []int64
	if err := tx.Query(ruleReads, func(r *sqldb.Row) error {
		if strings.Contains(r.Text(1), ","+field+",") {
			ids = append(ids, r.Int(0))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, id := range ids {
		version := tx.Draw()
		if err := tx.Exec(renewRule, id, version); err != nil {
			return err
		}
		if err := Build(tx, now, id, version); err != nil {
			return err
		}
	}
	return nil
}
