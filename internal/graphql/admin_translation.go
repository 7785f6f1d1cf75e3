package graphql

import (
	"encoding/base64"
	"slices"
	"strings"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/graphql/exec"
	"clientele/internal/locale"
	"clientele/internal/opt"
)

// maxTranslations is how many entries a page of translations has at most, and
// how many where nobody says.
const maxTranslations = 50

// Names of what is translated of a form field: the label, and each choice by its
// text in Base64.
const (
	labelName    = "label"
	choicePrefix = "option_"
)

// translatable is a kind of resources, by the name of its enumeration.
type translatable struct {
	form string
	kind string // in global ids
}

var translatables = map[string]translatable{
	"CUSTOMER_FORM_FIELDS": {form.Customer, "customerFormField"},
	"ADDRESS_FORM_FIELDS":  {form.Address, "addressFormField"},
}

// translationProblem is an error of a change of translations.
type translationProblem struct {
	kind    string // the schema's type
	message string
	id      string
	fields  []string
}

// translation is what a resource is called in a language.
type translation struct {
	id     string
	fields []translationField
}

type translationField struct{ name, original, text string }

// translationsChanged is what came of a change of translations.
type translationsChanged struct{ errors []translationProblem }

// translationTables answer what form fields are called.
func (a *Admin) translationTables() exec.Tables {
	changed := exec.Of[translationsChanged](exec.Fields{
		"errors": exec.Parts(func(r *translationsChanged) []translationProblem { return r.errors }),
	})
	out := connectionTables[translation]("Translation", false)
	for name, t := range (exec.Tables{
		"Translation": exec.Of[translation](exec.Fields{
			"resourceId": exec.Text(func(t *translation) string { return t.id }),
			"fields":     exec.Parts(func(t *translation) []translationField { return t.fields }),
		}),
		"TranslationField": exec.Of[translationField](exec.Fields{
			"fieldName":   exec.Text(func(f *translationField) string { return f.name }),
			"original":    exec.Text(func(f *translationField) string { return f.original }),
			"translation": exec.Text(func(f *translationField) string { return f.text }),
		}),
		"TranslationMutations": exec.Of[exec.None](exec.Fields{
			"updateTranslations": exec.Object(a.updateTranslations),
			"deleteTranslations": exec.Object(a.deleteTranslations),
		}),
		"UpdateTranslationsResult": changed,
		"DeleteTranslationsResult": changed,
		"Error":                    exec.Of[translationProblem](exec.Fields{"message": exec.Text(func(p *translationProblem) string { return p.message })}),
		"InvalidTranslationEntityFieldsError": exec.Of[translationProblem](exec.Fields{
			"id":     exec.Text(func(p *translationProblem) string { return p.id }),
			"fields": exec.Texts(func(p *translationProblem) []string { return p.fields }),
		}),
	}) {
		out[name] = t
	}
	return out
}

// spot is where translations are: of which resources, in which language.
type spot struct {
	translatable
	tag string
}

// spot reads the arguments that say which translations are meant.
func (a *Admin) spot(c *exec.Call, in exec.Args) (s spot, wrong *translationProblem, err error) {
	s.translatable = translatables[in.Text("resourceType")]
	if wrong, err = a.channel(c.Context, in.Text("channelId")); wrong != nil || err != nil {
		return s, wrong, err
	}
	name, ok := strings.CutPrefix(in.Text("localeId"), globalPrefix+"locale/")
	if ok {
		s.tag, ok = locale.Tag(name)
	}
	if !ok {
		return s, invalid("localeId must have the form %slocale/{code}.", globalPrefix), nil
	}
	return s, nil, nil
}

// field returns the id of a form field by its global one.
func (s *spot) field(text string) (int64, *translationProblem) {
	id, ok := readAdminID(s.kind, text)
	if !ok {
		return 0, invalid("resourceId must have the form %s%s/{id} for the resourceType.", globalPrefix, s.kind)
	}
	return id, nil
}

// translations returns a page of what form fields are called.
func (a *Admin) translations(c *exec.Call, _ *exec.None) (*page[translation], error) {
	in := c.Args.Object("filters")
	s, wrong, err := a.spot(c, in)
	if err != nil {
		return nil, err
	}
	var ids []int64
	named := in.Texts("resourceIds")
	if len(named) > maxTranslations {
		wrong = invalid("resourceIds must not have more than %d entries.", maxTranslations)
	}
	for _, text := range named {
		if wrong == nil {
			var id int64
			id, wrong = s.field(text)
			ids = append(ids, id)
		}
	}
	if wrong != nil {
		return nil, publicError("", wrong.message)
	}
	w, err := window(c.Args)
	if err != nil {
		return nil, err
	}
	if w.First < 0 && w.Last < 0 {
		w.First = maxTranslations
	}
	w.First, w.Last = min(w.First, maxTranslations), min(w.Last, maxTranslations)
	fields, err := a.form(c, &s)
	if err != nil {
		return nil, err
	}
	if in.Has("resourceIds") {
		fields = slices.DeleteFunc(slices.Clone(fields), func(f form.Field) bool { return !slices.Contains(ids, f.ID) })
	}
	part := windowBy(w, fields, func(i int) int64 { return fields[i].ID })
	edges := make([]edge[translation], len(part.edges))
	for i := range edges {
		f := &part.edges[i]
		edges[i] = edge[translation]{f.id, s.translation(&f.node)}
	}
	return newPage(edges, part.before, part.after), nil
}

