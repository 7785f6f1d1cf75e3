package form

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/fold"
	"clientele/internal/history"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/rule"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// List declares the list of definitions.
var List = &listing.Spec{
	Table: "form_fields",
	Fields: []listing.Field{
		{Name: "id", Kind: listing.Int, Ops: []listing.Op{listing.In}, Column: "id"},
		{Name: "form", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "form", Values: same(Customer, Address)},
		{Name: "name", Kind: listing.Folded, Ops: []listing.Op{listing.Eq},
			Where: "LTRIM(name_norm) IN {in}"}, // built-in ones begin with a space
		{Name: "type", Kind: listing.Text, Ops: []listing.Op{listing.Eq}, Column: "type", Values: same(Types...)},
	},
}

func same(values ...string) map[string]string {
	m := make(map[string]string, len(values))
	for _, v := range values {
		m[v] = v
	}
	return m
}

// Service keeps the definitions.
type Service struct {
	db   *sqldb.DB
	sys  *system.System
	said *sqldb.Kept[string, spoken] // by language
}

// NewService returns a Service over db.
func NewService(db *sqldb.DB, sys *system.System) *Service {
	return &Service{db: db, sys: sys, said: sqldb.Keep(db, speak, "form_fields", "form_field_translations")}
}

const columns = `id, form, name, type, required, options, date_created, date_modified`

func (f *Field) scan(r *sqldb.Row) {
	*f = Field{ID: r.Int(0), Form: r.Text(1), Name: r.Text(2), Type: r.Text(3), Required: r.Flag(4), Options: parseOptions(r.Text(5)), DateCreated: r.Int(6), DateModified: r.Int(7)}
	f.normalize()
}

var (
	selectField   = sqldb.Static(`SELECT ` + columns + ` FROM form_fields WHERE store_id = $1 AND id = $2`)
	fieldByName   = sqldb.Static(`SELECT ` + columns + ` FROM form_fields WHERE store_id = $1 AND form = $2 AND name_norm = $3`)
	fieldsAfter   = sqldb.Static(`SELECT ` + columns + ` FROM form_fields WHERE store_id = $1 AND form = $2 AND id > $3 ORDER BY id`)
	allFields     = sqldb.Static(`SELECT ` + columns + ` FROM form_fields WHERE store_id = $1 ORDER BY id`)
	countFields   = sqldb.Static(`SELECT COUNT(*) FROM form_fields WHERE store_id = $1 AND id > $2`)
	insertField   = sqldb.Static(`INSERT INTO form_fields (store_id, id, form, name, name_norm, type, required, options, date_created, date_modified) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`)
	updateField   = sqldb.Static(`UPDATE form_fields SET name = $3, name_norm = $4, required = $5, options = $6, date_modified = $7 WHERE store_id = $1 AND id = $2`)
	updateBuiltIn = sqldb.Static(`UPDATE form_fields SET required = $3, options = $4, date_modified = $5 WHERE store_id = $1 AND id = $2`)
	deleteField   = sqldb.Static(`DELETE FROM form_fields WHERE store_id = $1 AND id = $2`)
	nextFieldID   = sqldb.Static(`UPDATE store_counters SET form_field_id = form_field_id + 1 WHERE store_id = $1 RETURNING form_field_id`)
)

// Query finds the fields of a form: the custom ones, which hold values, and
// where builtIn is true the built-in ones too.
func Query(name string, builtIn bool, into *Form) sqldb.Q {
	first := LastBuiltIn
	if builtIn {
		first = 0
	}
	return sqldb.Q{Stmt: fieldsAfter, Args: []any{name, first}, Each: func(r *sqldb.Row) error {
		*into = append(*into, Field{})
		(*into)[len(*into)-1].scan(r)
		return nil
	}}
}

// AllQuery finds the fields of all forms, by id.
func AllQuery(each func(*Field)) sqldb.Q {
	return sqldb.Q{Stmt: allFields, Each: func(r *sqldb.Row) error {
		f := &Field{}
		f.scan(r)
		each(f)
		return nil
	}}
}

// ByIDs finds the fields with given ids.
func ByIDs(ids []int64, each func(*Field)) sqldb.Q {
	in, args := sqldb.In(nil, ids)
	q := AllQuery(each)
	q.Stmt, q.Args = sqldb.Dynamic(`SELECT `+columns+` FROM form_fields WHERE store_id = $1 AND id IN `+in), args
	return q
}

// into returns a callback that keeps the last row.
func (f *Field) into() func(*sqldb.Row) error {
	return func(r *sqldb.Row) error { f.scan(r); return nil }
}

// Fields returns a page of definitions.
func (s *Service) Fields(ctx context.Context, storeID int64, q *listing.Query) ([]Field, *listing.Result, error) {
	var out []Field
	var res *listing.Result
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out = make([]Field, 0, min(q.Limit, 64))
		res, err = q.Run(tx, columns, func(r *sqldb.Row) error {
			out = append(out, Field{})
			out[len(out)-1].scan(r)
			return nil
		})
		if err != nil || len(out) == 0 {
			return err
		}
		return tx.Pipeline(translationsOf(out))
	})
	return out, res, err
}

