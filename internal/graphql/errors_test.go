package graphql

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"clientele/internal/account"
	"clientele/internal/fault"
	"clientele/internal/words"
)

// What a client can do something about is a typed error of the payload, also
// where nobody expects it; anything else is an error of the request.
func TestTypedErrors(t *testing.T) {
	register := func(err error) string { return told(registrationErrors(err)) }
	update := func(err error) string { return told(updateErrors(err)) }
	subscribe := func(err error) string { return told(subscribeErrors(err)) }
	unsubscribe := func(err error) string { return told(unsubscribeErrors(err)) }
	conflict := fault.New(fault.Conflict, "somebody was faster")
	invalid := func(field, code string) error {
		return &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Field: fault.Field(field), Code: fault.Code(code), Message: words.Camel(field) + " is bad"}}}
	}
	inside := errors.New("disk full")
	for name, c := range map[string]struct{ got, want string }{
		"register: conflict":    {register(conflict), `CustomerRegistrationError{"message":"Somebody was faster."}`},
		"register: closed":      {register(account.ErrClosed), `AccountCreationDisabledError{"message":"Account creation is disabled on this store."}`},
		"register: taken":       {register(invalid("email", string(fault.EmailInUse))), `EmailAlreadyInUseError{"message":"The email address is already in use."}`},
		"register: invalid":     {register(invalid("first name", "")), `ValidationError{"path":["input","firstName"],"message":"firstName is bad"}`},
		"register: many":        {register(&fault.Error{Kind: fault.TooMany, Message: "wait"}), "wait"},
		"register: inside":      {register(inside), "disk full"},
		"register: good":        {register(nil), ""},
		"update: conflict":      {update(conflict), `UnexpectedUpdateCustomerError{"message":"Somebody was faster."}`},
		"update: gone":          {update(fault.New(fault.NotFound, "x")), `CustomerDoesNotExistError{"message":"The customer does not exist."}`},
		"update: inside":        {update(inside), "disk full"},
		"subscribe: conflict":   {subscribe(conflict), `CreateSubscriberUnexpectedError{"message":"Somebody was faster."}`},
		"subscribe: channel":    {subscribe(invalid("channel id", "")), `CreateSubscriberUnexpectedError{"message":"ChannelId is bad."}`},
		"subscribe: email":      {subscribe(invalid("email", "")), `CreateSubscriberEmailInvalidError{"message":"The email address is invalid."}`},
		"subscribe: inside":     {subscribe(inside), "disk full"},
		"unsubscribe: conflict": {unsubscribe(conflict), `RemoveSubscriberUnexpectedError{"message":"Somebody was faster."}`},
		"unsubscribe: inside":   {unsubscribe(inside), "disk full"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
}

// told writes errors with their types.
func told(errs []problem, err error) string {
	var out []string
	for _, e := range errs {
		text, _ := json.Marshal(struct {
			Path    []string `json:"path,omitempty"`
			Message string   `json:"message"`
		}{e.path, e.message})
		out = append(out, e.kind+string(text))
	}
	if err != nil {
		out = append(out, err.Error())
	}
	return strings.Join(out, " ")
}
