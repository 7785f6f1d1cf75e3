package seed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"clientele/internal/staff"
	"clientele/internal/words"
)

// staff adds who works with the control panel, and gives those who are there the
// roles of the file. Their passwords are left alone.
func (a *Applier) staff(ctx context.Context, doc *Document) error {
	people := staff.NewService(staff.Config{DB: a.DB, System: a.System, Stores: a.Stores, Passwords: a.Passwords})
	for i := range doc.Staff {
		if err := a.person(ctx, people, &doc.Staff[i]); err != nil {
			return at(words.Terminal.Told(err), "staff.%d", i)
		}
	}
	return nil
}

func (a *Applier) person(ctx context.Context, people *staff.Service, p *Staff) error {
	if p.Email == "" || p.Role == "" {
		return errors.New("email and role are needed")
	}
	if a.Strict && utf8.RuneCountInString(p.Password) < minCredential {
		return fmt.Errorf("in production a password in a seed file has at least %d characters", minCredential)
	}
	in := staff.Create{Email: p.Email, Name: cmp.Or(p.Name, p.Email), Password: p.Password, Role: staff.Role(p.Role), Locale: p.Locale, Timezone: p.Timezone}
	var err error
	if in.Grants, err = staff.ParsePermissions(p.Grants); err != nil {
		return err
	}
	if p.Store != "" {
		st, err := a.Stores.ByHash(ctx, p.Store)
		if err != nil {
			return err
		}
		in.StoreID = st.ID
	}
	who, err := people.ByEmail(ctx, p.Email)
	switch {
	case errors.Is(err, staff.ErrNobody):
		_, err = people.Create(ctx, nil, in)
		return err
	case err != nil:
		return err
	}
	return people.SetMember(ctx, nil, staff.Member{StaffID: who.ID, StoreID: in.StoreID, Role: in.Role, Grants: in.Grants})
}
