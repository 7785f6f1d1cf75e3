package html

import (
	"net/url"
	"slices"
	"strings"

	"clientele/internal/email"
)

// Field is one question of a form.
type Field struct {
	Name         string
	Label        string
	Type         string // of an input; or textarea, select, radio, checks, check
	Value        string
	Options      []Option // of select, radio and checks
	Checked      bool     // of check
	Hint         string
	Error        string
	Autocomplete string
	InputMode    string
	Placeholder  string
	Min, Max     string
	MaxLength    int64
	Rows         int64
	Required     bool
	Narrow       bool   // half a row where there is room
	Refresh      bool   // a change of it changes other fields
	Check        string // the address that tells what is noticed of what is written
	Plain        bool   // it goes without saying that it may stay empty
	// Show and Hide are the words of the button that shows a password, which a
	// script makes. Without them there is none.
	Show, Hide string
}

// Option is one of the answers to choose from, or a hidden value by its name.
type Option struct {
	Value, Label string
	Selected     bool
}

// ID is that of the control, which a label and the summary of errors name.
func (f *Field) ID() string { return "f-" + f.Name }

// Target is where a link to the field leads: of a group, its first control.
func (f *Field) Target() string {
	if f.Group() {
		return f.ID() + "-0"
	}
	return f.ID()
}

// Group reports whether the field is several controls.
func (f *Field) Group() bool { return f.Type == "radio" || f.Type == "checks" }

// DescribedBy names what describes the control.
func (f *Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	return strings.Join(ids, " ")
}

// Secret reports whether what is entered is never shown again.
func (f *Field) Secret() bool { return f.Type == "password" }

// Section is a part of a form. It may have lines, of which there can be any
// number: More is the button that adds one.
type Section struct {
	Legend string
	Hint   string
	Fields []*Field
	Lines  []*Line
	More   *Option
}

// Line is one of several alike in a section, with the button that removes it.
type Line struct {
	Label  string
	Fields []*Field
	Drop   *Option
}

// Form is a form as it is shown, again with what was entered if need be.
type Form struct {
	Action   string
	Submit   string
	Sections []*Section
	Hidden   []Option
	Problem  string // with the form as a whole
	SiteKey  string // of the check for robots
	Username string // whose password it is, for password managers
	Cancel   *Link
	CSRF     string
	CSRFName string
	Refresh  bool // there is a field whose change changes others
	Quiet    bool // another form of the page matters more
}

// Hide adds a value that is sent and not shown.
func (f *Form) Hide(name, value string) *Form {
	f.Hidden = append(f.Hidden, Option{Value: value, Label: name})
	return f
}

// Fields are the fields of all sections.
func (f *Form) Fields() []*Field {
	var out []*Field
	for _, s := range f.Sections {
		out = append(out, s.Fields...)
		for _, l := range s.Lines {
			out = append(out, l.Fields...)
		}
	}
	return out
}

// Wrong are the fields with errors, in their order.
func (f *Form) Wrong() []*Field {
	var out []*Field
	for _, x := range f.Fields() {
		if x.Error != "" {
			out = append(out, x)
		}
	}
	return out
}

// Bad reports whether anything is wrong.
func (f *Form) Bad() bool { return f.Problem != "" || len(f.Wrong()) > 0 }

// Field returns the field of a name, or nil.
func (f *Form) Field(name string) *Field {
	for _, x := range f.Fields() {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Enter puts what was posted into the form; passwords are not shown again.
func (f *Form) Enter(values url.Values) {
	for _, x := range f.Fields() {
		switch x.Type {
		case "check":
			x.Checked = values.Get(x.Name) != ""
		case "select", "radio", "checks":
			for i := range x.Options {
				x.Options[i].Selected = slices.Contains(values[x.Name], x.Options[i].Value)
			}
			x.Value = values.Get(x.Name)
		case "password":
		default:
			x.Value = values.Get(x.Name)
		}
	}
}

// Require notes the fields that have to be filled in and are not, and emails
// that are none.
func (f *Form) Require(values url.Values, words *Catalogue) {
	for _, x := range f.Fields() {
		if v := strings.TrimSpace(values.Get(x.Name)); x.Type == "email" && x.Error == "" && v != "" && !email.Valid(v) {
			x.Error = words.Text("wrong.email")
		}
		if !x.Required || x.Error != "" {
			continue
		}
		given := false
		for _, v := range values[x.Name] {
			given = given || strings.TrimSpace(v) != ""
		}
		if !given {
			x.Error = words.Text(x.missing())
		}
	}
}

// missing is the text for a field that is not filled in.
func (f *Field) missing() string {
	if f.Type == "select" || f.Group() {
		return "wrong.choose"
	}
	return "wrong.required"
}
