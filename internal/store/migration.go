package store

import (
	"net/url"
	"strings"
	"time"

	"clientele/internal/fault"
)

// MigrationSettings say of which store the customers were whose passwords did not
// come along: they are asked for there when such a customer signs in.
type MigrationSettings struct {
	// Upstream is the address of its management API, above /v3 and /v2, such as
	// https://api.bigcommerce.com/stores/HASH. Empty: nobody is asked.
	Upstream string `json:"upstream,omitempty" yaml:"upstream"`
	Token    string `json:"token,omitempty" yaml:"token"`
	// Until is the last day on which it is asked, as 2027-03-31 in the store's
	// time zone. Empty: no end.
	Until string `json:"until,omitempty" yaml:"until"`
}

func (m *MigrationSettings) check(c checking) {
	c.that(FieldMigrationUpstream, m.Upstream, IsUpstream(m.Upstream), WhyNoUpstream)
	c.Length(FieldMigrationToken, m.Token, 0, maxText)
	if m.Upstream != "" && m.Token == "" {
		c.Because(FieldMigrationUpstream, fault.Required, WhyNoToken, "")
	}
	_, err := time.Parse(time.DateOnly, m.Until)
	c.that(FieldMigrationUntil, m.Until, err == nil, WhyDay)
}

// IsUpstream reports whether a text is the address of a store's management API:
// an http or https URL that ends with /stores/HASH.
func IsUpstream(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !IsWebURL(text) || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	_, hash, ok := strings.Cut(u.Path, "/stores/")
	return ok && hash != "" && !strings.Contains(hash, "/")
}

// Migrating reports whether the upstream is asked for passwords at a time.
func (s *Settings) Migrating(now time.Time) bool {
	return s.Migration.Upstream != "" && !s.MigrationEnded(now)
}

// MigrationEnded reports whether the last day of the migration is over.
func (s *Settings) MigrationEnded(now time.Time) bool {
	return s.Migration.Until != "" && now.In(s.Location()).Format(time.DateOnly) > s.Migration.Until
}