// form returns the fields of a form with their translations.
func (a *Admin) form(c *exec.Call, s *spot) (form.Form, error) {
	w, key := askedOf(c.Context), formIn{s.form, s.tag}
	if fields, ok := w.forms[key]; ok {
		return fields, nil
	}
	fields, err := a.Forms.Translated(c.Context, w.StoreID(), s.form, s.tag)
	if err == nil {
		w.forms[key] = fields
	}
	return fields, err
}

// translation returns what a field is called. What has no translation is called
// as it is.
func (s *spot) translation(f *form.Field) translation {
	is := f.Translations[s.tag]
	out := translation{id: adminID(s.kind, f.ID)}
	add := func(name, original, text string) {
		if text == "" {
			text = original
		}
		out.fields = append(out.fields, translationField{name, original, text})
	}
	add(labelName, f.Options.Label, is.Label)
	for _, choice := range f.Options.Choices {
		add(choiceName(choice), choice, is.Choices[choice])
	}
	return out
}

func choiceName(choice string) string {
	return choicePrefix + base64.StdEncoding.EncodeToString([]byte(choice))
}

// readChoice returns the choice that a name is of.
func readChoice(name string) (string, bool) {
	code, ok := strings.CutPrefix(name, choicePrefix)
	choice, err := base64.StdEncoding.DecodeString(code)
	return string(choice), ok && err == nil && choiceName(string(choice)) == name
}

// named is a text for something that is translated.
type named struct{ name, text string }

// updateTranslations says what form fields are called.
func (a *Admin) updateTranslations(c *exec.Call, _ *exec.None) (*translationsChanged, error) {
	in := c.Args.Object("input")
	return a.word(c, in, in.Objects("entities"), func(e exec.Args) []named {
		var out []named
		for _, f := range e.Objects("fields") {
			out = append(out, named{f.Text("fieldName"), f.Text("value")})
		}
		return out
	})
}

// deleteTranslations takes back what form fields are called.
func (a *Admin) deleteTranslations(c *exec.Call, _ *exec.None) (*translationsChanged, error) {
	in := c.Args.Object("input")
	return a.word(c, in, in.Objects("resources"), func(e exec.Args) []named {
		var out []named
		for _, name := range e.Texts("fields") {
			out = append(out, named{name, ""})
		}
		return out
	})
}

// word changes what the resources of an input are called.
func (a *Admin) word(c *exec.Call, in exec.Args, resources []exec.Args, texts func(exec.Args) []named) (*translationsChanged, error) {
	s, wrong, err := a.spot(c, in)
	if err != nil {
		return nil, err
	}
	settings, err := a.settings(c.Context)
	if err != nil {
		return nil, err
	}
	switch own, _ := locale.Tag(settings.Language); {
	case wrong != nil:
	case s.tag == own:
		wrong = invalid("The default locale cannot be translated.")
	case len(resources) > form.MaxWordings:
		wrong = invalid("A request changes at most %d resources.", form.MaxWordings)
	}
	out := &translationsChanged{}
	if wrong != nil {
		out.errors = append(out.errors, *wrong)
		return out, nil
	}
	changes := make([]wording, len(resources))
	var commands []form.Wording
	for i, e := range resources {
		w := &changes[i]
		w.id, w.texts = e.Text("resourceId"), texts(e)
		if w.ID, w.wrong = s.field(w.id); w.wrong == nil {
			w.read()
			commands = append(commands, w.Wording)
		}
	}
	done, err := a.Forms.Word(c.Context, askedOf(c.Context).StoreID(), s.form, s.tag, commands)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		w := &changes[i]
		if w.wrong != nil {
			out.errors = append(out.errors, *w.wrong)
			continue
		}
		out.errors = append(out.errors, w.problems(done[0])...)
		done = done[1:]
	}
	return out, nil
}

// wording is the change of one resource.
type wording struct {
	form.Wording
	id    string
	texts []named
	bad   []string // names of nothing that is translated
	wrong *translationProblem
}

// read makes the command of the texts.
func (w *wording) read() {
	w.Choices = map[string]string{}
	for _, t := range w.texts {
		if t.name == labelName {
			w.Label = opt.Some(t.text)
		} else if choice, ok := readChoice(t.name); ok {
			w.Choices[choice] = t.text
		} else {
			w.bad = append(w.bad, t.name)
		}
	}
}

// problems tell what did not become of a change.
func (w *wording) problems(done form.Worded) []translationProblem {
	var out []translationProblem
	if done.Missing {
		out = append(out, *notFound(w.id))
	}
	bad := w.bad
	for _, choice := range done.Unknown {
		bad = append(bad, choiceName(choice))
	}
	if len(bad) > 0 {
		out = append(out, translationProblem{
			kind: "InvalidTranslationEntityFieldsError", id: w.id, fields: bad,
			message: "Invalid fields for entity " + w.id + ": " + strings.Join(bad, ", "),
		})
	}
	if f := fault.As(done.Err); f != nil {
		out = append(out, *invalid("%s: %s", w.id, messageIn(adminSpeech, f)))
	}
	return out
}
