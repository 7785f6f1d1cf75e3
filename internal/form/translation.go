package form

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/locale"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Translation is what a field is called in a language. What is empty is as the
// field has it.
type Translation struct {
	Label       string
	Placeholder string
	Hint        string
	Choices     map[string]string // labels by choice
}

// Translate is the command to change a translation; absent texts stay, and empty
// ones are no longer translated.
type Translate struct {
	Label       opt.Field[string]
	Placeholder opt.Field[string]
	Hint        opt.Field[string]
	Choices     map[string]string // labels by choice; other choices stay
}

// Translations are those of a field, by language.
type Translations map[string]Translation

func (t Translation) empty() bool {
	return t.Label == "" && t.Placeholder == "" && t.Hint == "" && len(t.Choices) == 0
}

func (t Translation) same(o Translation) bool {
	return t.Label == o.Label && t.Placeholder == o.Placeholder && t.Hint == o.Hint && maps.Equal(t.Choices, o.Choices)
}

func (t Translations) same(o Translations) bool { return maps.EqualFunc(t, o, Translation.same) }

// Change returns the translations after commands by language; nil ends one.
// What is no language keeps its name, which check refuses.
func (t Translations) Change(commands map[string]*Translate) Translations {
	out := maps.Clone(t)
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		tag, ok := locale.Tag(name)
		if !ok {
			tag = name
		}
		c := commands[name]
		if c == nil && ok {
			delete(out, tag)
			continue
		}
		if c == nil {
			c = &Translate{}
		}
		is := out[tag]
		is.Label, is.Placeholder = seen(c.Label.Or(is.Label)), seen(c.Placeholder.Or(is.Placeholder))
		is.Hint = seen(c.Hint.Or(is.Hint))
		if is.Choices = maps.Clone(is.Choices); is.Choices == nil {
			is.Choices = map[string]string{}
		}
		for choice, label := range c.Choices {
			if is.Choices[choice] = label; seen(label) == "" {
				delete(is.Choices, choice)
			}
		}
		if out == nil {
			out = Translations{}
		}
		if out[tag] = is; is.empty() && ok {
			delete(out, tag)
		}
	}
	return out
}

// seen returns text, or nothing if it is blank: a label that nobody sees is
// none.
func seen(text string) string {
	if fold.Blank(text) {
		return ""
	}
	return text
}

// keep drops the labels of choices that a field no longer has.
func (t Translations) keep(choices []string) Translations {
	out := maps.Clone(t)
	for tag, is := range out {
		is.Choices = maps.Clone(is.Choices)
		maps.DeleteFunc(is.Choices, func(choice, _ string) bool { return !slices.Contains(choices, choice) })
		if out[tag] = is; is.empty() {
			delete(out, tag)
		}
	}
	return out
}

// maxTranslations is how many languages a field may be translated to.
const maxTranslations = 20

// checkTranslations holds the translations to the field.
func (f *Field) checkTranslations(c *fault.Collector) {
	if len(f.Translations) > maxTranslations {
		c.Because(FieldTranslations, fault.TooManyItems, WhyManyTranslations, strconv.Itoa(maxTranslations))
		return
	}
	for _, tag := range slices.Sorted(maps.Keys(f.Translations)) {
		is := f.Translations[tag]
		if _, ok := locale.Tag(tag); !ok {
			c.Because(FieldTranslations, fault.BadFormat, WhyNoLanguage, "")
		}
		c.Length(FieldTranslations, is.Label, 0, maxFieldLabel)
		c.Length(FieldTranslations, is.Placeholder, 0, maxFieldLabel)
		c.Length(FieldTranslations, is.Hint, 0, maxFieldLabel)
		if is.Hint != "" && f.BuiltIn() {
			c.AddItem(fault.Item{Field: FieldHint, Code: fault.NotAccepted, Why: WhyOption, Value: f.Type})
		}
		if is.Placeholder != "" && (f.Type != DropdownField || f.BuiltIn()) {
			c.AddItem(fault.Item{Field: FieldPlaceholder, Code: fault.NotAccepted, Why: WhyOption, Value: f.Type})
		}
		for _, choice := range slices.Sorted(maps.Keys(is.Choices)) {
			if !slices.Contains(f.Options.Choices, choice) {
				c.AddItem(fault.Item{Field: FieldTranslations, Code: fault.Unknown, Why: WhyNotChoice, Value: f.Name, Other: choice})
			}
			c.Length(FieldTranslations, is.Choices[choice], 0, maxFieldLabel)
		}
	}
}

const translationColumns = `locale, field_id, label, placeholder, choices, hint`