// spoken are the fields of a store as they are called in a language.
type spoken struct {
	all   Form            // by id
	forms map[string]Form // in the order in which shoppers see them
}

// speak reads the fields of all forms, as they are called in a language; with
// an empty tag, as they are.
func speak(tx *sqldb.Tx, tag string) (out spoken, err error) {
	in := newSpeaker(tag)
	out = spoken{all: make(Form, 0, 40), forms: map[string]Form{}} // more than are built in
	if err := tx.Pipeline(append(in.query(), AllQuery(func(f *Field) { out.all = append(out.all, *f) }))...); err != nil {
		return out, err
	}
	for i := range out.all {
		f := &out.all[i]
		in.say(f)
		out.forms[f.Form] = append(out.forms[f.Form], *f)
	}
	for _, fields := range out.forms {
		slices.SortStableFunc(fields, func(a, b Field) int { return cmp.Compare(a.Options.SortOrder, b.Options.SortOrder) })
	}
	return out, nil
}

// Form returns all fields of a form in the order in which shoppers see them, as
// they are called in a language; with an empty tag, as they are. They are
// shared: nobody changes them.
func (s *Service) Form(ctx context.Context, storeID int64, name, tag string) (Form, error) {
	said, err := s.said.Get(ctx, storeID, tag)
	return said.forms[name], err
}

// All returns the fields of all forms, by id, as Form does.
func (s *Service) All(ctx context.Context, storeID int64, tag string) (Form, error) {
	said, err := s.said.Get(ctx, storeID, tag)
	return said.all, err
}

// Of returns those fields that are of a form.
func (f Form) Of(name string) Form {
	var out Form
	for _, field := range f {
		if field.Form == name {
			out = append(out, field)
		}
	}
	return out
}

var errNoField = fault.New(fault.NotFound, "there is no such form field")

// Field returns a definition, or a NotFound fault.
func (s *Service) Field(ctx context.Context, storeID, id int64) (*Field, error) {
	f := &Field{}
	err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := tx.Query(selectField, f.into(), id); err != nil {
			return err
		}
		return tx.Pipeline(f.translationsQuery())
	})
	if err == nil && f.ID == 0 {
		return nil, errNoField
	}
	return f, err
}

func fieldNameTaken() error {
	return fault.Broken(fault.Conflict, fault.Item{Field: FieldName, Code: fault.Duplicate, Why: WhyNameTaken})
}

// Create defines a custom field.
func (s *Service) Create(ctx context.Context, storeID int64, f Field) (*Field, error) {
	c := fault.Collector{}
	f.check(&c)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	var out Field
	err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out = f
		return createField(tx, &out, s.sys.Now())
	})
	return &out, err
}

// createField gives a checked definition its id and stores it.
func createField(tx *sqldb.Tx, f *Field, now int64) error {
	var taken Field
	var count int64
	f.ID = 0
	norm := fold.Text(f.Name)
	// The counters' lock keeps two requests from taking the same name.
	err := tx.Pipeline(
		sqldb.Q{Stmt: nextFieldID, Each: func(r *sqldb.Row) error { f.ID = r.Int(0); return nil }},
		sqldb.Q{Stmt: fieldByName, Args: []any{f.Form, norm}, Each: taken.into()},
		sqldb.Q{Stmt: countFields, Args: []any{LastBuiltIn}, Each: func(r *sqldb.Row) error { count = r.Int(0); return nil }},
	)
	switch {
	case err != nil:
		return err
	case taken.ID != 0:
		return fieldNameTaken()
	case count >= maxFields:
		return fault.Broken(fault.Invalid, fault.Item{Code: fault.TooManyItems, Why: WhyManyFields, Want: fmt.Sprint(maxFields)})
	}
	f.DateCreated, f.DateModified = now, now
	f.normalize()
	if err := history.Enter(tx, now, f.changeOf(nil, f)); err != nil {
		return err
	}
	if err := tx.Exec(insertField, f.ID, f.Form, f.Name, norm, f.Type, sqldb.Flag(f.Required), f.Options.json(), now); err != nil {
		return err
	}
	return f.storeTranslations(tx, nil)
}

// Update changes a definition. Of a built-in field the label, the
// place and, where nothing else depends on it, whether it is required may be
// changed.
func (s *Service) Update(ctx context.Context, storeID int64, u Update) (*Field, error) {
	var out *Field
	err := s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) (err error) {
		out, err = updateFormField(tx, &u, s.sys.Now())
		return err
	})
	return out, err
}

