package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"clientele/internal/fault"
)

const name fault.Field = "name"

func told(err error) string {
	var out []string
	for _, it := range fault.As(err).Items {
		out = append(out, fmt.Sprint(it.Index(), it.Field, it.Code))
	}
	return strings.Join(out, " ")
}

func TestBatch(t *testing.T) {
	var b fault.Batch
	b.Each(3, func(int, *fault.Collector) {})
	if err := b.Err(fault.Invalid); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
	b.Items = append(b.Items, fault.Item{Code: fault.TooManyItems})
	b.Each(3, func(i int, c *fault.Collector) {
		if len(c.Items) > 0 || c.In.At > 0 {
			t.Errorf("item %d starts with what another one left: %+v", i, c)
		}
		if i > 0 {
			c.In = fault.Place{List: "list", At: 1}
			c.Break(name, fault.Required, "")
		}
	})
	b.Each(1, func(_ int, c *fault.Collector) { c.Break("", fault.Taken, "") })
	err := b.Err(fault.Conflict)
	if want := "-1too_many_items 1namerequired 2namerequired 0taken"; told(err) != want {
		t.Errorf("got %q, want %q", told(err), want)
	}
	if f := fault.As(err); f.Kind != fault.Conflict || f.Error() != ": too_many_items; 1.list 1: name: required; 2.list 1: name: required; 0.: taken" {
		t.Errorf("got %v: %v", f.Kind, f)
	}

	one := fault.Alone(fmt.Errorf("wrapped: %w", err))
	if want := "-1too_many_items -1namerequired -1namerequired -1taken"; told(one) != want || fault.As(one).Kind != fault.Conflict {
		t.Errorf("alone: %q, want %q", told(one), want)
	}
	if told(err) == told(one) {
		t.Error("the batch's own fault lost its positions")
	}
}

// What is told apart by identity stays what it is.
func TestAloneKeepsOthers(t *testing.T) {
	for _, err := range []error{nil, errors.New("broken"), fault.New(fault.Forbidden, "closed"), fault.Broken(fault.Invalid, fault.Item{Field: name})} {
		if got := fault.Alone(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}
