package clientele

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/auth"
	"clientele/internal/customer"
	"clientele/internal/jsonx"
	"clientele/internal/listing"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
	"clientele/internal/rest/shape"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/rule"
	"clientele/internal/segment"
)

var (
	putRule     = &rest.Titles{Failed: "Set segment rule failed."}
	previewRule = &rest.Titles{Failed: "Preview segment rule failed."}
)

func (s *Surface) segmentRoutes() []rest.Route {
	return []rest.Route{
		{Method: "GET", Pattern: "/segments/{segmentId}/rule", Need: auth.ReadCustomers, Handle: v3.Get(segmentID, shape.Scoped(s.Rules.Rule), v3.One(appendRule))},
		{Method: "PUT", Pattern: "/segments/{segmentId}/rule", Need: auth.ModifyCustomers, Class: rest.Updating, Titles: putRule,
			Handle: pointing(putRule, shape.CallAt(segmentID, v3.Object(decodeRule), s.putRule, v3.One(appendRule)))},
		{Method: "DELETE", Pattern: "/segments/{segmentId}/rule", Need: auth.ModifyCustomers,
			Handle: shape.Call(segmentID, s.dropRule, func(c *rest.Call, _ struct{}) { c.SendEmpty(http.StatusNoContent) })},
		{Method: "POST", Pattern: "/segments/preview", Need: auth.ModifyCustomers, Titles: previewRule,
			Handle: pointing(previewRule, shape.Call(v3.Object(decodePreview), s.preview, v3.One(appendPreview)))},
	}
}

func segmentID(c *rest.Call) (string, error) { return chi.URLParam(c.R, "segmentId"), nil }

// ruled is the body of a rule, and what is wrong with it.
type ruled struct {
	segment.PutRule
	err error
}

func (s *Surface) putRule(c *rest.Call, id string, in ruled) (*segment.Rule, error) {
	if in.err != nil {
		return nil, in.err
	}
	return s.Rules.Put(c.Ctx(), c.StoreID(), id, in.PutRule)
}

func (s *Surface) dropRule(c *rest.Call, id string) (struct{}, error) {
	return struct{}{}, s.Rules.Drop(c.Ctx(), c.StoreID(), id)
}

func decodeRule(o decode.Object) (in ruled) {
	o.Only([]string{"rule", "customer_group_id", "priority", "overrides_manual_group"}, []string{"segment_id", "segment_name", "tree", "state", "progress", "created_at", "updated_at"})
	in.Node, in.err = readRule(o)
	in.GroupID, in.Priority, in.TakesOver = o.Int("customer_group_id").Value, o.Int("priority").Value, o.Flag("overrides_manual_group").Value
	return in
}

func decodePreview(o decode.Object) (in ruled) {
	o.Only([]string{"rule"}, nil)
	in.Node, in.err = readRule(o)
	return in
}

// readRule reads a rule, which is a text or a tree.
func readRule(o decode.Object) (*rule.Node, error) {
	v, given := o.Given("rule")
	if !given {
		o.Required("rule")
		return nil, nil
	}
	if text, ok := v.Str(); ok {
		return rule.Parse(text)
	}
	if v.Kind() != jsonx.Object {
		o.Wrong("rule", jsonx.String)
		return nil, nil
	}
	return rule.Decode(v)
}

func appendRule(b []byte, r *segment.Rule) []byte {
	b = jsonx.AppendString(append(b, `{"segment_id":`...), r.UUID)
	b = jsonx.AppendString(append(b, `,"segment_name":`...), r.Segment)
	b = jsonx.AppendString(append(b, `,"rule":`...), r.Node.String())
	b = r.Node.AppendTree(append(b, `,"tree":`...))
	b = v3.AppendIDOrNull(append(b, `,"customer_group_id":`...), r.GroupID)
	b = strconv.AppendInt(append(b, `,"priority":`...), r.Priority, 10)
	b = strconv.AppendBool(append(b, `,"overrides_manual_group":`...), r.TakesOver)
	state := "building"
	if r.Ready {
		state = "ready"
	}
	b = jsonx.AppendString(append(b, `,"state":`...), state)
	b = strconv.AppendInt(append(b, `,"progress":`...), r.Progress(), 10)
	b = jsonx.AppendTime(append(b, `,"created_at":`...), r.DateCreated)
	return append(jsonx.AppendTime(append(b, `,"updated_at":`...), r.DateModified), '}')
}

// previewed is whom a rule finds, with the customers that are shown.
type previewed struct {
	*segment.Preview
	shown []customer.Customer
}

func (s *Surface) preview(c *rest.Call, in ruled) (*previewed, error) {
	if in.err != nil {
		return nil, in.err
	}
	p, err := s.Rules.Preview(c.Ctx(), c.StoreID(), in.Node)
	if err != nil {
		return nil, err
	}
	out := &previewed{Preview: p}
	if len(p.Customers) == 0 {
		return out, nil
	}
	rows, _, err := s.Customers.List(c.Ctx(), c.StoreID(), customer.List.New().Where("id", listing.In, p.Customers, nil), nil)
	if err != nil {
		return nil, err
	}
	for _, id := range p.Customers {
		for i := range rows {
			if rows[i].ID == id {
				out.shown = append(out.shown, rows[i])
			}
		}
	}
	return out, nil
}

func appendPreview(b []byte, p *previewed) []byte {
	b = jsonx.AppendString(append(b, `{"rule":`...), p.Node.String())
	b = p.Node.AppendTree(append(b, `,"tree":`...))
	b = strconv.AppendInt(append(b, `,"count":`...), p.Count, 10)
	b = strconv.AppendBool(append(b, `,"complete":`...), p.Complete)
	b = jsonx.AppendString(append(b, `,"cost":`...), string(p.Cost))
	b = append(b, `,"customers":[`...)
	for i := range p.shown {
		b = v3.AppendCustomer(separate(b, i), &p.shown[i])
	}
	return append(b, `]}`...)
}

// pointing is a handler whose refusal of a rule tells where it is wrong, and what
// may have been meant.
func pointing(titles *rest.Titles, handle func(*rest.Call) error) func(*rest.Call) error {
	return func(c *rest.Call) error {
		err := handle(c)
		f := new(rule.Fault)
		if !errors.As(err, &f) {
			return err
		}
		status, b := v3.Error(titles, err)
		b = append(b[:len(b)-1], `,"position":`...)
		if f.At < 0 {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendInt(b, int64(f.At), 10)
		}
		b = append(b, `,"suggestion":`...)
		if f.Suggestion == "" {
			b = append(b, "null}"...)
		} else {
			b = append(jsonx.AppendString(b, f.Suggestion), '}')
		}
		c.Send(status, b)
		return nil
	}
}
