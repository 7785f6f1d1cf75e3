package v2

import (
	"clientele/internal/fault"
	"clientele/internal/jsonx"
	"clientele/internal/rest"
	"clientele/internal/rest/decode"
)

// dialect is how V2 reads members: all of XML is text, so that text may be sent
// for everything.
var dialect = &decode.Dialect{
	Types: map[jsonx.Kind]string{
		jsonx.String: "a string", jsonx.Number: "an integer", jsonx.Bool: "true or false", jsonx.Array: "a list", jsonx.Object: "an object",
	},
	Says:  func(_, want string) string { return "want " + want },
	Loose: true,
}

// object reads a body that is one object.
func object[In any](read func(decode.Object) In) func(*rest.Call) (In, error) {
	return func(c *rest.Call) (in In, err error) {
		o, err := members(c)
		if err != nil {
			return in, err
		}
		in = read(o)
		return in, o.Err()
	}
}

// members returns the members of a body that is one object.
func members(c *rest.Call) (decode.Object, error) {
	v, err := c.JSON()
	if err == nil && v.Kind() != jsonx.Object {
		err = &fault.Error{Kind: fault.Malformed, Message: "The request body must be an object."}
	}
	return dialect.Object(v, &fault.Collector{}), err
}
