package subscriber

import (
	"math"
	"slices"
	"strings"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/store"
)

// Bounds, as documented.
const (
	maxText = 255
	maxID   = math.MaxInt32 // of orders and channels
)

// build fills defaults, checks everything and returns the subscriber that the
// command makes.
func (in *Create) build() (Subscriber, error) {
	s := Subscriber{ID: in.ID, Source: FromCustom, ChannelID: store.DefaultChannel, Consents: []string{MarketingNewsletter}}
	u := Update{
		Email: opt.Some(in.Email), FirstName: opt.Some(in.FirstName), LastName: opt.Some(in.LastName),
		ChannelID: in.ChannelID, OrderID: in.OrderID, Consents: in.Consents,
	}
	if in.Source != "" {
		u.Source = opt.Some(in.Source)
	}
	c := fault.Collector{}
	u.check(&c)
	if in.ID < 0 {
		c.Because(FieldID, fault.OutOfRange, WhyID, "")
	}
	u.apply(&s)
	return s, c.Err(fault.Invalid)
}

// Check reports what is wrong with a command by itself.
func (in Create) Check() error {
	_, err := in.build()
	return err
}

func (in *Update) check(c *fault.Collector) {
	if in.Email.Set {
		if it, ok := email.Check(FieldEmail, in.Email.Value); !ok {
			c.AddItem(it)
		}
	}
	c.Length(FieldFirstName, in.FirstName.Value, 0, maxText)
	c.Length(FieldLastName, in.LastName.Value, 0, maxText)
	if in.Source.Set && !slices.Contains(Sources, in.Source.Value) {
		c.Because(FieldSource, fault.NotAccepted, WhySource, strings.Join(Sources, ", "))
	}
	checkID(c, FieldOrder, in.OrderID)
	checkID(c, FieldChannel, in.ChannelID)
	for _, v := range in.Consents.Value {
		if !slices.Contains(Consents, v) {
			c.Because(FieldConsents, fault.NotAccepted, WhyConsents, strings.Join(Consents, ", "))
			break
		}
	}
}

func checkID(c *fault.Collector, field fault.Field, f opt.Field[int64]) {
	if f.Set && !f.Null && (f.Value < 1 || f.Value > maxID) {
		c.Because(field, fault.OutOfRange, WhyRange, "")
	}
}

func (in *Update) apply(s *Subscriber) {
	s.Email = in.Email.Or(s.Email)
	s.FirstName = in.FirstName.Or(s.FirstName)
	s.LastName = in.LastName.Or(s.LastName)
	s.ChannelID = in.ChannelID.Or(s.ChannelID)
	s.Source = in.Source.Or(s.Source)
	s.OrderID = in.OrderID.Or(s.OrderID)
	if in.Consents.Set {
		s.Consents = inOrder(in.Consents.Value)
	}
}

// inOrder returns a set of consents in the order of Consents.
func inOrder(set []string) []string {
	out := make([]string, 0, len(Consents))
	for _, c := range Consents {
		if slices.Contains(set, c) {
			out = append(out, c)
		}
	}
	return out
}

// same reports whether everything that an update can touch is equal.
func (s *Subscriber) same(o *Subscriber) bool {
	return s.Email == o.Email && s.FirstName == o.FirstName && s.LastName == o.LastName && s.ChannelID == o.ChannelID &&
		s.Source == o.Source && s.OrderID == o.OrderID && slices.Equal(s.Consents, o.Consents)
}

// sameKey reports whether both are the same address on the same channel.
func (s *Subscriber) sameKey(o *Subscriber) bool {
	return s.ChannelID == o.ChannelID && email.Same(s.Email, o.Email)
}

// sameConsent reports whether nothing of what the history keeps differs: a
// consent is that of an address on a channel.
func (s *Subscriber) sameConsent(o *Subscriber) bool {
	return s.sameKey(o) && slices.Equal(s.Consents, o.Consents)
}

func taken(email string) error {
	return fault.Broken(fault.Conflict, fault.Item{Field: FieldEmail, Code: fault.EmailInUse, Why: WhyTaken, Value: email})
}
