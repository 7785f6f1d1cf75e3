package v3

import (
	"fmt"
	"strconv"

	"github.com/go-chi/chi/v5"

	"clientele/internal/customer"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/jsonx"
	"clientele/internal/opt"
	"clientele/internal/rest"
)

// Names of JSON types in errors.
const (
	jsString  = "jsstring"
	jsNumber  = "jsnumber"
	jsBoolean = "jsboolean"
	jsArray   = "jsarray"
	jsObject  = "jsobject"
)

// batch reads the body of a write: an array of 1 to 10 objects. required
// names the members that must be present, which is also what an item that is
// no object lacks.
func batch(c *rest.Call, required ...string) (jsonx.Value, error) {
	v, err := array(c, customer.MaxBatch)
	if err != nil {
		return v, err
	}
	return v, objects(v, required)
}

// array reads a body that is an array of 1 to most elements.
func array(c *rest.Call, most int) (jsonx.Value, error) {
	v, err := c.JSON()
	if err != nil {
		return v, err
	}
	if err := arrayOf(v, most); err != nil {
		return v, err
	}
	return v, nil
}

// objects makes sure that all elements of an array are objects.
func objects(v jsonx.Value, required []string) error {
	var items []fault.Item
	for _, e := range v.Elems() {
		if e.Kind() != jsonx.Object {
			for _, name := range required {
				items = append(items, fault.Item{Index: -1, Path: name, Code: fault.Required})
			}
			break
		}
	}
	return malformed(items)
}

// single reads the body of a write that is one object.
func single(c *rest.Call) (decoder, error) {
	v, err := c.JSON()
	if err != nil {
		return decoder{}, err
	}
	return objectOf(v)
}

// PathID returns an id in the path; what is no id names nothing.
func PathID(c *rest.Call, name string) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(c.R, name), 10, 64)
	if err != nil || id < 1 {
		return 0, fault.New(fault.NotFound, "not an id")
	}
	return id, nil
}

// arrayOf checks that a body is an array of 1 to most items.
func arrayOf(v jsonx.Value, most int) error {
	switch {
	case v.Kind() != jsonx.Array:
		return wrongBody(v, jsArray)
	case v.Len() > most:
		return fault.New(fault.TooLarge, fmt.Sprintf("The maximum number of items allowed in the array is %d.", most))
	case v.Len() == 0:
		return &fault.Error{Kind: fault.Malformed, Items: []fault.Item{{Index: -1, Code: fault.TooShort, Message: "error.minLength"}}}
	}
	return nil
}

func wrongBody(v jsonx.Value, want string) error {
	item := fault.Item{Index: -1, Code: fault.WrongType, Want: want}
	if !v.Present() {
		item.Code, item.Want = fault.Required, ""
	}
	return &fault.Error{Kind: fault.Malformed, Items: []fault.Item{item}}
}

// objectOf returns the decoder of a body that is one object.
func objectOf(v jsonx.Value) (decoder, error) {
	if v.Kind() != jsonx.Object {
		return decoder{}, wrongBody(v, jsObject)
	}
	return decoder{v: v, c: &fault.Collector{Index: -1}}, nil
}

// decoder reads the members of one object and notes what is of the wrong
// shape. An optional member that is null counts as absent.
type decoder struct {
	v jsonx.Value
	c *fault.Collector
}

// maxList bounds every list inside an item, well above what any rule allows.
const maxList = 1000

func (d decoder) tooMany(name string) {
	d.c.Add(name, fault.TooManyItems, fmt.Sprint(maxList), fmt.Sprintf("%s must have at most %d entries", name, maxList))
}

func (d decoder) wrong(name, want string) { d.c.Add(name, fault.WrongType, want, "") }

func (d decoder) required(names ...string) {
	for _, n := range names {
		if !d.v.Get(n).Present() {
			d.c.Add(n, fault.Required, "", "")
		} else if d.v.Get(n).IsNull() {
			d.wrong(n, jsString)
		}
	}
}

// requiredNumber is required for a member that is a number.
func (d decoder) requiredNumber(name string) {
	if v := d.v.Get(name); !v.Present() {
		d.c.Add(name, fault.Required, "", "")
	} else if v.IsNull() {
		d.wrong(name, jsNumber)
	}
}

func (d decoder) given(name string) (jsonx.Value, bool) {
	v := d.v.Get(name)
	return v, v.Present() && !v.IsNull()
}

func (d decoder) text(name string) opt.Field[string] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[string]{}
	}
	s, ok := v.Str()
	if !ok {
		d.wrong(name, jsString)
	}
	return opt.Field[string]{Set: ok, Value: s}
}

func (d decoder) integer(name string) opt.Field[int64] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[int64]{}
	}
	n, ok := v.Int()
	if !ok {
		d.wrong(name, jsNumber)
	}
	return opt.Field[int64]{Set: ok, Value: n}
}

// nullable turns a member that is null into a null Field.
func nullable[T any](d decoder, name string, f opt.Field[T]) opt.Field[T] {
	if d.v.Get(name).IsNull() {
		return opt.Null[T]()
	}
	return f
}

