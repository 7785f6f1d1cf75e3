package words

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/password"
)

// Every reason that a package declares has a sentence here.
func TestEveryReasonHasWords(t *testing.T) {
	paths, err := filepath.Glob("../*/faults.go")
	if err != nil || len(paths) < 15 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	for _, path := range append(paths, "../fault/fault.go") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			typ, ok := v.Type.(*ast.SelectorExpr)
			if name, isName := v.Type.(*ast.Ident); (!ok || typ.Sel.Name != "Reason") && (!isName || name.Name != "Reason") {
				return true
			}
			why, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			if whys[fault.Reason(why)] == "" {
				t.Errorf("%s: %s has no words", path, v.Names[0].Name)
			}
			return true
		})
	}
}

func TestSentences(t *testing.T) {
	surface := &Speech{
		Spell: Camel, Names: map[fault.Field]string{customer.FieldState: "region"},
		Words: map[fault.Code]string{fault.Required: "missing"},
	}
	for _, c := range []struct {
		item           fault.Item
		path, sentence string
	}{
		{fault.Item{Field: customer.FieldFirstName, Code: fault.TooLong, Want: "5"}, "firstName", "firstName must be at most 5 characters"},
		{fault.Item{Field: customer.FieldFirstName, Code: fault.BadFormat, Why: fault.HoldsNUL}, "firstName", "firstName must not contain NUL"},
		{fault.Item{Field: customer.FieldCity, Code: fault.Required}, "city", "missing"},
		{fault.Item{In: fault.Place{List: customer.FieldAddresses, At: 2}, Field: customer.FieldState, Code: fault.Unknown, Why: customer.WhyNoState, Want: "France"},
			"addresses.1.region", "region must be the full name of a state or province of France"},
		{fault.Item{Field: form.FieldChoices, At: 3, Code: fault.TooShort, Want: "1"}, "choices.2", "choices.2 must not be empty"},
		{fault.Item{Field: form.Values, At: 1, FormField: 26, Code: fault.Unknown, Why: form.WhyNoName, Value: "Size"}, "formFields.0.name", `there is no form field named "Size"`},
		{fault.Item{Field: form.FieldDefault, Code: fault.BadFormat, Why: form.WhyNotNumber, Value: "Size"}, "default", "default: Size must be a number"},
		{fault.Item{Field: password.FieldPassword, Code: fault.WeakPassword, Why: password.WhyDigits, Want: "1"}, "password", "password must contain at least one digit"},
		{fault.Item{Field: password.FieldPassword, Code: fault.WeakPassword, Why: password.WhyDigits, Want: "2"}, "password", "password must contain at least 2 digits"},
		{fault.Item{Field: customer.FieldCustomer, Code: fault.Required, Why: customer.WhyNoOwner}, "customerId", "customerId or addressId is required"},
		{fault.Item{Code: fault.EmailInUse}, "", "the email address is already in use"},
		{fault.Item{Path: "a.b", Code: fault.Required}, "a.b", "missing"},
		{fault.Item{Path: "a.b", Code: fault.TooLong}, "a.b", ""},
		{fault.Item{Path: "a.b", Message: "no {name}"}, "a.b", "no {name}"},
	} {
		if got := surface.Path(&c.item); got != c.path {
			t.Errorf("at %s, want %s", got, c.path)
		}
		if got := surface.Sentence(&c.item); got != c.sentence {
			t.Errorf("%q, want %q", got, c.sentence)
		}
	}
}

// What was given is put in as it is, even where it looks like a sentence's
// slot.
func TestGivenTextIsNoTemplate(t *testing.T) {
	it := fault.Item{Field: form.Values, At: 1, Code: fault.Required, Why: form.WhyEmpty, Value: "{name} <max"}
	if got := Terminal.Sentence(&it); got != "{name} <max is required" {
		t.Errorf("%q", got)
	}
}

func TestTold(t *testing.T) {
	f := fault.Broken(fault.Invalid, fault.Item{Field: customer.FieldEmail, Code: fault.BadFormat, Why: email.WhyNone})
	err := Terminal.Told(fmt.Errorf("customers.3: %w", f))
	if err.Error() != "customers.3: email: invalid email address" || !errors.Is(err, f) {
		t.Errorf("%v", err)
	}
	if again := Terminal.Told(err); again.Error() != err.Error() {
		t.Errorf("%v", again)
	}
	if !strings.Contains(f.Error(), "email: bad_format (no email address)") {
		t.Errorf("the log has %q", f.Error())
	}
	for _, err := range []error{errors.New("x"), fault.New(fault.NotFound, "there is none")} {
		if got := Terminal.Told(err); got != err {
			t.Errorf("%v", got)
		}
	}
}
