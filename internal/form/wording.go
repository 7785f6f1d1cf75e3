package form

import (
	"context"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// MaxWordings bounds how many fields one request words.
const MaxWordings = 50

// Wording is the command to change what a field of a form is called in a
// language. What is absent stays, and an empty text ends a translation.
type Wording struct {
	ID      int64
	Label   opt.Field[string]
	Choices map[string]string // labels by choice
}

// Worded is what became of a Wording.
type Worded struct {
	// Missing: the form has no such field.
	Missing bool
	// Unknown are the choices that the field does not have, in order. The rest of
	// the wording is kept.
	Unknown []string
	// Err is a fault by which nothing of the wording was kept.
	Err error
}

// Word changes what fields of a form are called in a language, and tells of each
// what became of it: what is wrong with one does not keep the others back.
func (s *Service) Word(ctx context.Context, storeID int64, form, tag string, in []Wording) (out []Worded, err error) {
	if len(in) == 0 {
		return nil, nil
	}
	err = s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		ids := make([]int64, len(in))
		for i := range in {
			ids[i] = in[i].ID
		}
		have := map[int64]*Field{}
		if err := tx.Pipeline(ByIDs(ids, func(f *Field) { have[f.ID] = f })); err != nil {
			return err
		}
		out = make([]Worded, len(in))
		for i := range in {
			f := have[in[i].ID]
			if f == nil || f.Form != form {
				out[i].Missing = true
				continue
			}
			u := in[i].update(tag, f, &out[i])
			if u == nil {
				continue
			}
			_, err := updateFormField(tx, u, s.sys.Now())
			switch broken := fault.As(err); {
			case err == errNoField:
				out[i] = Worded{Missing: true}
			case broken != nil && broken.Kind == fault.Invalid:
				out[i].Err = err
			case err != nil:
				return err
			}
		}
		return nil
	})
	return out, err
}

// update returns the change of a field, or nil if nothing is left of it.
func (w *Wording) update(tag string, f *Field, done *Worded) *Update {
	t := Translate{Label: w.Label, Choices: map[string]string{}}
	for choice, label := range w.Choices {
		if slices.Contains(f.Options.Choices, choice) {
			t.Choices[choice] = label
		} else {
			done.Unknown = append(done.Unknown, choice)
		}
	}
	slices.Sort(done.Unknown)
	if !t.Label.Set && len(t.Choices) == 0 {
		return nil
	}
	return &Update{ID: w.ID, Translations: map[string]*Translate{tag: &t}}
}

var translationsIn = sqldb.Static(`SELECT ` + translationColumns + ` FROM form_field_translations WHERE store_id = $1 AND locale = $2`)

// Translated returns the fields of a form by id, as they are, each with its
// translation to a language and no other.
func (s *Service) Translated(ctx context.Context, storeID int64, form, tag string) (out Form, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out = nil
		texts := map[int64]Translation{}
		if err := tx.Pipeline(Query(form, true, &out), sqldb.Q{
			Stmt: translationsIn, Args: []any{tag}, Each: eachTranslation(func(_ string, id int64, t Translation) { texts[id] = t }),
		}); err != nil {
			return err
		}
		for i := range out {
			if t, ok := texts[out[i].ID]; ok {
				out[i].Translations = Translations{tag: t}
			}
		}
		return nil
	})
	return out, err
}