// orNull reads a member that null sets to nothing.
func orNull[T any](d decoder, name string, read func(string) opt.Field[T]) opt.Field[T] {
	if d.v.Get(name).IsNull() {
		return opt.Null[T]()
	}
	return read(name)
}

// texts reads a list of strings.
func (d decoder) texts(name string) opt.Field[[]string] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[[]string]{}
	}
	if v.Kind() != jsonx.Array {
		d.wrong(name, jsArray)
		return opt.Field[[]string]{}
	}
	if v.Len() > maxList {
		d.tooMany(name)
		return opt.Field[[]string]{}
	}
	list := make([]string, 0, v.Len())
	for i, e := range v.Elems() {
		s, ok := e.Str()
		if !ok {
			d.wrong(fmt.Sprintf("%s.%d", name, i), jsString)
		}
		list = append(list, s)
	}
	return opt.Some(list)
}

func (d decoder) flag(name string) opt.Field[bool] {
	v, ok := d.given(name)
	if !ok {
		return opt.Field[bool]{}
	}
	b, ok := v.Bool()
	if !ok {
		d.wrong(name, jsBoolean)
	}
	return opt.Field[bool]{Set: ok, Value: b}
}

// array calls each for the elements of a member, which are objects.
func (d decoder) array(name string, each func(i int, e decoder)) (given bool) {
	v, ok := d.given(name)
	if !ok {
		return false
	}
	if v.Kind() != jsonx.Array {
		d.wrong(name, jsArray)
		return false
	}
	if v.Len() > maxList {
		d.tooMany(name)
		return false
	}
	for i, e := range v.Elems() {
		if e.Kind() != jsonx.Object {
			d.wrong(fmt.Sprintf("%s.%d", name, i), jsObject)
			continue
		}
		d.at(fmt.Sprintf("%s.%d.", name, i), e, func(sub decoder) { each(i, sub) })
	}
	return true
}

// at runs fn on a value below d.
func (d decoder) at(prefix string, v jsonx.Value, fn func(decoder)) {
	outer := d.c.Prefix
	d.c.Prefix += prefix
	fn(decoder{v: v, c: d.c})
	d.c.Prefix = outer
}

func (d decoder) object(name string, fn func(decoder)) {
	v, ok := d.given(name)
	if !ok {
		return
	}
	if v.Kind() != jsonx.Object {
		d.wrong(name, jsObject)
		return
	}
	d.at(name+".", v, fn)
}

// channels reads channel_ids, where null means all channels.
func (d decoder) channels() opt.Field[[]int64] {
	const name = "channel_ids"
	v := d.v.Get(name)
	switch v.Kind() {
	case jsonx.Invalid:
		return opt.Field[[]int64]{}
	case jsonx.Null:
		return opt.Null[[]int64]()
	case jsonx.Array:
	default:
		d.wrong(name, jsArray)
		return opt.Field[[]int64]{}
	}
	if v.Len() > maxList {
		d.tooMany(name)
		return opt.Field[[]int64]{}
	}
	ids := make([]int64, 0, v.Len())
	for i, e := range v.Elems() {
		n, ok := e.Int()
		if !ok {
			d.wrong(fmt.Sprintf("%s.%d", name, i), jsNumber)
		}
		ids = append(ids, n)
	}
	return opt.Some(ids)
}

// credit reads store_credit_amounts: a list with one amount.
func (d decoder) credit() opt.Field[int64] {
	const name = "store_credit_amounts"
	var out opt.Field[int64]
	d.array(name, func(i int, e decoder) {
		if i > 0 {
			e.c.Add("amount", fault.TooManyItems, "1", "only one store credit amount is supported")
			return
		}
		v := e.v.Get("amount")
		if !v.Present() {
			e.c.Add("amount", fault.Required, "", "")
			return
		}
		n, ok, exact := v.Decimal(customer.CreditScale)
		switch {
		case v.Kind() != jsonx.Number:
			e.wrong("amount", jsNumber)
		case !ok:
			e.c.Add("amount", fault.OutOfRange, "", "amount is out of range")
		case !exact:
			e.c.Add("amount", fault.BadFormat, "", fmt.Sprintf("amount must have at most %d decimal places", customer.CreditScale))
		default:
			out = opt.Some(n)
		}
	})
	return out
}

func (d decoder) formFields() (in []form.Input, given bool) {
	given = d.array("form_fields", func(_ int, e decoder) {
		if f, ok := e.formField(); ok {
			in = append(in, f)
		}
	})
	return in, given
}

// formField reads the name and value of one form field.
func (d decoder) formField() (form.Input, bool) {
	name := d.text("name")
	if !d.v.Get("name").Present() {
		d.c.Add("name", fault.Required, "", "")
	}
	v := d.v.Get("value")
	switch v.Kind() {
	case jsonx.Invalid:
		d.c.Add("value", fault.Required, "", "")
	case jsonx.String, jsonx.Number, jsonx.Array:
		return form.Input{Name: name.Value, Value: rest.FormValue(v)}, true
	default:
		d.wrong("value", jsString)
	}
	return form.Input{}, false
}

func malformed(items []fault.Item) error {
	if len(items) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Malformed, Items: items}
}
