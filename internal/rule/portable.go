package rule

import (
	"clientele/internal/portable"
)

// Portable is what moves of this package's table: customers at whom a job has not
// looked yet.
var Portable = []portable.Part{
	portable.Table{Table: "rule_marks", Key: "customer_id", Columns: "customer_id int, version int"}.Part(),
}

// PortableJobs are the kinds of jobs that change what moves, and move with it.
var PortableJobs = []string{BuildJob}
