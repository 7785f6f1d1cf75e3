package segment

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"clientele/internal/fault"
)

// Largest lengths in characters.
const (
	maxName        = 255
	maxDescription = 65_535
)

var uuidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
})

// normalize brings a UUID to the form in which it is kept.
func normalize(uuid string) string { return strings.ToLower(strings.TrimSpace(uuid)) }

func checkUUID(c *fault.Collector, field fault.Field, uuid string) {
	if !uuidForm().MatchString(uuid) {
		c.Because(field, fault.BadFormat, WhyUUID, "")
	}
}

func checkCreate(in []Create) error {
	var b fault.Batch
	b.Each(len(in), func(i int, c *fault.Collector) {
		c.Length(FieldName, in[i].Name, 1, maxName)
		c.Length(FieldDescription, in[i].Description, 0, maxDescription)
		if in[i].UUID != "" {
			checkUUID(c, FieldUUID, in[i].UUID)
		}
	})
	return b.Err(fault.Invalid)
}

func checkUpdate(in []Update) error {
	var b fault.Batch
	seen := map[string]bool{}
	b.Each(len(in), func(i int, c *fault.Collector) {
		in[i].UUID = normalize(in[i].UUID)
		if seen[in[i].UUID] {
			c.Because(FieldUUID, fault.Duplicate, WhyTwice, "")
		}
		seen[in[i].UUID] = true
		if in[i].Name.Set {
			c.Length(FieldName, in[i].Name.Value, 1, maxName)
		}
		c.Length(FieldDescription, in[i].Description.Value, 0, maxDescription)
	})
	return b.Err(fault.Invalid)
}

func (u *Update) apply(s *Segment) {
	s.Name = u.Name.Or(s.Name)
	s.Description = u.Description.Or(s.Description)
}

// clash is the error of a batch of which some exist already. All of it fails.
func clash(total int, items []fault.Item) error {
	return &fault.Error{Kind: fault.Conflict, Total: total, Items: items}
}

func nameTaken(total int) error {
	return clash(total, []fault.Item{{Code: fault.Taken, Why: WhyNameTaken}})
}

func tooMany() error {
	return fault.Broken(fault.Invalid, fault.Item{Code: fault.TooManyItems, Why: WhyMany, Want: fmt.Sprint(MaxSegments)})
}

var (
	errNoSegment = fault.New(fault.NotFound, "there is no such segment")
	errNoProfile = fault.New(fault.NotFound, "there is no such shopper profile")
)
