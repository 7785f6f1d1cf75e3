package segment

import (
	"fmt"
	"regexp"
	"strings"

	"clientele/internal/fault"
)

// Operations, as faults name them.
const (
	OpCreate        = "segment.create"
	OpUpdate        = "segment.update"
	OpProfileCreate = "shopper_profile.create"
	OpMemberAdd     = "segment.member.add"
)

// Largest lengths in characters.
const (
	maxName        = 255
	maxDescription = 65_535
)

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// normalize brings a UUID to the form in which it is kept.
func normalize(uuid string) string { return strings.ToLower(strings.TrimSpace(uuid)) }

func checkUUID(c *fault.Collector, field, uuid string) {
	if !uuidForm.MatchString(uuid) {
		c.Add(field, fault.BadFormat, "", field+" must be a UUID")
	}
}

func checkCreate(in []Create) error {
	var items []fault.Item
	for i := range in {
		c := fault.Collector{Index: i}
		c.Text("name", in[i].Name, 1, maxName)
		c.Text("description", in[i].Description, 0, maxDescription)
		if in[i].UUID != "" {
			checkUUID(&c, "id", in[i].UUID)
		}
		items = append(items, c.Items...)
	}
	return invalid(OpCreate, items)
}

func checkUpdate(in []Update) error {
	var items []fault.Item
	seen := map[string]bool{}
	for i := range in {
		c := fault.Collector{Index: i}
		in[i].UUID = normalize(in[i].UUID)
		if seen[in[i].UUID] {
			c.Add("id", fault.Duplicate, "", "segment given twice")
		}
		seen[in[i].UUID] = true
		if in[i].Name.Set {
			c.Text("name", in[i].Name.Value, 1, maxName)
		}
		c.Text("description", in[i].Description.Value, 0, maxDescription)
		items = append(items, c.Items...)
	}
	return invalid(OpUpdate, items)
}

func (u *Update) apply(s *Segment) {
	s.Name = u.Name.Or(s.Name)
	s.Description = u.Description.Or(s.Description)
}

func invalid(op string, items []fault.Item) error {
	if len(items) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Op: op, Items: items}
}

// clash is the error of a batch of which some exist already. All of it fails.
func clash(op, message string, total int, items []fault.Item) error {
	return &fault.Error{Kind: fault.Conflict, Op: op, Message: message, Total: total, Items: items}
}

func nameTaken(op string, total int) error {
	return clash(op, "Cannot have multiple segments with the same name.", total, nil)
}

func tooMany() error {
	return invalid(OpCreate, []fault.Item{{Index: -1, Code: fault.TooManyItems, Want: fmt.Sprint(MaxSegments), Message: fmt.Sprintf("a store can have at most %d segments", MaxSegments)}})
}

var (
	errNoSegment = fault.New(fault.NotFound, "there is no such segment")
	errNoProfile = fault.New(fault.NotFound, "there is no such shopper profile")
)
