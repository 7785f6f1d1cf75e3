package clienteletest

import (
	"net/http"

	"clientele/internal/trouble"
)

// Rule says what fails, how, and how often, as docs/testing.md tells. Empty
// members of its Match match anything.
type Rule = trouble.Rule

// The parts of a Rule.
type (
	Match     = trouble.Match
	Effect    = trouble.Effect
	Status    = trouble.Status
	Delay     = trouble.Delay
	RateLimit = trouble.RateLimit
	Partial   = trouble.Partial
	Refusal   = trouble.Refusal
)

// Ways to drop an answer, for Effect.Drop.
const (
	DropBefore      = trouble.DropBefore      // nothing was done
	DropAfterCommit = trouble.DropAfterCommit // all was done, and nobody is told
	DropTruncate    = trouble.DropTruncate    // the body ends in the middle
	DropEmpty       = trouble.DropEmpty       // there is no body
)

// Fault is a rule at work.
type Fault struct {
	// ID is the fault's: answers that it touched carry it in X-Clientele-Fault.
	ID string

	of *Shop
}

// Fault has what the rule says fail from now on, until Remove or Reset.
func (s *Shop) Fault(rule Rule) *Fault {
	s.t.Helper()
	var out struct{ ID string }
	s.control(http.MethodPost, "/faults", rule, &out)
	return &Fault{out.ID, s}
}

// Counts returns how many requests, deliveries or emails matched the rule, and
// how many of those it had fail.
func (f *Fault) Counts() (seen, fired int64) {
	f.of.t.Helper()
	var out struct{ Data []trouble.Listed }
	f.of.control(http.MethodGet, "/faults", nil, &out)
	for _, r := range out.Data {
		if r.ID == f.ID {
			return r.Seen, r.Fired
		}
	}
	f.of.t.Fatalf("clienteletest: %s was removed", f.ID)
	return 0, 0
}

// Remove ends the fault.
func (f *Fault) Remove() {
	f.of.t.Helper()
	f.of.control(http.MethodDelete, "/faults/"+f.ID, nil, nil)
}