var (
	selectTranslations = sqldb.Static(`SELECT ` + translationColumns + ` FROM form_field_translations WHERE store_id = $1 AND field_id = $2`)
	upsertTranslation  = sqldb.Static(`INSERT INTO form_field_translations (store_id, locale, field_id, label, placeholder, choices, hint) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (store_id, locale, field_id) DO UPDATE SET label = excluded.label, placeholder = excluded.placeholder, choices = excluded.choices, hint = excluded.hint`)
	deleteTranslation = sqldb.Static(`DELETE FROM form_field_translations WHERE store_id = $1 AND locale = $2 AND field_id = $3`)
)

// eachTranslation reads rows of translationColumns.
func eachTranslation(each func(tag string, fieldID int64, t Translation)) func(*sqldb.Row) error {
	return func(r *sqldb.Row) error {
		t := Translation{Label: r.Text(2), Placeholder: r.Text(3), Hint: r.Text(5)}
		if err := json.Unmarshal([]byte(r.Text(4)), &t.Choices); err != nil {
			return err
		}
		each(r.Text(0), r.Int(1), t)
		return nil
	}
}

// translationsQuery finds the translations of a field.
func (f *Field) translationsQuery() sqldb.Q {
	f.Translations = Translations{}
	return sqldb.Q{Stmt: selectTranslations, Args: []any{f.ID}, Each: eachTranslation(func(tag string, _ int64, t Translation) { f.Translations[tag] = t })}
}

// translationsOf finds the translations of fields, of which there is one at
// least.
func translationsOf(fields []Field) sqldb.Q {
	ids, byID := make([]int64, len(fields)), map[int64]*Field{}
	for i := range fields {
		ids[i], byID[fields[i].ID] = fields[i].ID, &fields[i]
	}
	in, args := sqldb.In(nil, ids)
	return sqldb.Q{Stmt: sqldb.Dynamic(`SELECT ` + translationColumns + ` FROM form_field_translations WHERE store_id = $1 AND field_id IN ` + in), Args: args,
		Each: eachTranslation(func(tag string, id int64, t Translation) {
			f := byID[id]
			if f.Translations == nil {
				f.Translations = Translations{}
			}
			f.Translations[tag] = t
		})}
}

// storeTranslations brings what is stored of a field in line with it.
func (f *Field) storeTranslations(tx *sqldb.Tx, old Translations) error {
	for tag := range old {
		if _, stays := f.Translations[tag]; !stays {
			if err := tx.Exec(deleteTranslation, tag, f.ID); err != nil {
				return err
			}
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(f.Translations)) {
		t := f.Translations[tag]
		if was, ok := old[tag]; ok && was.same(t) {
			continue
		}
		if t.Choices == nil {
			t.Choices = map[string]string{}
		}
		choices, err := json.Marshal(t.Choices)
		if err != nil {
			return err
		}
		if err := tx.Exec(upsertTranslation, tag, f.ID, t.Label, t.Placeholder, string(choices), t.Hint); err != nil {
			return err
		}
	}
	return nil
}

// speaker puts fields into a language: that of a tag, or else what stands in
// for it.
type speaker struct {
	tags  []string // the best first
	texts map[int64]map[string]Translation
}

func newSpeaker(tag string) *speaker {
	s := &speaker{texts: map[int64]map[string]Translation{}}
	for _, name := range locale.Fallbacks(tag) {
		if tag, ok := locale.Tag(name); ok {
			s.tags = append(s.tags, tag)
		}
	}
	return s
}

// query finds the texts, where there is a language.
func (s *speaker) query() []sqldb.Q {
	if len(s.tags) == 0 {
		return nil
	}
	in, args := sqldb.In(nil, s.tags)
	return []sqldb.Q{{Stmt: sqldb.Dynamic(`SELECT ` + translationColumns + ` FROM form_field_translations WHERE store_id = $1 AND locale IN ` + in), Args: args,
		Each: eachTranslation(func(tag string, id int64, t Translation) {
			if s.texts[id] == nil {
				s.texts[id] = map[string]Translation{}
			}
			s.texts[id][tag] = t
		})}}
}

// say puts the texts into a field.
func (s *speaker) say(f *Field) {
	texts := s.texts[f.ID]
	if texts == nil {
		return
	}
	o := &f.Options
	o.choiceLabels = slices.Clone(o.Choices)
	for _, tag := range slices.Backward(s.tags) {
		t := texts[tag]
		if t.Label != "" {
			o.Label = t.Label
		}
		if t.Placeholder != "" {
			o.Placeholder = t.Placeholder
		}
		if t.Hint != "" {
			o.Hint = t.Hint
		}
		for i, choice := range o.Choices {
			if label := t.Choices[choice]; label != "" {
				o.choiceLabels[i] = label
			}
		}
	}
}

// ChoiceLabel returns what people read for a choice, by its place.
func (o *Options) ChoiceLabel(i int) string {
	if i < len(o.choiceLabels) {
		return o.choiceLabels[i]
	}
	return o.Choices[i]
}