func updateFormField(tx *sqldb.Tx, u *Update, now int64) (*Field, error) {
	var old Field
	// A unique key may change, so the lock is that of a deletion.
	lock := sqldb.Dynamic(selectField.SQL() + tx.ForDelete())
	if err := tx.Query(lock, old.into(), u.ID); err != nil {
		return nil, err
	}
	if old.ID == 0 {
		return nil, errNoField
	}
	if err := tx.Pipeline(old.translationsQuery()); err != nil {
		return nil, err
	}
	if u.Version.Set && u.Version.Value != old.Version() {
		return nil, ErrStale
	}
	f := u.apply(old)
	c := fault.Collector{}
	if u.Form.Set && u.Form.Value != old.Form {
		c.Because(FieldForm, fault.NotAccepted, WhyFormStays, old.Form)
	}
	if u.Type.Set && TypeNamed(u.Type.Value) != old.Type {
		c.Because(FieldType, fault.NotAccepted, WhyTypeStays, old.Type)
	}
	f.check(&c)
	if f.BuiltIn() {
		f.checkBuiltIn(&c, &old)
	}
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	if f.same(&old) {
		return &old, nil
	}
	f.DateModified = now
	if f.BuiltIn() {
		if err := history.Enter(tx, now, f.changeOf(&old, &f)); err != nil {
			return nil, err
		}
		if err := f.storeTranslations(tx, old.Translations); err != nil {
			return nil, err
		}
		return &f, tx.Exec(updateBuiltIn, f.ID, sqldb.Flag(f.Required), f.Options.json(), now)
	}
	var taken Field
	norm := fold.Text(f.Name)
	if err := tx.Query(fieldByName, taken.into(), f.Form, norm); err != nil {
		return nil, err
	}
	if taken.ID != 0 && taken.ID != f.ID {
		return nil, fieldNameTaken()
	}
	if err := history.Enter(tx, now, f.changeOf(&old, &f)); err != nil {
		return nil, err
	}
	if err := f.storeTranslations(tx, old.Translations); err != nil {
		return nil, err
	}
	return &f, tx.Exec(updateField, f.ID, f.Name, norm, sqldb.Flag(f.Required), f.Options.json(), now)
}

// Order puts the fields of a form in an order: those that are named first, the
// others after them as they were.
func (s *Service) Order(ctx context.Context, storeID int64, form string, ids []int64) error {
	return s.db.WriteAgain(ctx, storeID, func(tx *sqldb.Tx) error {
		said, err := speak(tx, "")
		if err != nil {
			return err
		}
		place := map[int64]int{}
		for i, id := range ids {
			if _, twice := place[id]; !twice {
				place[id] = i
			}
		}
		fields := slices.Clone(said.forms[form])
		slices.SortStableFunc(fields, func(a, b Field) int {
			i, named := place[a.ID]
			j, other := place[b.ID]
			switch {
			case named && other:
				return cmp.Compare(i, j)
			case named:
				return -1
			case other:
				return 1
			}
			return 0
		})
		for i := range fields {
			if at := int64(i + 1); fields[i].Options.SortOrder != at {
				if _, err := updateFormField(tx, &Update{ID: fields[i].ID, SortOrder: opt.Some(at)}, s.sys.Now()); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Delete removes a custom definition and all values of the field.
func (s *Service) Delete(ctx context.Context, storeID, id int64) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		var f Field
		if err := tx.Query(sqldb.Dynamic(selectField.SQL()+tx.ForDelete()), f.into(), id); err != nil {
			return err
		}
		if f.ID == 0 {
			return errNoField
		}
		if f.BuiltIn() {
			return fault.Broken(fault.Invalid, fault.Item{Field: FieldID, Code: fault.NotAccepted, Why: WhyBuiltInStays})
		}
		if err := tx.Pipeline(f.translationsQuery()); err != nil {
			return err
		}
		if err := history.Enter(tx, s.sys.Now(), f.changeOf(&f, nil)); err != nil {
			return err
		}
		if err := tx.Exec(deleteField, id); err != nil {
			return err
		}
		if err := LoseValues(tx, s.sys.Now()); err != nil {
			return err
		}
		return rule.Renew(tx, "form_field", s.sys.Now())
	})
}

// Put creates a custom definition, or brings the one with that name
// in line with it, inside tx. Translations stay where the definition has none.
func Put(tx *sqldb.Tx, f Field, now int64) error {
	var old Field
	norm := fold.Text(f.Name)
	if err := tx.Query(fieldByName, old.into(), f.Form, norm); err != nil {
		return err
	}
	if old.ID == 0 {
		return createField(tx, &f, now)
	}
	if f.Type != old.Type {
		return fmt.Errorf("form field %q has type %s, and types never change", f.Name, old.Type)
	}
	f.ID = old.ID
	if err := tx.Pipeline(old.translationsQuery()); err != nil {
		return err
	}
	if f.Translations == nil {
		f.Translations = old.Translations.keep(f.Options.Choices)
	}
	f.Options.number(&old.Options)
	f.normalize()
	if f.same(&old) {
		return nil
	}
	if err := history.Enter(tx, now, f.changeOf(&old, &f)); err != nil {
		return err
	}
	if err := f.storeTranslations(tx, old.Translations); err != nil {
		return err
	}
	return tx.Exec(updateField, f.ID, f.Name, norm, sqldb.Flag(f.Required), f.Options.json(), now)
}

// CheckField returns what is wrong with a definition, or nil.
func CheckField(f Field) error {
	c := fault.Collector{}
	f.check(&c)
	return c.Err(fault.Invalid)
}
