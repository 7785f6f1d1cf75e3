package auth

import "time"

// Deadlines says whether servers are held to the days on which the original
// ends their use of storefront tokens. Private tokens take their place.
type Deadlines string

// What Deadlines can be. The zero value is DeadlinesOff.
const (
	DeadlinesOff    Deadlines = "off"    // servers may use storefront tokens, whenever they were made
	DeadlinesOn     Deadlines = "on"     // by the calendar
	DeadlinesPassed Deadlines = "passed" // as when all are over: no server may
)

// The documented days end with the day in UTC. Tokens made later than June 30
// of 2026 are not for servers; older ones are until March 31 of 2027.
var (
	madeForServers = time.Date(2026, time.July, 1, 0, 0, 0, 0, time.UTC).Unix()
	goodForServers = time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// Allow reports whether a server may use a token.
func (d Deadlines) Allow(t *StorefrontToken, now int64) bool {
	switch {
	case t.Kind != BrowserToken:
		return true
	case d == DeadlinesOn:
		return t.Issued < madeForServers && now < goodForServers
	}
	return d != DeadlinesPassed
}
